"""Gradients of reductions, over all kinds of axes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from konnx import ops
from konnx.autodiff import gradients
from konnx.graph import constant, op, placeholder, refine
from konnx.testing import check_gradients, evaluate, normal, positive, spaced

pytestmark = pytest.mark.gradients

SHAPE = (3, 2, 4)


@pytest.mark.parametrize("dims", [None, ("batch", 2, 4), (None, None, None)], ids=str)
@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("axis", [None, 0, 1, -1, (0, 2), (-1, 1), (0, 1, 2)], ids=str)
@pytest.mark.parametrize("reduce", [ops.sum, ops.mean, ops.max, ops.min, ops.var])
def test_the_gradient_agrees_with_the_central_difference(
    reduce: Any, axis: Any, keepdims: bool, dims: Any
) -> None:
    check_gradients(lambda x: reduce(x, axis, keepdims), [spaced(SHAPE)], dims=[dims])


def test_gradients_of_a_sum_over_computed_axes_that_keeps_them() -> None:
    def summed(x: Any) -> Any:
        axes = op("Squeeze", op("NonZero", op("Shape", x)), constant([0], "int64"))
        return op("Reshape", op("ReduceSum", x, axes, keepdims=1), constant([1], "int64"))

    check_gradients(summed, [normal((3, 2))])


def test_a_sum_over_computed_axes_that_drops_them_has_no_gradient() -> None:
    x = placeholder((3, 2), name="x")
    axes = op("Squeeze", op("NonZero", op("Shape", x)), constant([0], "int64"))
    summed = op("Reshape", op("ReduceSum", x, axes, keepdims=0), constant([1], "int64"))
    with pytest.raises(ValueError, match="axes that are not constant"):
        gradients(ops.sum(summed), [x])


@pytest.mark.parametrize(("reduce", "expected"), [(ops.max, [0, 0.5, 0.5]), (ops.min, [1, 0, 0])])
def test_equal_extremes_share(reduce: Any, expected: list[float]) -> None:
    x = placeholder((3,), name="x")
    (gradient,) = gradients(reduce(x), [x])
    assert gradient is not None
    assert evaluate([gradient], {x: [1.0, 2.0, 2.0]})[0].tolist() == expected


# Of float64, onnxruntime-training 1.19.2 computes it as float32.
DTYPES = {"ReduceL2": "float32"}
ALL_REDUCTIONS = [
    "ReduceL1",
    "ReduceL2",
    "ReduceLogSum",
    "ReduceLogSumExp",
    "ReduceMax",
    "ReduceMean",
    "ReduceMin",
    "ReduceProd",
    "ReduceSum",
    "ReduceSumSquare",
]


@pytest.mark.parametrize("dims", [("batch", 2, 4), (None, None, None)], ids=str)
@pytest.mark.parametrize(
    ("axes", "attributes"),
    [
        ([1], {}),
        ([-1, 0], {"keepdims": 0}),
        (None, {"keepdims": 0}),
    ],
    ids=str,
)
@pytest.mark.parametrize("op_type", ALL_REDUCTIONS)
def test_every_reduction(op_type: str, axes: Any, attributes: Any, dims: Any) -> None:
    given = None if axes is None else constant(axes, "int64")
    check_gradients(
        lambda x: op(op_type, x, given, **attributes),
        [positive(SHAPE)],
        dims=[dims],
        dtype=DTYPES.get(op_type),
    )


@pytest.mark.parametrize(
    "op_type", ["ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd", "ReduceSum"]
)
def test_a_reduction_over_no_axes(op_type: str) -> None:
    none = constant([], "int64")
    check_gradients(lambda x: op(op_type, x, none, noop_with_empty_axes=1), [positive(SHAPE)])


@pytest.mark.parametrize("op_type", ALL_REDUCTIONS)
def test_reductions_over_axes_that_only_the_run_knows(op_type: str) -> None:
    check_gradients(
        lambda x, axes: refine(op(op_type, x, axes), [None] * 3),
        [positive(SHAPE), np.array([0, 2])],
        dtype=DTYPES.get(op_type),
    )


@pytest.mark.parametrize("zeros", [1, 2])
def test_a_product_with_zeros(zeros: int) -> None:
    x = np.array([[2.0, 3.0, 4.0], [0.0, 0.0 if zeros == 2 else 5.0, 7.0]])
    check_gradients(lambda x: ops.prod(x, 1), [x])


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("dims", [None, (None, None, None)], ids=["known", "open"])
def test_products_up_to_each_place(axis: int, dims: Any) -> None:
    x = normal((3, 2, 5))
    x[1, 0, 2] = 0.0
    check_gradients(lambda x: ops.cumprod(x, axis), [x], dims=[dims])


@pytest.mark.parametrize("exclusive", [0, 1])
@pytest.mark.parametrize("reverse", [0, 1])
def test_sums_up_to_each_place(exclusive: int, reverse: int) -> None:
    place = constant(-1, "int64")
    check_gradients(
        lambda x: op("CumSum", x, place, exclusive=exclusive, reverse=reverse), [normal(SHAPE)]
    )


@pytest.mark.parametrize("attributes", [{}, {"axis": 0, "largest": 0}], ids=str)
def test_the_largest_elements(attributes: Any) -> None:
    count = constant([2], "int64")
    check_gradients(lambda x: op("TopK", x, count, outputs=2, **attributes)[0], [spaced(SHAPE)])


def test_the_indices_of_the_largest_elements_have_no_gradient() -> None:
    x = placeholder((4,), name="x")
    _, indices = op("TopK", x, constant([2], "int64"), outputs=2)
    assert gradients(ops.sum(ops.cast(indices, "float32")), [x]) == [None]


def test_the_deviation_of_equal_elements_has_no_slope() -> None:
    x = placeholder((2, 2), name="x")
    (gradient,) = gradients(ops.sum(ops.std(x, 1)), [x])
    assert gradient is not None
    assert evaluate([gradient], {x: np.ones((2, 2))})[0].tolist() == [[0, 0], [0, 0]]
