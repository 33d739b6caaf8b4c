"""The gradient of a convolution's kernel: matrix products of what it met with what came of it.

There are three ways to write it, all the same sum over samples and places of the output:

- all places of the kernel in one product, with what they met gathered pixel by pixel, channels
  last (a quarter faster than one product for each place, as long as it fits the caches);
- the same with what they met cut out and joined, where channels are few;
- place by place, where the whole would need too much memory, and in groups.
"""

from __future__ import annotations

import math

import numpy as np

from konnx import ops
from konnx.autodiff.rules._window import Window
from konnx.graph import Tensor, composite, int64s, op

_FEW = 16  # channels: below, a gathered pixel is too short to be copied fast
_MOST = 2**21  # elements, for each sample, of what all places of a kernel meet


def kernel_gradient(x: Tensor, kernel: Tensor, dy: Tensor, window: Window, group: int) -> Tensor:
    """The gradient of a kernel (out, in / group, *spatial) from those of all outputs.

    It says what it is, for runtimes that have a faster way than matrix products.

    Args:
        x: (batch, in, *spatial), what the kernel moves over.
        kernel: only its shape is used.
        dy: (batch, out, *spatial).
        window: how the kernel moves.
        group: in how many groups the channels are.
    """
    attributes = {
        "kernel_shape": window.sizes,
        "strides": window.strides,
        "dilations": window.dilations,
        "pads": window.before + window.after,
        "group": group,
    }
    product = _by_products(x, kernel, dy, window, group)
    return composite(product, "ConvKernelGradient", [x, dy], attributes)


def _by_products(x: Tensor, kernel: Tensor, dy: Tensor, window: Window, group: int) -> Tensor:
    out, inner = kernel.shape[:2]
    assert out is not None
    assert inner is not None
    features = math.prod(window.sizes) * inner
    if group > 1 or features == inner or not _fits(x, dy, features):
        return _place_by_place(x, kernel, dy, window, group)
    columns = (_joined if inner < _FEW else _gathered)(x, dy, window, inner)
    total = ops.sum(op("MatMul", _rows(dy, out), columns), 0)
    together = ops.reshape(total, [out, *window.sizes, inner])
    return ops.transpose(together, [0, window.rank + 1, *range(1, window.rank + 1)])


def _fits(x: Tensor, dy: Tensor, features: int) -> bool:
    """Tell whether sizes are known, and small enough to hold all that the kernel meets."""
    lengths = dy.shape[2:]
    if None in lengths or None in x.shape[2:]:
        return False
    return math.prod(length or 0 for length in lengths) * features <= _MOST


def _gathered(x: Tensor, dy: Tensor, window: Window, inner: int) -> Tensor:
    """What each place of dy is made of: (batch, places of dy, places of the kernel * in)."""
    last = ops.transpose(x, [0, *range(2, x.ndim), 1])
    padded = ops.pad(last, [(0, 0), *window.pads[2:], (0, 0)])
    lengths = [n or 0 for n in padded.shape[1:-1]]
    pixels = ops.reshape_keeping(padded, 1, [math.prod(lengths), inner])
    first = _numbers([n or 0 for n in dy.shape[2:]], window.strides, lengths)
    beside = _numbers(window.sizes, window.dilations, lengths)
    places = op("Add", op("Unsqueeze", int64s(first), int64s([1])), int64s(beside))
    seen = op("Gather", pixels, places, axis=1)
    return ops.reshape_keeping(seen, 2, [len(beside) * inner])


def _numbers(counts: list[int], steps: list[int], lengths: list[int]) -> list[int]:
    """The row-major numbers, in a grid of the given lengths, of each count-th step on each axis."""
    axes = [np.arange(count) * step for count, step in zip(counts, steps, strict=True)]
    grid = np.meshgrid(*axes, indexing="ij")
    return [int(n) for n in np.ravel_multi_index(grid, lengths).reshape(-1)]


def _joined(x: Tensor, dy: Tensor, window: Window, inner: int) -> Tensor:
    """As `_gathered`, from slices."""
    seen = _slices(x, dy, window)
    return _columns(op("Concat", *seen, axis=1), len(seen) * inner)


def _slices(x: Tensor, dy: Tensor, window: Window) -> list[Tensor]:
    """What each place of the kernel meets, (batch, in, *spatial of dy)."""
    padded = ops.pad(x, window.pads)
    return [window.seen_from(padded, offset, dy) for offset in window.offsets()]


def _place_by_place(x: Tensor, kernel: Tensor, dy: Tensor, window: Window, group: int) -> Tensor:
    places = [_place_gradient(seen, dy, kernel, group) for seen in _slices(x, dy, window)]
    stacked = places[0] if len(places) == 1 else op("Concat", *places, axis=0)
    out, inner = kernel.shape[:2]
    together = ops.reshape(stacked, [*window.sizes, out, inner])
    return ops.transpose(together, [window.rank, window.rank + 1, *range(window.rank)])


def _place_gradient(seen: Tensor, dy: Tensor, kernel: Tensor, group: int) -> Tensor:
    """One place's gradient, (1, out, in / group)."""
    out, inner = kernel.shape[:2]
    assert out is not None
    assert inner is not None
    if inner == 1 and out == group:
        places = ops.sum(seen * dy, [0, *range(2, dy.ndim)])
        return ops.reshape(places, [1, out, 1])
    if group == 1:
        product = op("MatMul", _rows(dy, out), _columns(seen, inner))
        return ops.sum(product, 0, keepdims=True)
    outputs = ops.reshape_keeping(dy, 1, [group, out // group, -1])
    inputs = ops.reshape_keeping(seen, 1, [group, inner, -1])
    product = op("MatMul", outputs, ops.transpose(inputs, [0, 1, 3, 2]))
    return ops.reshape(ops.sum(product, 0), [1, out, inner])


def _rows(x: Tensor, channels: int) -> Tensor:
    return ops.reshape_keeping(x, 1, [channels, -1])


def _columns(x: Tensor, channels: int) -> Tensor:
    return ops.transpose(_rows(x, channels), [0, 2, 1])
