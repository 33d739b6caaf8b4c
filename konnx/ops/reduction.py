"""Sums, means, extremes and the like along axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from konnx.config import floatx
from konnx.graph import Tensor, composite, constant, int64s, is_float, op, refine
from konnx.ops._convert import as_tensor, canonical_axes, canonical_axis, cast, scalar
from konnx.ops.elementwise import logical_not, multiply, sqrt, square, subtract, where
from konnx.ops.shape import arange, expand_dims, expand_like, slice_axes

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
    total = op("Squeeze", op("MatMul", ones, rows), int64s([0]))
    return composite(total, "SumToLastAxis", [x], {}) if x.ndim == 4 else total


def mean(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The mean over the given axes; of bool in `floatx()`, of whole numbers rounded towards 0."""
    tensor = as_tensor(x)
    if tensor.dtype == "bool":
        tensor = cast(tensor, floatx())
    if is_float(tensor.dtype):
        return _reduce("ReduceMean", tensor, axis, keepdims)
    total = sum(tensor, axis, keepdims)
    return op("Div", total, cast(op("Div", op("Size", tensor), op("Size", total)), total.dtype))


def max(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The largest element; equal ones share the gradient."""
    return _reduce("ReduceMax", x, axis, keepdims)


def min(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The smallest element; equal ones share the gradient."""
    return _reduce("ReduceMin", x, axis, keepdims)


def prod(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The product over the given axes; None means all."""
    return _reduce("ReduceProd", x, axis, keepdims)


def any(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Whether an element is true, or not 0, as bool; of none, false."""
    count = _reduce("ReduceSum", cast(cast(x, "bool"), "int32"), axis, keepdims)
    return cast(count, "bool")


def all(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Whether all elements are true, or not 0, as bool; of none, true."""
    return logical_not(any(logical_not(cast(x, "bool")), axis, keepdims))


def logsumexp(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """log(sum(exp(x))), without overflow."""
    tensor = as_tensor(x)
    if tensor.dtype == "float16":  # for which ONNX Runtime has no kernel, and a naive substitute
        return cast(logsumexp(cast(tensor, "float32"), axis, keepdims), "float16")
    return _reduce("ReduceLogSumExp", tensor, axis, keepdims)


def std(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The root of the variance; its gradient is 0 where the variance is."""
    return sqrt(var(x, axis, keepdims))


def var(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The variance of the population (divided by n); of whole numbers and bool, in `floatx()`."""
    tensor = as_tensor(x)
    if not is_float(tensor.dtype):
        tensor = cast(tensor, floatx())
    return mean(square(subtract(tensor, mean(tensor, axis, True))), axis, keepdims)


def argmax(x: Any, axis: int = -1) -> Tensor:
    """The index (int64) of the first largest element along an axis."""
    tensor = as_tensor(x)
    return op("ArgMax", tensor, axis=canonical_axis(axis, tensor.ndim), keepdims=0)


def argmin(x: Any, axis: int = -1) -> Tensor:
    """The index (int64) of the first smallest element along an axis."""
    tensor = as_tensor(x)
    return op("ArgMin", tensor, axis=canonical_axis(axis, tensor.ndim), keepdims=0)


def cumsum(x: Any, axis: int = 0) -> Tensor:
    """The sum of the elements up to each place along an axis."""
    tensor = as_tensor(x)
    return op("CumSum", tensor, constant(canonical_axis(axis, tensor.ndim), "int64"))


def cumprod(x: Any, axis: int = 0) -> Tensor:
    """The product of the elements up to each place along an axis.

    A logarithmic number of products of x with itself, shifted; where the size is only known to the
    run, a product over a triangle of its square.
    """
    tensor = as_tensor(x)
    axis = canonical_axis(axis, tensor.ndim)
    size = tensor.shape[axis]
    if size is None:
        return _cumprod_of_any_size(tensor, axis)
    shift = 1
    while shift < size:
        kept = slice_axes(tensor, [0], [size - shift], [axis])
        ones = expand_like(scalar(1, tensor), slice_axes(tensor, [0], [shift], [axis]))
        tensor = multiply(tensor, op("Concat", ones, kept, axis=axis))
        shift *= 2
    return tensor


def _cumprod_of_any_size(x: Tensor, axis: int) -> Tensor:
    places = arange(op("Squeeze", op("Shape", x, start=axis, end=axis + 1), int64s([0])))
    ends, starts = expand_dims(places, 1), expand_dims(places, 0)
    below = op("LessOrEqual", starts, ends)
    for _ in range(x.ndim - axis - 1):
        below = expand_dims(below, -1)
    factors = where(below, expand_dims(x, axis), scalar(1, x))
    return refine(prod(factors, axis + 1), x.dims or ())
