"""Add, Multiply and Concatenate."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from konnx import ops
from konnx.graph import Tensor
from konnx.layers import Add, Concatenate, Input, Layer, Multiply, add, concatenate, multiply
from konnx.layers.merge import _Merge
from konnx.testing import evaluate
from konnx.testing.layers import check_layer


@pytest.mark.gradients
@pytest.mark.parametrize("layer_class", [Add, Multiply])
@pytest.mark.parametrize(
    "shapes",
    [
        [(2, 3), (2, 3)],
        [(2, 4, 3), (2, 1, 3)],
        [(2, 1, 3), (2, 4, 1)],
        [(2, 4, 3), (2, 3)],
        [(2, 3), (2, 4, 5, 3), (2, 5, 1)],
    ],
)
def test_the_elementwise_layer_keeps_its_promises(
    layer_class: type[Layer], shapes: list[tuple[int, ...]]
) -> None:
    check_layer(layer_class, {}, shapes)


@pytest.mark.gradients
@pytest.mark.parametrize(
    ("arguments", "shapes"),
    [
        ({}, [(2, 3), (2, 4)]),
        ({"axis": 1}, [(2, 3, 5), (2, 1, 5), (2, 2, 5)]),
        ({"axis": -2}, [(2, 3, 5), (2, 1, 5)]),
    ],
)
def test_concatenate_keeps_its_promises(
    arguments: dict[str, Any], shapes: list[tuple[int, ...]]
) -> None:
    check_layer(Concatenate, arguments, shapes)


def merged(function: Any, *values: np.ndarray, **arguments: Any) -> np.ndarray:
    """Return what a merging function makes of arrays."""
    inputs = [Input(value.shape[1:]) for value in values]
    feeds = dict(zip(inputs, values, strict=True))
    return evaluate([function(inputs, **arguments)], feeds)[0]


def test_the_functions_do_what_numpy_does() -> None:
    random = np.random.default_rng(0)
    a, b, c = (random.normal(size=(2, 4, 3)).astype("float32") for _ in range(3))
    np.testing.assert_allclose(merged(add, a, b, c), a + b + c, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(merged(multiply, a, b, c), a * b * c, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(
        merged(concatenate, a, b[:, :2], axis=1), np.concatenate([a, b[:, :2]], 1)
    )


def test_an_input_of_lower_rank_gets_axes_after_the_batch() -> None:
    a = np.arange(24, dtype="float32").reshape(2, 4, 3)
    b = np.arange(6, dtype="float32").reshape(2, 3)
    np.testing.assert_array_equal(merged(add, a, b), a + b[:, None])


@pytest.mark.parametrize(
    ("layer", "shapes", "expected"),
    [
        (Add(), [(None, 4, 3), (None, 1, 3)], (None, 4, 3)),
        (Add(), [(None, None, 3), (None, 4, 3)], (None, 4, 3)),
        (Add(), [(None, None, 3), (None, 1, 3)], (None, None, 3)),
        (Add(), [(8, 3), (None, 3)], (8, 3)),
        (Multiply(), [(None, 3), (None, 4, 3)], (None, 4, 3)),
        (Concatenate(), [(None, 4, 3), (None, 4, 2)], (None, 4, 5)),
        (Concatenate(1), [(None, None, 3), (None, 4, 3)], (None, None, 3)),
        (Concatenate(), [(None, None, 3), (8, 4, 3)], (8, 4, 6)),
    ],
)
def test_the_output_shape_joins_what_is_known(
    layer: Layer, shapes: list[Any], expected: tuple[int | None, ...]
) -> None:
    assert layer.compute_output_shape(shapes) == expected


class WithMask(Layer):
    """Hides elements that are not positive: over all axes but the last of three."""

    supports_masking = True

    def compute_mask(self, inputs: Tensor, mask: Any = None) -> Tensor:
        return ops.greater(ops.max(inputs, -1), 0.0)


def test_elementwise_layers_show_what_every_mask_shows() -> None:
    x, y, z = Input((2, 1)), Input((2, 1)), Input((2, 1))
    output = Add()([WithMask()(x), WithMask()(y), z])
    values = {x: [[[1], [1]]], y: [[[1], [-1]]], z: [[[-1], [-1]]]}
    assert output._keras_mask is not None
    mask = evaluate([output._keras_mask], {k: np.array(v) for k, v in values.items()})[0]
    assert mask.tolist() == [[True, False]]


def test_without_masks_the_result_has_none() -> None:
    x, y = Input((2, 1)), Input((2, 1))
    assert add([x, y])._keras_mask is None
    assert concatenate([x, y])._keras_mask is None


@pytest.mark.parametrize(
    ("axis", "expected"), [(1, [[True, False, True, True]]), (-1, [[True, False]])]
)
def test_concatenate_joins_masks_along_their_axis_and_else_meets_them(
    axis: int, expected: list[list[bool]]
) -> None:
    x, y = Input((2, 1)), Input((2, 1))
    output = Concatenate(axis)([WithMask()(x), y])
    assert output._keras_mask is not None
    feeds = {x: np.array([[[1], [-1]]]), y: np.array([[[-1], [-1]]])}
    shown = {key: feeds[key] for key in ((x, y) if axis == 1 else (x,))}
    assert evaluate([output._keras_mask], shown)[0].tolist() == expected


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: Add(name="sum")(Input((3,))),
            "`Add` 'sum' takes a list of two or more tensors. Received: input shapes (None, 3)",
        ),
        (
            lambda: Multiply(name="m")([Input((3,))]),
            "`Multiply` 'm' takes a list of two or more tensors.",
        ),
        (
            lambda: Add(name="sum")([Input((4, 3)), Input((2, 3))]),
            (
                "`Add` 'sum' takes tensors whose shapes broadcast. "
                "Received: input shapes [(None, 4, 3), (None, 2, 3)]"
            ),
        ),
        (
            lambda: Add(name="sum")([Input(batch_shape=(2, 3)), Input(batch_shape=(4, 3))]),
            "`Add` 'sum' takes tensors of one batch size. Received: input shapes [(2, 3), (4, 3)]",
        ),
        (
            lambda: Concatenate(name="c")([Input((4, 3)), Input((2, 3))]),
            (
                "`Concatenate` 'c' takes tensors whose shapes differ on axis -1 only. "
                "Received: input shapes [(None, 4, 3), (None, 2, 3)]"
            ),
        ),
        (
            lambda: Concatenate(2, name="c")([Input((4,)), Input((4,))]),
            (
                "`Concatenate` 'c' takes tensors of one rank that have axis 2. "
                "Received: input shapes [(None, 4), (None, 4)]"
            ),
        ),
        (
            lambda: Concatenate(name="c")([Input((4,)), Input((4, 2))]),
            "`Concatenate` 'c' takes tensors of one rank that have axis -1.",
        ),
    ],
)
def test_inputs_that_do_not_fit_are_named_with_the_layer(make: Any, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        make()
    assert message in str(caught.value)


def test_a_shared_merge_layer_checks_every_call() -> None:
    layer = Add(name="shared")
    layer([Input((3,)), Input((3,))])
    with pytest.raises(ValueError, match="'shared' takes tensors whose shapes broadcast"):
        layer([Input((3,)), Input((2,))])


class Between(_Merge):
    def _merge_function(self, inputs: Any) -> Tensor:
        return 0.25 * inputs[0] + 0.75 * inputs[1]


def test_users_may_extend_the_base_of_keras_2_1() -> None:
    check_layer(Between, {}, [(2, 4, 3), (2, 3)])
    with pytest.raises(TypeError, match="does not define `_merge_function`"):
        _Merge()([Input((2,)), Input((2,))])
