"""Pooling over one, two or three spatial axes, in either data format.

As of convolutions, means of float64 go by `windows_of_doubles`.
"""

from __future__ import annotations

import numpy as np

from konnx.graph import Tensor, int64s, op, refine
from konnx.ops import windows_of_doubles
from konnx.ops._convert import scalar
from konnx.ops.convolution import (
    Sizes,
    from_channels_first,
    pad_same,
    pads_of,
    same_is_dynamic,
    to_channels_first,
)
from konnx.ops.elementwise import divide


def max_pool(
    x: Tensor,
    pool_size: Sizes,
    strides: Sizes,
    padding: str = "valid",
    data_format: str = "channels_last",
) -> Tensor:
    """The largest element of each window."""
    x = to_channels_first(x, data_format)
    ones = [1] * len(pool_size)
    if same_is_dynamic(x, padding, strides):
        lowest = float(np.finfo(x.dtype).min)
        x, padding = pad_same(x, pool_size, strides, ones, lowest), "valid"
    pads = pads_of(x, padding, pool_size, strides, ones)
    pooled = op("MaxPool", x, kernel_shape=pool_size, strides=strides, pads=pads)
    return from_channels_first(pooled, data_format)


def average_pool(
    x: Tensor,
    pool_size: Sizes,
    strides: Sizes,
    padding: str = "valid",
    data_format: str = "channels_last",
) -> Tensor:
    """The mean of each window; padding does not count."""
    x = to_channels_first(x, data_format)
    ones = [1] * len(pool_size)
    if same_is_dynamic(x, padding, strides):
        pooled = _average_dynamic_same(x, pool_size, strides, ones)
        return from_channels_first(pooled, data_format)
    pads = pads_of(x, padding, pool_size, strides, ones)
    pooled = _means(x, pool_size, strides, pads)
    return from_channels_first(pooled, data_format)


def _average_dynamic_same(x: Tensor, pool_size: Sizes, strides: Sizes, ones: Sizes) -> Tensor:
    """The sum of each window over the count of its elements that are no padding."""
    sizes = op("Concat", int64s([1, 1]), op("Shape", x, start=2), axis=0)
    counted = refine(op("Expand", scalar(1, x), sizes), [1, 1, *[None] * len(pool_size)])
    total, count = (
        _means(pad_same(part, pool_size, strides, ones), pool_size, strides, [0] * 2 * len(ones))
        for part in (x, counted)
    )
    return divide(total, count)


def _means(x: Tensor, pool_size: Sizes, strides: Sizes, pads: Sizes) -> Tensor:
    if x.dtype == "float64":
        return windows_of_doubles.average(x, pool_size, strides, pads)
    return op("AveragePool", x, kernel_shape=pool_size, strides=strides, pads=pads)
