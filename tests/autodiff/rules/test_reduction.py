"""Gradients of reductions, over all kinds of axes."""

from __future__ import annotations

from typing import Any

import pytest

from konnx import ops
from konnx.autodiff import gradients
from konnx.graph import constant, op, placeholder
from konnx.testing import check_gradients, evaluate, normal, spaced

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
