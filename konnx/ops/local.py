"""Convolutions whose kernel differs from place to place."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from konnx.graph import Tensor, op
from konnx.ops.shape import concatenate, expand_dims, reshape, slice_axes, transpose


def local_convolution(
    x: Tensor,
    kernel: Tensor,
    kernel_size: Sequence[int],
    strides: Sequence[int],
    output_sizes: Sequence[int],
    data_format: str = "channels_last",
) -> Tensor:
    """The product of the patch at each place of the output with a matrix of its own.

    Args:
        x: (batch, *spatial, channels), or (batch, channels, *spatial).
        kernel: (places, patch, filters), places in row-major order. A patch is flattened as
            (*kernel_size, channels), or as (channels, *kernel_size) where channels come first.
        kernel_size: the spatial sizes of a patch.
        strides: how far apart patches lie.
        output_sizes: the spatial sizes of the output.
        data_format: of x and the result.
    """
    rank = len(kernel_size)
    places, patch, filters = kernel.shape
    assert places is not None
    assert patch is not None
    assert filters is not None
    if data_format == "channels_last":
        axes = list(range(1, 1 + rank))
        parts = _parts(x, kernel_size, strides, output_sizes, axes)
        patches = reshape(concatenate(parts, -1), [-1, places, patch])
        products = op("MatMul", transpose(patches, [1, 0, 2]), kernel)
        return reshape(transpose(products, [1, 0, 2]), [-1, *output_sizes, filters])
    parts = _parts(x, kernel_size, strides, output_sizes, list(range(2, 2 + rank)))
    stacked = concatenate([expand_dims(part, 2) for part in parts], 2)
    patches = reshape(stacked, [-1, patch, places])
    products = op("MatMul", transpose(patches, [2, 0, 1]), kernel)
    return reshape(transpose(products, [1, 2, 0]), [-1, filters, *output_sizes])


def _parts(
    x: Tensor,
    kernel_size: Sequence[int],
    strides: Sequence[int],
    output_sizes: Sequence[int],
    axes: Sequence[int],
) -> list[Tensor]:
    """For each place of a patch, in row-major order, what it meets all over x."""
    return [
        slice_axes(
            x,
            offset,
            [o + (n - 1) * s + 1 for o, n, s in zip(offset, output_sizes, strides, strict=True)],
            axes,
            strides,
        )
        for offset in itertools.product(*(range(size) for size in kernel_size))
    ]
