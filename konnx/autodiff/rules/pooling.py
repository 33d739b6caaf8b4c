"""Rules for pooling. Where maxima of one window tie, they share its gradient equally."""

from __future__ import annotations

import math

import numpy as np

from konnx import ops
from konnx.autodiff.rules._table import Gradients, present, rule
from konnx.autodiff.rules._window import Window
from konnx.graph import Node, Tensor, composite, constant, op, refine
from konnx.ops import windows_of_doubles


@rule("MaxPool")
def max_pool(node: Node, dy: Tensor) -> Gradients:
    """To the maxima of each window."""
    x, y, window = present(node.inputs[0]), node.outputs[0], Window.of(node)
    if window.is_partition:
        dx = _max_of_partition(x, y, dy, window)
        attributes = {"kernel_shape": window.sizes}
        return [composite(dx, "MaxPoolGradient", [x, y, dy], attributes)]
    return [_max_of_windows(x, y, dy, window)]


def _max_of_partition(x: Tensor, y: Tensor, dy: Tensor, window: Window) -> Tensor:
    """Windows side by side: enlarge output and gradient to the input's size and compare."""
    covered = _crop_to(x, _enlarged(y, window), window)
    hits = ops.cast(ops.equal(covered, _enlarged(y, window)), dy.dtype)
    mean = ops.average_pool(hits, window.sizes, window.strides, data_format="channels_first")
    number = mean * float(math.prod(window.sizes))
    return _pad_to(hits * _enlarged(dy / number, window), x)


def _enlarged(y: Tensor, window: Window) -> Tensor:
    """Each element repeated over its window: nearest-neighbour Resize is the fastest way."""
    return ops.enlarge(y, window.sizes, "channels_first")


def _is_whole(x: Tensor, window: Window) -> bool:
    """Tell whether the windows reach the end of the input, whatever its size is."""
    return all(
        length is not None and length % size == 0
        for length, size in zip(x.shape[2:], window.sizes, strict=True)
    )


def _crop_to(x: Tensor, covered: Tensor, window: Window) -> Tensor:
    if _is_whole(x, window):
        return x
    axes = list(range(2, x.ndim))
    ends = op("Shape", covered, start=2)
    return op("Slice", x, constant([0] * len(axes), "int64"), ends, constant(axes, "int64"))


def _pad_to(dx: Tensor, x: Tensor) -> Tensor:
    """Zeros for what no window reaches."""
    if dx.shape[2:] != x.shape[2:] or None in x.shape[2:]:
        missing = op("Shape", x, start=2) - op("Shape", dx, start=2)
        none = constant([0] * (x.ndim - 2), "int64")
        dx = ops.pad_axes(dx, none, missing, 2)
    return refine(dx, x.dims or ())


def _max_of_windows(x: Tensor, y: Tensor, dy: Tensor, window: Window) -> Tensor:
    """Windows that overlap: compare place by place, then bring the shares back together."""
    padded = ops.pad(x, window.pads, float(np.finfo(x.dtype).min))
    hits = [
        ops.cast(ops.equal(window.seen_from(padded, offset, y), y), dy.dtype)
        for offset in window.offsets()
    ]
    number = op("Sum", *hits) if len(hits) > 1 else hits[0]
    share = dy / number
    return _scatter([hit * share for hit in hits], x, window)


def _scatter(places: list[Tensor], x: Tensor, window: Window) -> Tensor:
    """Add what each place of the window contributes to the input, all windows at once."""
    number = len(places)
    flat = [_one_channel(place) for place in places]
    stacked = op("Concat", *flat, axis=1) if number > 1 else flat[0]
    kernel = np.eye(number, dtype=x.dtype).reshape(number, 1, *window.sizes)
    return _spread(stacked, constant(kernel), x, window)


def _one_channel(x: Tensor) -> Tensor:
    """(batch, channels, *spatial) as (batch * channels, 1, *spatial)."""
    if None not in x.shape[1:]:
        return ops.reshape(x, [-1, 1, *x.shape[2:]])
    sizes = op("Concat", constant([-1, 1], "int64"), op("Shape", x, start=2), axis=0)
    return op("Reshape", x, sizes)


def _spread(y: Tensor, kernel: Tensor, x: Tensor, window: Window) -> Tensor:
    """ConvTranspose of single channels, cut to the input's size and shape."""
    spread = _transposed(y, kernel, window)
    before = constant(window.before, "int64")
    length = op("Shape", x, start=2)
    missing = length - op("Shape", spread, start=2) + before
    return ops.reshape_like(ops.pad_axes(spread, -before, missing, 2), x)


def _transposed(y: Tensor, kernel: Tensor, window: Window) -> Tensor:
    if y.dtype == "float64":
        none = [0] * window.rank
        return windows_of_doubles.convolve_transposed(
            y, kernel, window.strides, none * 2, window.dilations, none
        )
    return op(
        "ConvTranspose",
        y,
        kernel,
        kernel_shape=window.sizes,
        strides=window.strides,
        dilations=window.dilations,
    )


@rule("AveragePool")
def average_pool(node: Node, dy: Tensor) -> Gradients:
    """To every element of a window its share; padding has none."""
    x, window = present(node.inputs[0]), Window.of(node)
    if window.is_partition:
        share = dy / float(math.prod(window.sizes))
        return [_pad_to(_enlarged(share, window), x)]
    share = _one_channel(dy / _counts(node, x, window))
    kernel = constant(np.ones((1, 1, *window.sizes), dtype=x.dtype))
    return [_spread(share, kernel, x, window)]


def _counts(node: Node, x: Tensor, window: Window) -> Tensor:
    """How many elements that are no padding each window has, (1, 1, *spatial)."""
    total = float(math.prod(window.sizes))
    if not any(window.before + window.after) or node.attributes.get("count_include_pad"):
        return constant(total, x.dtype)
    sizes = op("Concat", constant([1, 1], "int64"), op("Shape", x, start=2), axis=0)
    ones = op("Expand", ops.scalar(1, x), sizes)
    attributes = {**node.attributes, "count_include_pad": 1}
    filled = op("AveragePool", ones, outputs=1, **attributes)
    return ops.multiply(filled, total)


@rule("Sum", broadcasts=True)
def sum_of_many(node: Node, dy: Tensor) -> Gradients:
    """The same gradient for every summand."""
    return [dy] * len(node.inputs)


@rule("Resize")
def resize(node: Node, dy: Tensor) -> Gradients:
    """Of elements that whole factors only repeat: the sum over each copy."""
    x, scales = present(node.inputs[0]), present(node.inputs[2])
    assert scales.constant_value is not None
    sizes = [int(size) for size in scales.constant_value[2:]]
    mean = op("AveragePool", dy, kernel_shape=sizes, strides=sizes)
    return [refine(mean * float(math.prod(sizes)), x.dims or ()), None, None]
