"""Activations, normalization and other parts of neural networks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from konnx.graph import ShapeError, Tensor, int64s, op, refine
from konnx.ops._convert import as_tensor, canonical_axes, canonical_axis, cast, scalar
from konnx.ops.elementwise import (
    add,
    clip,
    divide,
    greater,
    less,
    logical_and,
    minimum,
    multiply,
    square,
    subtract,
)
from konnx.ops.indexing import gather_elements
from konnx.ops.random import keep_mask
from konnx.ops.reduction import Axis
from konnx.ops.reduction import mean as reduce_mean
from konnx.ops.reduction import sum as reduce_sum
from konnx.ops.shape import expand, expand_dims, reshape, squeeze


def relu(x: Any, alpha: float = 0.0, max_value: float | None = None) -> Tensor:
    """max(x, 0), or alpha * x for negative x, cut at `max_value`."""
    tensor = as_tensor(x)
    rectified = op("LeakyRelu", tensor, alpha=float(alpha)) if alpha else op("Relu", tensor)
    return rectified if max_value is None else minimum(rectified, scalar(max_value, tensor))


def elu(x: Any, alpha: float = 1.0) -> Tensor:
    """x, or alpha * (exp(x) - 1) for negative x."""
    return op("Elu", as_tensor(x), alpha=float(alpha))


def selu(x: Any) -> Tensor:
    """The self-normalizing ELU of Klambauer et al., 2017 (arXiv 1706.02515)."""
    return op("Selu", as_tensor(x), alpha=1.6732632423543772, gamma=1.0507009873554805)


def softplus(x: Any) -> Tensor:
    """log(exp(x) + 1); of float16 in float32, as ONNX Runtime's own overflows above 88."""
    tensor = as_tensor(x)
    if tensor.dtype == "float16":
        return cast(op("Softplus", cast(tensor, "float32")), "float16")
    return op("Softplus", tensor)


def softsign(x: Any) -> Tensor:
    """x / (|x| + 1)."""
    return op("Softsign", as_tensor(x))


def sigmoid(x: Any) -> Tensor:
    """1 / (1 + exp(-x))."""
    return op("Sigmoid", as_tensor(x))


def hard_sigmoid(x: Any) -> Tensor:
    """0.2 * x + 0.5, cut to lie between 0 and 1: Keras' cheap sigmoid."""
    return op("HardSigmoid", as_tensor(x), alpha=0.2, beta=0.5)


def tanh(x: Any) -> Tensor:
    """The hyperbolic tangent."""
    return op("Tanh", as_tensor(x))


def softmax(x: Any, axis: int = -1) -> Tensor:
    """exp(x) divided by its sum along an axis."""
    tensor = as_tensor(x)
    return op("Softmax", tensor, axis=canonical_axis(axis, tensor.ndim))


def log_softmax(x: Any, axis: int = -1) -> Tensor:
    """The logarithm of the softmax, exact where the softmax itself would round to 0."""
    tensor = as_tensor(x)
    return op("LogSoftmax", tensor, axis=canonical_axis(axis, tensor.ndim))


def dropout(
    x: Any,
    rate: float,
    noise_shape: Sequence[int | None] | None = None,
    seed: int | None = None,
) -> Tensor:
    """Zero with probability `rate`, else x / (1 - rate).

    Args:
        x: a float tensor.
        rate: at least 0, below 1.
        noise_shape: sizes of the random mask, which broadcasts to x; None, for one axis or for
            all: as x.
        seed: makes the numbers the same in every graph; they still differ from run to run.
    """
    tensor = as_tensor(x)
    if not 0 <= rate < 1:
        raise ValueError(f"`rate` must be at least 0 and less than 1. Received: rate={rate}")
    if rate == 0:
        return tensor
    like = tensor if noise_shape is None else _noise_like(tensor, noise_shape)
    dropped = multiply(tensor, multiply(keep_mask(like, rate, seed), 1 / (1 - rate)))
    return dropped if tensor.dims is None else refine(dropped, tensor.dims)


def _noise_like(x: Tensor, noise_shape: Sequence[int | None]) -> Tensor:
    """A tensor in the shape of a mask."""
    if len(noise_shape) != x.ndim:
        raise ShapeError(
            f"`noise_shape` must have as many sizes as x has axes. Received: noise_shape="
            f"{tuple(noise_shape)}, {x!r}"
        )
    sizes = [
        op("Shape", x, start=axis, end=axis + 1) if size is None else int64s([size])
        for axis, size in enumerate(noise_shape)
    ]
    return expand(scalar(0, x), op("Concat", *sizes, axis=0))


def in_top_k(predictions: Any, targets: Any, k: int) -> Tensor:
    """Tell for each row whether fewer than k scores are larger than that of the target.

    Args:
        predictions: scores, (batch, classes).
        targets: class numbers, (batch,). One that is no class is never in the top k.
        k: how many count.
    """
    scores = as_tensor(predictions)
    numbers = expand_dims(cast(targets, "int64"), -1)
    count = op("Shape", scores, start=-1)
    last = subtract(count, int64s([1]))
    chosen = gather_elements(scores, op("Clip", numbers, scalar(0, numbers), squeeze(last, 0)))
    larger = reduce_sum(cast(greater(scores, chosen), "int64"), -1, keepdims=True)
    is_class = logical_and(greater(numbers, int64s([-1])), less(numbers, count))
    finite = logical_and(less(chosen, float("inf")), greater(chosen, float("-inf")))
    inside = logical_and(less(larger, int64s([k])), logical_and(is_class, finite))
    return squeeze(inside, -1)


def bias_add(x: Tensor, bias: Tensor, data_format: str = "channels_last") -> Tensor:
    """Add a bias to each sample.

    Args:
        x: (batch, ..., channels), or (batch, channels, ...).
        bias: one number a channel; or one for each element of a sample, (..., channels) whatever
            the data format: where channels come first, its elements are read, as in Keras, in
            their order as (channels, ...).
        data_format: where the channels of x are.

    Raises:
        ShapeError: the bias has another number of axes.
    """
    axes = bias.ndim
    if axes not in (1, x.ndim - 1):
        raise ShapeError(
            f"A bias must have 1 axis or {x.ndim - 1}, one less than x. Received: {bias!r}, {x!r}"
        )
    if data_format == "channels_last" or x.ndim == 2:
        return add(x, bias)
    *others, channels = [-1 if size is None else size for size in bias.shape]
    sizes = [1] * (x.ndim - 2) if axes == 1 else others
    return add(x, reshape(bias, [channels, *sizes]))


def l2_normalize(x: Any, axis: Axis = None, epsilon: float = 1e-12) -> Tensor:
    """x divided by its Euclidean norm along axes."""
    tensor = as_tensor(x)
    square_sum = reduce_sum(multiply(tensor, tensor), axis, keepdims=True)
    return divide(tensor, op("Sqrt", clip(square_sum, min_value=epsilon)))


def dense(x: Tensor, kernel: Tensor, bias: Tensor | None = None) -> Tensor:
    """x @ kernel + bias over the last axis of x."""
    if bias is not None and x.ndim == 2 and kernel.ndim == 2:
        return op("Gemm", x, kernel, bias)
    product = op("MatMul", x, kernel)
    return product if bias is None else add(product, bias)


def normalize(
    x: Tensor, mean: Tensor, variance: Tensor, gamma: Any, beta: Any, epsilon: float
) -> Tensor:
    """gamma * (x - mean) / sqrt(variance + epsilon) + beta, as one product and one sum.

    In inference the factor and the summand are constants, so that a convolution before them can
    take them over.
    """
    inverse = op("Reciprocal", op("Sqrt", add(variance, scalar(epsilon, variance))))
    factor = inverse if gamma is None else multiply(gamma, inverse)
    shift = multiply(mean, factor)
    shift = op("Neg", shift) if beta is None else subtract(beta, shift)
    return add(multiply(x, factor), shift)


def normalize_batch(
    x: Tensor, gamma: Any, beta: Any, axes: Sequence[int], epsilon: float = 1e-3
) -> tuple[Tensor, Tensor, Tensor]:
    """x normalized by its own mean and variance over some axes; then these two.

    Args:
        x: a float tensor.
        gamma: a factor for each place along the other axes, or None.
        beta: a summand likewise, or None.
        axes: what to take mean and variance over; these drop the axes.
        epsilon: added to the variance, which is that of the population.
    """
    reduced = canonical_axes(axes, x.ndim)
    mean = reduce_mean(x, reduced, keepdims=True)
    variance = reduce_mean(square(subtract(x, mean)), reduced, keepdims=True)
    factor, summand = (None if v is None else _spread(v, x, reduced) for v in (gamma, beta))
    normal = normalize(x, mean, variance, factor, summand, epsilon)
    dropped = int64s(reduced)
    return normal, op("Squeeze", mean, dropped), op("Squeeze", variance, dropped)


def _spread(vector: Any, x: Tensor, reduced: Sequence[int]) -> Tensor:
    """What stands for the axes that are not reduced, with size 1 for those that are."""
    tensor = as_tensor(vector)
    return op("Unsqueeze", tensor, int64s(reduced)) if tensor.ndim < x.ndim else tensor
