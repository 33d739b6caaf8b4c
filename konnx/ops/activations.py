"""Activations of later Keras versions than 2.1, in operators of opset 18."""

from __future__ import annotations

import math
from typing import Any

from konnx.graph import ShapeError, Tensor, int64s, op
from konnx.ops._convert import as_tensor, canonical_axis, cast, scalar
from konnx.ops.elementwise import abs, clip, greater, maximum, minimum, where
from konnx.ops.nn import sigmoid, softplus, tanh
from konnx.ops.reduction import cumsum
from konnx.ops.reduction import sum as reduce_sum
from konnx.ops.shape import arange, reshape, size_of


def erf(x: Any) -> Tensor:
    """The error function."""
    return op("Erf", as_tensor(x))


def gelu(x: Any, approximate: bool = False) -> Tensor:
    """x times the part of a normal distribution below x; approximated by tanh, if asked for."""
    tensor = as_tensor(x)
    if approximate:
        inner = tensor + 0.044715 * (tensor * tensor * tensor)
        return 0.5 * tensor * (1.0 + tanh(math.sqrt(2 / math.pi) * inner))
    return 0.5 * tensor * (1.0 + erf(tensor * math.sqrt(0.5)))


def silu(x: Any) -> Tensor:
    """x * sigmoid(x), also called swish."""
    tensor = as_tensor(x)
    return tensor * sigmoid(tensor)


def mish(x: Any) -> Tensor:
    """x * tanh(softplus(x))."""
    tensor = as_tensor(x)
    return tensor * tanh(softplus(tensor))


def relu6(x: Any) -> Tensor:
    """x, cut to lie between 0 and 6."""
    tensor = as_tensor(x)
    return minimum(op("Relu", tensor), scalar(6, tensor))


def hard_silu(x: Any) -> Tensor:
    """x * relu6(x + 3) / 6, also called hard swish."""
    tensor = as_tensor(x)
    return tensor * (relu6(tensor + 3.0) * (1 / 6))


def celu(x: Any, alpha: float = 1.0) -> Tensor:
    """x, or alpha * (exp(x / alpha) - 1) where x is negative; alpha is positive."""
    tensor = as_tensor(x)
    return op("Elu", tensor * (1 / alpha), alpha=1.0) * alpha


def glu(x: Any, axis: int = -1) -> Tensor:
    """The first half along an axis, times the sigmoid of the second.

    Raises:
        ShapeError: the size of the axis is unknown or odd.
    """
    tensor = as_tensor(x)
    size = tensor.shape[axis]
    if size is None or size % 2:
        raise ShapeError(f"`glu` takes an axis of known even size. Received: {x!r}, axis={axis}")
    halves = [int(size) // 2] * 2
    place = canonical_axis(axis, tensor.ndim)
    first, second = op("Split", tensor, int64s(halves), axis=place, outputs=2)
    return op("Mul", first, sigmoid(second))


def tanh_shrink(x: Any) -> Tensor:
    """x - tanh(x)."""
    tensor = as_tensor(x)
    return tensor - tanh(tensor)


def hard_shrink(x: Any, threshold: float = 0.5) -> Tensor:
    """x where |x| is above the threshold, else 0."""
    tensor = as_tensor(x)
    return tensor * cast(greater(abs(tensor), threshold), tensor.dtype)


def soft_shrink(x: Any, threshold: float = 0.5) -> Tensor:
    """x moved towards 0 by the threshold, 0 where that would pass it."""
    tensor = as_tensor(x)
    return tensor - clip(tensor, -threshold, threshold)


def threshold(x: Any, threshold: float, default_value: float) -> Tensor:
    """x where it is above the threshold, else the default value."""
    tensor = as_tensor(x)
    return where(greater(tensor, threshold), tensor, scalar(default_value, tensor))


def squareplus(x: Any, b: float = 4.0) -> Tensor:
    """(x + sqrt(x * x + b)) / 2."""
    tensor = as_tensor(x)
    return 0.5 * (tensor + op("Sqrt", tensor * tensor + b))


def sparse_plus(x: Any) -> Tensor:
    """0 below -1, (x + 1)^2 / 4 up to 1, x above."""
    tensor = as_tensor(x)
    inner = clip(tensor, -1.0, 1.0) + 1.0
    return 0.25 * (inner * inner) + op("Relu", tensor - 1.0)


def sparse_sigmoid(x: Any) -> Tensor:
    """(x + 1) / 2, cut to lie between 0 and 1."""
    return 0.5 * clip(as_tensor(x), -1.0, 1.0) + 0.5


def log_sigmoid(x: Any) -> Tensor:
    """log(1 / (1 + exp(-x)))."""
    return -softplus(-as_tensor(x))


def sparsemax(x: Any, axis: int = -1) -> Tensor:
    """max(x - t, 0) along an axis, as Keras 3 computes it.

    t is (sum of s_i - 1) / k over the k places i of the sorted x that count, where s_i is the sum
    of the i largest x. The paper sums these x themselves; results of Keras, and so of this, do not
    add up to 1.

    Source: Martins and Astudillo, From softmax to sparsemax, 2016 (arXiv 1602.02068).
    """
    tensor = as_tensor(x)
    place = canonical_axis(axis, tensor.ndim)
    size = size_of(tensor, place)
    count = int64s([size]) if isinstance(size, int) else reshape(size, [1])
    ordered, _ = op("TopK", tensor, count, axis=place, outputs=2)
    ranks = cast(arange(1, size + 1), tensor.dtype)
    ranks = reshape(ranks, [-1] + [1] * (tensor.ndim - place - 1))
    sums = cumsum(ordered, place)
    inside = cast(greater(ordered - (sums - 1.0) / ranks, 0.0), tensor.dtype)
    support = reduce_sum(inside, place, keepdims=True)
    excess = (reduce_sum(inside * sums, place, keepdims=True) - 1.0) / support
    return maximum(tensor - excess, scalar(0, tensor))
