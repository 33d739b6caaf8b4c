"""Convolutions over one, two or three spatial axes, in either data format.

Kernels have Keras' layout: (*spatial, in, out), and (*spatial, in, multiplier) depthwise. ONNX'
operators want channels first; the Transposes around them cancel from layer to layer. ONNX Runtime
has no float64 kernels for them: float64 goes by `windows_of_doubles`.
"""

from __future__ import annotations

from collections.abc import Sequence

from konnx.graph import ShapeError, Tensor, current_scope, int64s, op
from konnx.ops import windows_of_doubles
from konnx.ops.elementwise import add, divide, maximum, multiply, subtract
from konnx.ops.shape import pad_axes, reshape, transpose

Sizes = Sequence[int]


def to_channels_first(x: Tensor, data_format: str) -> Tensor:
    """The tensor with its channels at axis 1."""
    if data_format == "channels_first":
        return x
    return transpose(x, [0, x.ndim - 1, *range(1, x.ndim - 1)])


def from_channels_first(x: Tensor, data_format: str) -> Tensor:
    """The tensor with its channels where `data_format` says."""
    if data_format == "channels_first":
        return x
    return transpose(x, [0, *range(2, x.ndim), 1])


def same_pads(length: int, size: int, stride: int, dilation: int = 1) -> tuple[int, int]:
    """What padding 'same' adds before and after one axis; an odd rest goes to the end."""
    covered = (size - 1) * dilation + 1
    total = max((-(-length // stride) - 1) * stride + covered - length, 0)
    return total // 2, total - total // 2


def pads_of(x: Tensor, padding: str, sizes: Sizes, strides: Sizes, dilations: Sizes) -> list[int]:
    """The `pads` attribute for a channels-first x whose spatial sizes are known where needed."""
    pairs = [(0, 0)] * len(sizes)
    if padding == "same":
        lengths = [1 if n is None else n for n in x.shape[2:]]
        pairs = [same_pads(*axis) for axis in zip(lengths, sizes, strides, dilations, strict=True)]
    elif padding == "causal":
        pairs = [((k - 1) * d, 0) for k, d in zip(sizes, dilations, strict=True)]
    return [before for before, _ in pairs] + [after for _, after in pairs]


def same_is_dynamic(x: Tensor, padding: str, strides: Sizes) -> bool:
    """Tell whether the amount of padding depends on a size that varies."""
    return padding == "same" and any(
        length is None and stride > 1 for length, stride in zip(x.shape[2:], strides, strict=True)
    )


def pad_same(
    x: Tensor, sizes: Sizes, strides: Sizes, dilations: Sizes, value: float = 0.0
) -> Tensor:
    """Pad a channels-first x for 'same' by amounts that the graph computes from its size."""
    rank = len(sizes)
    lengths = op("Shape", x, start=2)
    stride = int64s(strides)
    covered = int64s([(k - 1) * d + 1 for k, d in zip(sizes, dilations, strict=True)])
    steps = divide(subtract(add(lengths, stride), int64s([1] * rank)), stride)
    needed = add(multiply(subtract(steps, int64s([1] * rank)), stride), covered)
    total = maximum(subtract(needed, lengths), int64s([0] * rank))
    before = divide(total, int64s([2] * rank))
    return pad_axes(x, before, subtract(total, before), 2, value)


def convolution(
    x: Tensor,
    kernel: Tensor,
    bias: Tensor | None = None,
    *,
    strides: Sizes,
    padding: str = "valid",
    data_format: str = "channels_last",
    dilations: Sizes,
    groups: int = 1,
) -> Tensor:
    """Cross-correlate x with a kernel of shape (*spatial, in / groups, out), group by group."""
    rank = kernel.ndim - 2
    weights = transpose(kernel, [rank + 1, rank, *range(rank)])
    return _convolve(x, weights, bias, strides, padding, data_format, dilations, groups)


def depthwise_convolution(
    x: Tensor,
    kernel: Tensor,
    bias: Tensor | None = None,
    *,
    strides: Sizes,
    padding: str = "valid",
    data_format: str = "channels_last",
    dilations: Sizes,
) -> Tensor:
    """Cross-correlate each channel of x by itself; the kernel is (*spatial, in, multiplier)."""
    rank = kernel.ndim - 2
    *sizes, channels, multiplier = known_sizes(kernel)
    weights = transpose(kernel, [rank, rank + 1, *range(rank)])
    weights = reshape(weights, [channels * multiplier, 1, *sizes])
    return _convolve(x, weights, bias, strides, padding, data_format, dilations, channels)


def known_sizes(kernel: Tensor) -> tuple[int, ...]:
    """The shape of a kernel.

    Raises:
        ShapeError: one of its sizes varies.
    """
    sizes = tuple(size for size in kernel.shape if size is not None)
    if len(sizes) != kernel.ndim:
        raise ShapeError(f"A kernel's sizes must be known. Received: {kernel!r}")
    return sizes


def _convolve(
    x: Tensor,
    weights: Tensor,
    bias: Tensor | None,
    strides: Sizes,
    padding: str,
    data_format: str,
    dilations: Sizes,
    group: int,
) -> Tensor:
    x = to_channels_first(x, data_format)
    _check_channels(x, weights, group)
    sizes = known_sizes(weights)[2:]
    if same_is_dynamic(x, padding, strides):
        x, padding = pad_same(x, sizes, strides, dilations), "valid"
    pads = pads_of(x, padding, sizes, strides, dilations)
    if x.dtype == "float64" and weights.dtype == "float64":
        result = windows_of_doubles.convolve(x, weights, strides, pads, dilations, group)
        result = result if bias is None else add(result, spread_channels(bias, len(sizes)))
        return from_channels_first(result, data_format)
    result = op(
        "Conv",
        x,
        weights,
        bias,
        kernel_shape=sizes,
        strides=strides,
        pads=pads,
        dilations=dilations,
        group=group,
    )
    return from_channels_first(result, data_format)


def spread_channels(bias: Tensor, rank: int) -> Tensor:
    """A number for each channel, to be added to what has its channels first."""
    return op("Unsqueeze", bias, int64s(range(1, rank + 1)))


def _check_channels(x: Tensor, weights: Tensor, group: int) -> None:
    """What ONNX' shape inference leaves to the run."""
    channels = (weights.shape[1] or 0) * group
    if x.ndim != weights.ndim or x.shape[1] not in (None, channels):
        where = f" in '{current_scope()}'" if current_scope() else ""
        raise ShapeError(
            f"Conv{where} takes an input with {weights.ndim} axes and, as its kernel has it, "
            f"{channels} channels. Received, channels first: {x!r}"
        )


def separable_convolution(
    x: Tensor,
    depthwise_kernel: Tensor,
    pointwise_kernel: Tensor,
    bias: Tensor | None = None,
    *,
    strides: Sizes,
    padding: str = "valid",
    data_format: str = "channels_last",
    dilations: Sizes,
) -> Tensor:
    """Each channel by itself, then at each place a mixture of all; the second kernel has size 1."""
    filtered = depthwise_convolution(
        x,
        depthwise_kernel,
        strides=strides,
        padding=padding,
        data_format=data_format,
        dilations=dilations,
    )
    ones = [1] * len(strides)
    return convolution(
        filtered, pointwise_kernel, bias, strides=ones, data_format=data_format, dilations=ones
    )
