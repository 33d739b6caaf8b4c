"""Normalizing operators, as what they are composed of."""

from __future__ import annotations

from collections.abc import Sequence

from konnx import ops
from konnx.autodiff.rules._table import lowering, present
from konnx.graph import Node, Tensor, op, refine
from konnx.ops import canonical_axis


def _of_channels(vector: Tensor | None, x: Tensor) -> Tensor:
    """One number a channel, shaped and typed so that it broadcasts along axis 1 of x."""
    typed = ops.cast(present(vector), x.dtype)
    return typed if x.ndim == 2 else ops.reshape(typed, [-1, *[1] * (x.ndim - 2)])


def _standardized(
    x: Tensor, axes: Sequence[int], epsilon: float
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """x with mean 0 and variance 1; then the mean, the variance and 1 / standard deviation."""
    mean = ops.mean(x, axes, keepdims=True)
    centered = x - mean
    variance = ops.mean(ops.square(centered), axes, keepdims=True)
    inverse = op("Reciprocal", op("Sqrt", variance + epsilon))
    return centered * inverse, mean, variance, inverse


@lowering("BatchNormalization")
def batch_normalization(node: Node) -> Sequence[Tensor]:
    """By the statistics given; in training mode by those of the batch, which move them."""
    x, scale, bias, mean, variance = (present(tensor) for tensor in node.inputs)
    epsilon = node.attributes.get("epsilon", 1e-5)
    factor, shift = _of_channels(scale, x), _of_channels(bias, x)
    if not node.attributes.get("training_mode", 0):
        inverse = op("Reciprocal", op("Sqrt", _of_channels(variance, x) + epsilon))
        return [(x - _of_channels(mean, x)) * (factor * inverse) + shift]
    axes = [axis for axis in range(x.ndim) if axis != 1]
    normal, batch_mean, batch_variance, _ = _standardized(x, axes, epsilon)
    momentum = node.attributes.get("momentum", 0.9)
    moved = [
        old * momentum + ops.cast(ops.reshape(new, [-1]), old.dtype) * (1.0 - momentum)
        for old, new in ((mean, batch_mean), (variance, batch_variance))
    ]
    return [normal * factor + shift, *moved][: len(node.outputs)]


@lowering("InstanceNormalization")
def instance_normalization(node: Node) -> Sequence[Tensor]:
    """Each channel of each sample by itself."""
    x, scale, bias = (present(tensor) for tensor in node.inputs)
    axes = list(range(2, x.ndim))
    normal, *_ = _standardized(x, axes, node.attributes.get("epsilon", 1e-5))
    return [normal * _of_channels(scale, x) + _of_channels(bias, x)]


@lowering("LayerNormalization")
def layer_normalization(node: Node) -> Sequence[Tensor]:
    """Over the axes from `axis` on."""
    x, scale, *bias = node.inputs
    data = present(x)
    first = canonical_axis(node.attributes.get("axis", -1), data.ndim)
    epsilon = node.attributes.get("epsilon", 1e-5)
    normal, mean, _, inverse = _standardized(data, list(range(first, data.ndim)), epsilon)
    y = normal * present(scale)
    if bias and bias[0] is not None:
        y = y + bias[0]
    found = [y, mean, inverse]
    return [
        ops.cast(tensor, given.dtype) for tensor, given in zip(found, node.outputs, strict=False)
    ]


@lowering("MeanVarianceNormalization")
def mean_variance_normalization(node: Node) -> Sequence[Tensor]:
    """(x - mean) / (standard deviation + 1e-9)."""
    x = present(node.inputs[0])
    axes = node.attributes.get("axes", [0, 2, 3])
    centered = x - ops.mean(x, axes, keepdims=True)
    deviation = op("Sqrt", ops.mean(ops.square(centered), axes, keepdims=True))
    return [centered / (deviation + 1e-9)]


@lowering("LpNormalization")
def lp_normalization(node: Node) -> Sequence[Tensor]:
    """x over the sum of |x| along an axis, or over the root of that of x²; 0 stays 0."""
    x = present(node.inputs[0])
    axis = node.attributes.get("axis", -1)
    if node.attributes.get("p", 2) == 1:
        norm = ops.sum(ops.abs(x), axis, keepdims=True)
    else:
        norm = op("Sqrt", ops.sum(ops.square(x), axis, keepdims=True))
    empty = ops.cast(ops.equal(norm, ops.scalar(0, norm)), x.dtype)
    return [x / (norm + empty)]


@lowering("LRN")
def local_response_normalization(node: Node) -> Sequence[Tensor]:
    """x over a power of the sum of squares of the channels around."""
    x = present(node.inputs[0])
    size = node.attributes["size"]
    before = (size - 1) // 2
    pads = [(0, 0), (before, size - 1 - before), *[(0, 0)] * (x.ndim - 2)]
    squares = ops.pad(ops.square(x), pads)
    around = [_shifted(squares, start, size, x) for start in range(size)]
    total = op("Sum", *around) if size > 1 else around[0]
    alpha, beta = node.attributes.get("alpha", 1e-4), node.attributes.get("beta", 0.75)
    base = total * (alpha / size) + node.attributes.get("bias", 1.0)
    return [x / ops.pow(base, beta)]


def _shifted(padded: Tensor, start: int, size: int, x: Tensor) -> Tensor:
    end = start - size + 1
    part = ops.slice_axes(padded, [start], [end if end < 0 else 2**62], [1])
    return refine(part, x.dims or ())
