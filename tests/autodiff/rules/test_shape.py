"""Gradients of what moves elements: slices, pads, joins, copies and shapes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from konnx import ops
from konnx.autodiff import gradients
from konnx.graph import Tensor, constant, op, placeholder
from konnx.testing import check_gradients, evaluate, normal

pytestmark = pytest.mark.gradients

Function = Callable[..., Any]

SHAPE = (3, 5, 4)
KNOWN_AND_OPEN = [None, ("batch", 5, 4), (None, None, None), ("batch", "time", 4)]


def check_all(function: Function, shape: tuple[int, ...], dims: list[Any]) -> None:
    for known in dims:
        check_gradients(function, [normal(shape)], dims=[known])


@pytest.mark.parametrize(
    "index",
    [
        0,
        -1,
        (slice(None), 2),
        (slice(1, 3), -2),
        (slice(None), slice(1, 4), slice(None, 2)),
        (slice(None), slice(None, None, 2)),
        (slice(None), slice(1, None, 3), 0),
        (slice(None), slice(-4, -1, 2)),
        (slice(None), slice(None, None, -1)),
        (slice(None), slice(None, None, -2)),
        (slice(None), slice(3, 0, -2)),
        (slice(None), slice(-2, None, -3), slice(None, None, -1)),
        (slice(None), slice(-100, 100)),
        (slice(None), slice(100, -100, -2)),
        (slice(None), slice(2, 3)),
        (..., None, slice(None, 1)),
        (None, ..., 3),
    ],
    ids=str,
)
def test_gradients_of_slices(index: Any) -> None:
    check_all(lambda x: x[index], SHAPE, KNOWN_AND_OPEN)


def test_the_gradient_of_an_empty_slice_is_zero() -> None:
    check_all(lambda x: ops.concatenate([x[:, 3:3], x], axis=1), SHAPE, [None, ("batch", None, 4)])


@pytest.mark.parametrize(
    "pads",
    [
        [(0, 0), (1, 2), (0, 0)],
        [(0, 0), (-1, 0), (0, -2)],
        [(1, -1), (2, -1), (-1, 3)],
    ],
    ids=str,
)
def test_gradients_of_padding_and_cropping(pads: Any) -> None:
    check_all(lambda x: ops.pad(x, pads, 3.0), SHAPE, KNOWN_AND_OPEN)


def test_gradients_of_padding_by_computed_amounts() -> None:
    def padded(x: Tensor) -> Tensor:
        size = op("Shape", x, start=1, end=2)
        return ops.pad_axes(x, size - constant([4], "int64"), -constant([2], "int64"), 1)

    check_all(padded, SHAPE, KNOWN_AND_OPEN)


@pytest.mark.parametrize("mode", ["reflect", "edge"])
@pytest.mark.parametrize(
    ("pads", "axes"), [([0, 1, 2, 0, 3, 0], None), ([2, 0, 1, 1], [-1, 1]), ([2, -2], [1])], ids=str
)
def test_padding_with_elements(mode: str, pads: Any, axes: Any) -> None:
    amounts = constant(pads, "int64")
    of_axes = None if axes is None else constant(axes, "int64")
    check_all(lambda x: op("Pad", x, amounts, None, of_axes, mode=mode), SHAPE, KNOWN_AND_OPEN)


def test_padding_by_amounts_that_only_the_run_knows() -> None:
    check_gradients(
        lambda x, pads: op("Pad", x, pads, mode="reflect"), [normal((3, 4)), np.array([1, 0, 0, 2])]
    )


@pytest.mark.parametrize(
    ("starts", "ends", "steps"),
    [
        ([1], [3], None),
        ([-2], [2**40], [1]),
        ([9], [0], [-2]),
        ([4], [-5], [-1]),
        ([-9], [1], None),
    ],
    ids=str,
)
def test_slices_whose_bounds_only_the_run_knows(starts: Any, ends: Any, steps: Any) -> None:
    check_gradients(
        lambda x, *bounds: op("Slice", x, *bounds[:2], constant([1], "int64"), *bounds[2:]),
        [normal(SHAPE), *[np.array(part) for part in (starts, ends, steps) if part is not None]],
        dims=[("batch", None, 4), *[None] * (3 if steps else 2)],
    )


def test_slices_up_to_a_size_of_another_tensor() -> None:
    check_gradients(
        lambda x, y: x[:, ops.size_of(y, 0) :] * 2.0,
        [normal((3, 4)), normal((2,))],
        wrt=[0],
        dims=[None, (None,)],
    )


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize(
    "dims",
    [
        None,
        [("batch", 5, 4), ("batch", 5, 4)],
        [(None, None, 4), ("n", 5, None)],
    ],
    ids=["known", "batch", "open"],
)
def test_gradients_of_concatenation(axis: int, dims: Any) -> None:
    second = list(SHAPE)
    second[axis] += 2
    if dims and dims[1][axis] is not None:
        dims = [dims[0], tuple(None if i == axis % 3 else d for i, d in enumerate(dims[1]))]
    check_gradients(
        lambda x, y: ops.concatenate([x, y, x], axis), [normal(SHAPE), normal(second, 1)], dims=dims
    )


def test_gradients_of_a_concatenation_of_one() -> None:
    check_all(lambda x: ops.concatenate([x]), SHAPE, KNOWN_AND_OPEN)


@pytest.mark.parametrize("used", [[0], [1], [2, 0], [0, 1, 2]], ids=str)
def test_parts_of_a_split_that_nothing_uses_get_zeros(used: list[int]) -> None:
    def parts(x: Tensor) -> list[Tensor]:
        split = op("Split", x, constant([1, 3, 1], "int64"), axis=1, outputs=3)
        return [split[number] for number in used]

    check_all(parts, SHAPE, [None, ("batch", 5, 4)])


def test_an_infinite_part_that_nothing_uses_leaves_the_gradient_finite() -> None:
    x = placeholder((2,), name="x")
    first = op("Split", x, constant([1, 1], "int64"), axis=0, outputs=2)[0]
    (gradient,) = gradients(ops.sum(first), [x])
    assert gradient is not None
    assert evaluate([gradient], {x: [1.0, np.inf]})[0].tolist() == [1, 0]


@pytest.mark.parametrize(
    ("repeats", "dims"),
    [
        ((2, 1, 3), [None, ("batch", 5, 4), (3, None, 4)]),
        ((1, 1, 1), [None, ("batch", 5, 4)]),
    ],
)
def test_gradients_of_tiling(repeats: Any, dims: Any) -> None:
    check_all(lambda x: ops.tile(x, repeats), SHAPE, dims)


def test_tiling_with_open_sizes() -> None:
    check_all(lambda x: ops.tile(x, (2, 1, 3)), SHAPE, KNOWN_AND_OPEN)


def test_tiling_as_often_as_only_the_run_knows() -> None:
    check_gradients(lambda x, n: op("Tile", x, n), [normal((3, 4)), np.array([2, 3])])


def test_repeating_elements_of_an_open_axis() -> None:
    check_all(lambda x: ops.repeat_elements(x, 3, 1), SHAPE, KNOWN_AND_OPEN)


@pytest.mark.parametrize("mode", ["DCR", "CRD"])
@pytest.mark.parametrize("dims", [None, (None, None, None, None)], ids=["known", "open"])
def test_depth_to_space(mode: str, dims: Any) -> None:
    check_gradients(
        lambda x: op("DepthToSpace", x, blocksize=2, mode=mode), [normal((2, 8, 2, 3))], dims=[dims]
    )


@pytest.mark.parametrize("dims", [None, (None, None, None, None)], ids=["known", "open"])
def test_space_to_depth(dims: Any) -> None:
    check_gradients(
        lambda x: op("SpaceToDepth", x, blocksize=2), [normal((2, 3, 4, 2))], dims=[dims]
    )


@pytest.mark.parametrize("attributes", [{}, {"axis": 1}], ids=str)
def test_splits_by_default(attributes: dict[str, int]) -> None:
    check_gradients(
        lambda x: op("Split", x, num_outputs=2, outputs=2, **attributes), [normal((4, 4))]
    )


def test_a_transpose_by_default_reverses_the_axes() -> None:
    check_gradients(lambda x: op("Transpose", x), [normal((2, 3, 4))])


def test_gradients_of_repetition() -> None:
    check_all(lambda x: ops.repeat(x, 3), (3, 4), [None, ("batch", 4)])


@pytest.mark.parametrize(
    "function",
    [
        lambda x: ops.reshape(x, [-1, 2]),
        lambda x: ops.reshape(x, [3, None, 2]),
        lambda x: ops.reshape(x, op("Shape", x)),
        lambda x: ops.reshape(ops.sum(x), ()),
        lambda x: ops.flatten_from(x),
        lambda x: ops.flatten_from(x, 2),
        lambda x: ops.expand_dims(ops.expand_dims(x, 0), -1),
        lambda x: ops.squeeze(ops.expand_dims(x, 2), 2),
        lambda x: ops.transpose(x),
        lambda x: ops.transpose(x, (1, 2, 0)),
        lambda x: ops.reshape_like(x, ops.transpose(x)),
    ],
)
def test_gradients_of_other_shapes(function: Function) -> None:
    check_all(function, SHAPE, KNOWN_AND_OPEN)


@pytest.mark.parametrize(
    ("sizes", "shape", "dims"),
    [
        ([2, 3, 4], (3, 1), [None, (None, 1), (3, None), (None, None)]),
        ([5], (1,), [None, (None,)]),
        ([2, 2], (), [None]),
    ],
)
def test_gradients_of_expansion(sizes: Any, shape: Any, dims: Any) -> None:
    check_all(lambda x: ops.expand(x, sizes), shape, dims)


def test_gradients_of_expansion_to_the_shape_of_another() -> None:
    check_gradients(
        lambda x, y: ops.expand_like(x, y) * y,
        [normal((4,)), normal(SHAPE, 1)],
        dims=[None, ("batch", None, 4)],
    )
