"""Dot, the other merging layers of two or more, and their functions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from konnx.layers import (
    Average,
    Dot,
    GlobalAveragePooling1D,
    Input,
    Layer,
    Masking,
    Maximum,
    Minimum,
    Subtract,
    average,
    dot,
    maximum,
    minimum,
    subtract,
)
from konnx.testing import evaluate

RANDOM = np.random.default_rng(0)
A, B, C = (RANDOM.normal(size=(2, 4, 3)).astype("float32") for _ in range(3))


def merged(function: Any, *values: np.ndarray, **arguments: Any) -> np.ndarray:
    """Return what a merging function makes of arrays."""
    inputs = [Input(value.shape[1:]) for value in values]
    feeds = dict(zip(inputs, values, strict=True))
    return evaluate([function(inputs, **arguments)], feeds)[0]


def test_the_functions_do_what_numpy_does() -> None:
    np.testing.assert_allclose(merged(subtract, A, B), A - B, rtol=1e-6)
    np.testing.assert_allclose(merged(average, A, B, C), (A + B + C) / 3, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(merged(maximum, A, B, C), np.maximum(np.maximum(A, B), C))
    np.testing.assert_array_equal(merged(minimum, A, B, C), np.minimum(np.minimum(A, B), C))


@pytest.mark.parametrize(
    ("axes", "subscripts"), [(2, "bij,bkj->bik"), (1, "bij,bik->bjk"), (-1, "bij,bkj->bik")]
)
def test_dot_sums_over_its_axes(axes: int, subscripts: str) -> None:
    expected = np.einsum(subscripts, A, B)
    np.testing.assert_allclose(merged(dot, A, B, axes=axes), expected, rtol=1e-4, atol=1e-5)


def test_a_normalized_dot_of_a_vector_with_itself_is_one() -> None:
    result = merged(dot, A[:, 0], A[:, 0], axes=1, normalize=True)
    np.testing.assert_allclose(result, [[1], [1]], rtol=1e-5)


@pytest.mark.no_runtime
@pytest.mark.parametrize(
    ("axes", "shapes", "expected"),
    [
        (1, [(None, 4), (None, 4)], (None, 1)),
        ((2, 1), [(None, 3, 4), (None, 4, 5)], (None, 3, 5)),
        ((1, 1), [(None, 3, 4), (None, 3)], (None, 4)),
        ((-1, -2), [(8, None, 4), (8, 4, 5)], (8, None, 5)),
        ((1, 2), [(None, None, 4), (None, 5, 3)], (None, 4, 5)),
    ],
)
def test_the_shape_of_a_dot_is_what_is_left(axes: Any, shapes: Any, expected: Any) -> None:
    assert Dot(axes).compute_output_shape(shapes) == expected


LAYERS: list[Layer] = [Subtract(), Average(), Maximum(), Minimum()]


@pytest.mark.parametrize("layer", LAYERS, ids=[type(layer).__name__ for layer in LAYERS])
def test_a_step_shows_only_where_every_mask_shows_it(layer: Layer) -> None:
    x, y = Input((3, 2)), Input((3, 2))
    output = layer([Masking()(x), Masking()(y)])
    value = np.ones((1, 3, 2), "float32")
    first, second = value.copy(), value.copy()
    first[0, 0] = second[0, 2] = 0
    (mask,) = evaluate([output._keras_mask], {x: first, y: second})  # type: ignore[list-item]
    np.testing.assert_array_equal(mask, [[False, True, False]])


def test_masks_end_at_a_dot() -> None:
    masked = Masking()(Input((3, 2)))
    assert Dot(2)([masked, masked])._keras_mask is None


def test_the_mean_over_time_leaves_out_masked_steps() -> None:
    x = Input((3, 2))
    output = GlobalAveragePooling1D()(Masking()(x))
    value = np.array([[[1, 2], [0, 0], [5, 6]]], "float32")
    np.testing.assert_allclose(evaluate([output], {x: value})[0], [[3, 4]])
    assert output._keras_mask is None


@pytest.mark.no_runtime
@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: Subtract(name="m")([Input((3,))] * 3),
            "`Subtract` 'm' takes two tensors. Received: input shapes",
        ),
        (
            lambda: Dot(1, name="m")([Input((3,)), Input((4,))]),
            (
                "`Dot` 'm' sums over axes of one size, 1 and 1. "
                "Received: input shapes [(None, 3), (None, 4)]"
            ),
        ),
        (
            lambda: Dot(0, name="m")([Input((3,)), Input((3,))]),
            "`Dot` 'm': `axes` must be axes of ((None, 3), (None, 3)) other than the batch.",
        ),
        (
            lambda: Dot((1, 2, 3), name="m"),
            "`Dot` 'm': `axes` must be a whole number or two of them. Received: axes=(1, 2, 3)",
        ),
        (lambda: Dot("a", name="m"), "`Dot` 'm': `axes` must be a whole number"),  # type: ignore[arg-type]
        (
            lambda: Average(name="m")([Input((3,)), Input((4,))]),
            "`Average` 'm' takes tensors whose shapes broadcast.",
        ),
    ],
)
def test_inputs_that_do_not_fit_are_named_with_the_layer(make: Any, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        make()
    assert message in str(caught.value)
