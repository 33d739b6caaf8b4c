"""Sliding windows over float64, for which ONNX Runtime has no kernels: as slices and products.

Everything is channels first, as ONNX' operators have it. What they take is Slice, MatMul and Add,
one for each place in the window: slow beside a Conv of float32, and exact.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import numpy as np

from konnx.graph import Tensor, int64s, op
from konnx.ops._convert import cast, scalar
from konnx.ops.elementwise import add, divide, equal, floor_divide, mod, multiply
from konnx.ops.shape import concatenate, pad, reshape, slice_axes, transpose

Sizes = Sequence[int]

_END = np.iinfo(np.int64).max


def convolve(
    x: Tensor, weights: Tensor, strides: Sizes, pads: Sizes, dilations: Sizes, group: int
) -> Tensor:
    """What ONNX' Conv computes.

    Args:
        x: (batch, in, *spatial).
        weights: (out, in / group, *spatial), of known sizes.
        strides: how far the window moves on each axis.
        pads: zeros before each axis, then those after each.
        dilations: how far apart the elements under the window lie.
        group: in how many groups the channels are.
    """
    out, inner, *sizes = (size or 0 for size in weights.shape)
    last = _with_channels_last(_padded(x, pads))
    total: Tensor | None = None
    for place, seen in _places(last, 1, sizes, strides, dilations):
        part = _product(seen, _at(weights, place), out, inner, group)
        total = part if total is None else add(total, part)
    assert total is not None
    return transpose(total, [0, x.ndim - 1, *range(1, x.ndim - 1)])


def convolve_transposed(
    x: Tensor, weights: Tensor, strides: Sizes, pads: Sizes, dilations: Sizes, rest: Sizes
) -> Tensor:
    """What ONNX' ConvTranspose computes; `rest` is its output_padding, weights (in, out, …)."""
    rank = len(strides)
    axes = list(range(2, 2 + rank))
    covered = [(k or 0) * d - d for k, d in zip(weights.shape[2:], dilations, strict=True)]
    mirrored = slice_axes(
        transpose(weights, [1, 0, *axes]), [-1] * rank, [-_END] * rank, axes, [-1] * rank
    )
    for axis, stride in zip(axes, strides, strict=True):
        x = _spread(x, axis, stride)
    whole = convolve(x, mirrored, [1] * rank, [*covered, *covered], dilations, 1)
    before, after = pads[:rank], pads[rank:]
    excess = [s - 1 + b - r for s, b, r in zip(strides, after, rest, strict=True)]
    return slice_axes(whole, before, [-one if one else _END for one in excess], axes)


def average(x: Tensor, sizes: Sizes, strides: Sizes, pads: Sizes) -> Tensor:
    """What ONNX' AveragePool computes: padding does not count."""
    total = _window_sum(x, sizes, strides, pads)
    if not any(pads):
        return divide(total, scalar(int(np.prod(sizes)), x))
    spatial = op("Concat", int64s([1, 1]), op("Shape", x, start=2), axis=0)
    ones = op("Expand", scalar(1, x), spatial)
    return divide(total, _window_sum(ones, sizes, strides, pads))


def repeat(x: Tensor, axis: int, factor: int) -> Tensor:
    """Each element of an axis several times in a row."""
    numbers = _numbers(x, axis, factor)
    return op("Gather", x, floor_divide(numbers, np.int64(factor)), axis=axis)


def _spread(x: Tensor, axis: int, stride: int) -> Tensor:
    """The elements of an axis with zeros behind each, to the next one and after the last."""
    if stride == 1:
        return x
    starts = cast(equal(mod(_numbers(x, axis, stride), np.int64(stride)), np.int64(0)), x.dtype)
    shape = [1] * x.ndim
    shape[axis] = -1
    return multiply(repeat(x, axis, stride), reshape(starts, shape))


def _numbers(x: Tensor, axis: int, factor: int) -> Tensor:
    """0, 1, … below some times the size of an axis."""
    length = x.shape[axis]
    if length is not None:
        return int64s(range(length * factor))
    size = op("Squeeze", op("Shape", x, start=axis, end=axis + 1))
    zero, one = (op("Squeeze", int64s([n])) for n in (0, 1))
    return op("Range", zero, multiply(size, np.int64(factor)), one)


def _window_sum(x: Tensor, sizes: Sizes, strides: Sizes, pads: Sizes) -> Tensor:
    total: Tensor | None = None
    for _, seen in _places(_padded(x, pads), 2, sizes, strides, [1] * len(sizes)):
        total = seen if total is None else add(total, seen)
    assert total is not None
    return total


def _padded(x: Tensor, pads: Sizes) -> Tensor:
    rank = len(pads) // 2
    pairs = [(0, 0), (0, 0), *zip(pads[:rank], pads[rank:], strict=True)]
    return pad(x, pairs) if any(pads) else x


def _with_channels_last(x: Tensor) -> Tensor:
    return transpose(x, [0, *range(2, x.ndim), 1])


def _places(
    x: Tensor, first: int, sizes: Sizes, strides: Sizes, dilations: Sizes
) -> Iterator[tuple[tuple[int, ...], Tensor]]:
    """Yield each place in the window, and what it sees as the window moves from axis `first` on."""
    axes = list(range(first, first + len(sizes)))
    for place in itertools.product(*map(range, sizes)):
        starts = [at * d for at, d in zip(place, dilations, strict=True)]
        behind = [(k - 1 - at) * d for k, at, d in zip(sizes, place, dilations, strict=True)]
        ends = [-one if one else _END for one in behind]
        yield place, slice_axes(x, starts, ends, axes, list(strides))


def _at(weights: Tensor, place: Sizes) -> Tensor:
    """The weights (out, in / group) at a place of the window."""
    ends = [at + 1 for at in place]
    cut = slice_axes(weights, list(place), ends, list(range(2, weights.ndim)))
    return reshape(cut, [size or 0 for size in weights.shape[:2]])


def _product(seen: Tensor, weights: Tensor, out: int, inner: int, group: int) -> Tensor:
    """(batch, …, in) times the weights of one place, group by group: (batch, …, out)."""
    if group == 1:
        return op("MatMul", seen, transpose(weights, [1, 0]))
    if inner == 1:  # each channel by itself, out / in times
        repeated = repeat(seen, seen.ndim - 1, out // group) if out > group else seen
        return multiply(repeated, reshape(weights, [out]))
    axis, size = seen.ndim - 1, out // group
    parts = [
        op(
            "MatMul",
            slice_axes(seen, [g * inner], [(g + 1) * inner], [axis]),
            transpose(slice_axes(weights, [g * size], [(g + 1) * size], [0]), [1, 0]),
        )
        for g in range(group)
    ]
    return concatenate(parts, axis)
