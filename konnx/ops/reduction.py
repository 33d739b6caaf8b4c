"""Sums, means, extremes and the like along axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from konnx.graph import Tensor, op
from konnx.ops._convert import as_tensor, canonical_axes, canonical_axis, cast, int64s
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
