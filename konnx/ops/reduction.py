"""Sums, means, extremes and the like along axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from konnx.graph import Tensor, int64s, op
from konnx.ops._convert import as_tensor, canonical_axes, canonical_axis, cast, scalar
from konnx.ops.elementwise import square, subtract

Axis = int | Sequence[int] | None


def _reduce(op_type: str, x: Any, axis: Axis, keepdims: bool) -> Tensor:
    tensor = as_tensor(x)
    axes = canonical_axes(axis, tensor.ndim)
    if not axes:
        return tensor
    return op(op_type, tensor, int64s(axes), keepdims=int(keepdims))


def sum(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The sum over the given axes; None means all."""
    return _reduce("ReduceSum", x, axis, keepdims)


def sum_to_last_axis(x: Tensor) -> Tensor:
    """The sum over all axes but the last, as a product with ones.

    Sums down columns are slow in ONNX Runtime; its matrix products are five times as fast.
    """
    size = x.shape[-1]
    if x.ndim < 2 or size is None or x.dtype not in ("float32", "float64"):
        return sum(x, list(range(x.ndim - 1)))
    rows = x if x.ndim == 2 else op("Reshape", x, int64s([-1, size]))
    count = op("Concat", int64s([1]), op("Shape", rows, start=0, end=1), axis=0)
    ones = op("Expand", scalar(1, x), count)
    return op("Squeeze", op("MatMul", ones, rows), int64s([0]))


def mean(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The mean over the given axes; of bool, as float32."""
    tensor = as_tensor(x)
    if tensor.dtype == "bool":
        tensor = cast(tensor, "float32")
    return _reduce("ReduceMean", tensor, axis, keepdims)


def max(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The largest element; equal ones share the gradient."""
    return _reduce("ReduceMax", x, axis, keepdims)


def min(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The smallest element; equal ones share the gradient."""
    return _reduce("ReduceMin", x, axis, keepdims)


def var(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The variance of the population (divided by n)."""
    tensor = as_tensor(x)
    return mean(square(subtract(tensor, mean(tensor, axis, True))), axis, keepdims)


def argmax(x: Any, axis: int = -1) -> Tensor:
    """The index (int64) of the first largest element along an axis."""
    tensor = as_tensor(x)
    return op("ArgMax", tensor, axis=canonical_axis(axis, tensor.ndim), keepdims=0)
