"""Transposed convolutions: what the gradient of a convolution does to its output."""

from __future__ import annotations

from collections.abc import Sequence

from konnx.graph import Tensor, int64s, op, refine
from konnx.ops import windows_of_doubles
from konnx.ops._convert import cast
from konnx.ops.convolution import (
    Sizes,
    from_channels_first,
    known_sizes,
    same_pads,
    spread_channels,
    to_channels_first,
)
from konnx.ops.elementwise import add, divide, maximum, multiply, negative, subtract
from konnx.ops.shape import pad_axes, transpose

Length = int | Tensor | None


def transposed_length(
    length: int | None, size: int, padding: str, stride: int, dilation: int = 1
) -> int | None:
    """The size of the output along one axis, as Keras chooses it; None if that of x varies."""
    if length is None:
        return None
    return length * stride + _added(size, padding, stride, dilation)


def _added(size: int, padding: str, stride: int, dilation: int) -> int:
    covered = (size - 1) * dilation + 1
    return max(covered - stride, 0) if padding == "valid" else 0


def convolution_transpose(
    x: Tensor,
    kernel: Tensor,
    bias: Tensor | None = None,
    *,
    strides: Sizes,
    output_sizes: Sequence[Length] | None = None,
    padding: str = "valid",
    data_format: str = "channels_last",
    dilations: Sizes | None = None,
) -> Tensor:
    """Spread each element of x by a kernel of shape (*spatial, out, in).

    Args:
        x: (batch, *spatial, in), or (batch, in, *spatial) where `data_format` says so.
        kernel: its two last axes are the other way round than a convolution's.
        bias: one number for each output channel.
        strides: how far apart the elements of x lie in the output.
        output_sizes: the spatial sizes of the output, numbers or int64 scalars; None: as `padding`
            has it. The convolution of an output of that size must have the size of x.
        padding: "valid" or "same".
        data_format: of x and the result.
        dilations: default: 1 for each axis.
    """
    rank = kernel.ndim - 2
    weights = transpose(kernel, [rank + 1, rank, *range(rank)])
    x = to_channels_first(x, data_format)
    window = _Window(known_sizes(weights)[2:], strides, dilations or [1] * rank, padding)
    wanted = list(output_sizes or [None] * rank)
    exact = window.exact(x.shape[2:], wanted)
    if exact is None:
        y = window.cut(x, weights, wanted)
    else:
        pads, rest = exact
        y = window.apply(x, weights, pads, rest)
    if bias is not None:
        y = add(y, spread_channels(bias, rank))
    return from_channels_first(y, data_format)


class _Window:
    """A kernel's sizes and the way it moves."""

    def __init__(self, sizes: Sizes, strides: Sizes, dilations: Sizes, padding: str) -> None:
        self.sizes, self.strides, self.dilations = sizes, strides, dilations
        self.padding = padding
        self.covered = [(k - 1) * d + 1 for k, d in zip(sizes, dilations, strict=True)]

    def apply(self, x: Tensor, weights: Tensor, pads: Sizes, rest: Sizes) -> Tensor:
        """ConvTranspose."""
        if x.dtype == "float64" and weights.dtype == "float64":
            return windows_of_doubles.convolve_transposed(
                x, weights, self.strides, pads, self.dilations, rest
            )
        return op(
            "ConvTranspose",
            x,
            weights,
            kernel_shape=self.sizes,
            strides=self.strides,
            dilations=self.dilations,
            pads=pads,
            output_padding=rest if any(rest) else None,
        )

    def exact(
        self, lengths: Sequence[int | None], wanted: Sequence[Length]
    ) -> tuple[list[int], list[int]] | None:
        """`pads` and `output_padding`; None if only the run knows them, or no such exist."""
        before, after, rest = [], [], []
        for axis, (length, size) in enumerate(zip(lengths, wanted, strict=True)):
            k, s, d = self.sizes[axis], self.strides[axis], self.dilations[axis]
            if size is None:
                size = transposed_length(length, k, self.padding, s, d)
            if length is None or not isinstance(size, int):
                return None
            pads = same_pads(size, k, s, d) if self.padding == "same" else (0, 0)
            missing = size - ((length - 1) * s + self.covered[axis] - sum(pads))
            if not 0 <= missing < s:
                return None
            before.append(pads[0])
            after.append(pads[1])
            rest.append(missing)
        return before + after, rest

    def cut(self, x: Tensor, weights: Tensor, wanted: Sequence[Length]) -> Tensor:
        """All that the kernel reaches, cut or filled up to the size that the graph computes."""
        rank = len(self.sizes)
        whole = self.apply(x, weights, [0] * 2 * rank, [0] * rank)
        lengths, reached = op("Shape", x, start=2), op("Shape", whole, start=2)
        sizes = self._sizes(lengths, wanted)
        before = int64s([0] * rank)
        if self.padding == "same":
            steps = subtract(lengths, int64s([1] * rank))
            needed = add(multiply(steps, int64s(self.strides)), int64s(self.covered))
            total = maximum(subtract(needed, sizes), int64s([0] * rank))
            before = divide(total, int64s([2] * rank))
        missing = add(subtract(sizes, reached), before)
        y = pad_axes(whole, negative(before), missing, 2)
        known = [size if isinstance(size, int) else None for size in wanted]
        return refine(y, [*(y.dims or ())[:2], *known])

    def _sizes(self, lengths: Tensor, wanted: Sequence[Length]) -> Tensor:
        """The spatial sizes of the output as one int64 tensor."""
        added = [
            _added(k, self.padding, s, d)
            for k, s, d in zip(self.sizes, self.strides, self.dilations, strict=True)
        ]
        usual = add(multiply(lengths, int64s(self.strides)), int64s(added))
        if all(size is None for size in wanted):
            return usual
        parts = []
        for axis, size in enumerate(wanted):
            if size is None:
                parts.append(op("Slice", usual, int64s([axis]), int64s([axis + 1])))
            elif isinstance(size, int):
                parts.append(int64s([size]))
            else:
                parts.append(op("Reshape", cast(size, "int64"), int64s([1])))
        return op("Concat", *parts, axis=0)
