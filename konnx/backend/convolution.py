"""Convolutions and pooling, with Keras' arguments.

`data_format` is "channels_last" or "channels_first" everywhere, and None means
`image_data_format()`; it says nothing of kernels, whose channels are last always. `strides`,
`dilation_rate` and the like are a number for each spatial axis, or one for all.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from konnx import ops
from konnx.backend.arguments import data_format_of, one_of, sizes_of
from konnx.graph import Tensor

Sizes = int | Sequence[int]

_PADDINGS = ("valid", "same")


def _sliding(
    rank: int,
    strides: Sizes,
    padding: str,
    data_format: str | None,
    dilation_rate: Sizes,
    paddings: Sequence[str] = _PADDINGS,
) -> dict[str, Any]:
    """The arguments of a convolution of `konnx.ops`."""
    return {
        "strides": sizes_of("strides", strides, rank),
        "padding": one_of("padding", padding, paddings),
        "data_format": data_format_of(data_format),
        "dilations": sizes_of("dilation_rate", dilation_rate, rank),
    }


def conv1d(
    x: Tensor,
    kernel: Tensor,
    strides: Sizes = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Sizes = 1,
) -> Tensor:
    """Convolve sequences.

    Args:
        x: (batch, steps, in), or (batch, in, steps).
        kernel: (size, in, out).
        strides: how far the kernel moves.
        padding: "valid", "same", or "causal": no output depends on later steps.
        data_format: where the channels are.
        dilation_rate: how far apart the elements lie that the kernel meets.
    """
    paddings = (*_PADDINGS, "causal")
    window = _sliding(1, strides, padding, data_format, dilation_rate, paddings)
    return ops.convolution(x, kernel, **window)


def conv2d(
    x: Tensor,
    kernel: Tensor,
    strides: Sizes = (1, 1),
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Sizes = (1, 1),
) -> Tensor:
    """Convolve images with a kernel of shape (rows, columns, in, out); see `conv1d`."""
    window = _sliding(2, strides, padding, data_format, dilation_rate)
    return ops.convolution(x, kernel, **window)


def conv3d(
    x: Tensor,
    kernel: Tensor,
    strides: Sizes = (1, 1, 1),
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Sizes = (1, 1, 1),
) -> Tensor:
    """Convolve volumes with a kernel of shape (depth, rows, columns, in, out); see `conv1d`."""
    window = _sliding(3, strides, padding, data_format, dilation_rate)
    return ops.convolution(x, kernel, **window)


def _transposed(
    rank: int,
    x: Tensor,
    kernel: Tensor,
    output_shape: Any,
    strides: Sizes,
    padding: str,
    data_format: str | None,
) -> Tensor:
    chosen = data_format_of(data_format)
    first = 1 if chosen == "channels_last" else 2
    if isinstance(output_shape, Tensor):
        sizes = [output_shape[first + axis] for axis in range(rank)]
    else:
        sizes = list(output_shape)[first : first + rank]
    return ops.convolution_transpose(
        x,
        kernel,
        strides=sizes_of("strides", strides, rank),
        output_sizes=sizes,
        padding=one_of("padding", padding, _PADDINGS),
        data_format=chosen,
    )


def conv2d_transpose(
    x: Tensor,
    kernel: Tensor,
    output_shape: Any,
    strides: Sizes = (1, 1),
    padding: str = "valid",
    data_format: str | None = None,
) -> Tensor:
    """Do to images what the gradient of a convolution does to its output.

    Args:
        x: (batch, rows, columns, in), or (batch, in, rows, columns).
        kernel: (rows, columns, out, in).
        output_shape: the shape of the result, a tensor or a list of numbers and scalar tensors;
            only its spatial sizes count, and None leaves one to `padding`.
        strides: how far apart the elements of x lie in the result.
        padding: "valid" or "same".
        data_format: where the channels of x and the result are.
    """
    return _transposed(2, x, kernel, output_shape, strides, padding, data_format)


def conv3d_transpose(
    x: Tensor,
    kernel: Tensor,
    output_shape: Any,
    strides: Sizes = (1, 1, 1),
    padding: str = "valid",
    data_format: str | None = None,
) -> Tensor:
    """As `conv2d_transpose`, for volumes and a kernel of shape (depth, rows, columns, out, in)."""
    return _transposed(3, x, kernel, output_shape, strides, padding, data_format)


def depthwise_conv2d(
    x: Tensor,
    depthwise_kernel: Tensor,
    strides: Sizes = (1, 1),
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Sizes = (1, 1),
) -> Tensor:
    """Convolve each channel by itself with a kernel of shape (rows, columns, in, multiplier)."""
    window = _sliding(2, strides, padding, data_format, dilation_rate)
    return ops.depthwise_convolution(x, depthwise_kernel, **window)


def separable_conv1d(
    x: Tensor,
    depthwise_kernel: Tensor,
    pointwise_kernel: Tensor,
    strides: Sizes = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Sizes = 1,
) -> Tensor:
    """Convolve each channel by itself, then mix them at each step.

    Args:
        x: (batch, steps, in), or (batch, in, steps).
        depthwise_kernel: (size, in, multiplier).
        pointwise_kernel: (1, in * multiplier, out).
        strides: how far the first kernel moves.
        padding: "valid" or "same".
        data_format: where the channels are.
        dilation_rate: how far apart the elements lie that the first kernel meets.
    """
    window = _sliding(1, strides, padding, data_format, dilation_rate)
    return ops.separable_convolution(x, depthwise_kernel, pointwise_kernel, **window)


def separable_conv2d(
    x: Tensor,
    depthwise_kernel: Tensor,
    pointwise_kernel: Tensor,
    strides: Sizes = (1, 1),
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Sizes = (1, 1),
) -> Tensor:
    """As `separable_conv1d`, for images."""
    window = _sliding(2, strides, padding, data_format, dilation_rate)
    return ops.separable_convolution(x, depthwise_kernel, pointwise_kernel, **window)


def _pool(
    rank: int,
    x: Tensor,
    pool_size: Sizes,
    strides: Sizes,
    padding: str,
    data_format: str | None,
    pool_mode: str,
) -> Tensor:
    one_of("pool_mode", pool_mode, ("max", "avg"))
    pool = ops.max_pool if pool_mode == "max" else ops.average_pool
    return pool(
        x,
        sizes_of("pool_size", pool_size, rank),
        sizes_of("strides", strides, rank),
        one_of("padding", padding, _PADDINGS),
        data_format_of(data_format),
    )


def pool2d(
    x: Tensor,
    pool_size: Sizes,
    strides: Sizes = (1, 1),
    padding: str = "valid",
    data_format: str | None = None,
    pool_mode: str = "max",
) -> Tensor:
    """Return the largest element of each window, or the mean of those that are no padding.

    Args:
        x: images, (batch, rows, columns, channels), or (batch, channels, rows, columns).
        pool_size: the sizes of a window.
        strides: how far windows lie apart.
        padding: "valid" or "same".
        data_format: where the channels are.
        pool_mode: "max" or "avg".
    """
    return _pool(2, x, pool_size, strides, padding, data_format, pool_mode)


def pool3d(
    x: Tensor,
    pool_size: Sizes,
    strides: Sizes = (1, 1, 1),
    padding: str = "valid",
    data_format: str | None = None,
    pool_mode: str = "max",
) -> Tensor:
    """As `pool2d`, for volumes."""
    return _pool(3, x, pool_size, strides, padding, data_format, pool_mode)


def local_conv1d(
    inputs: Tensor,
    kernel: Tensor,
    kernel_size: Sizes,
    strides: Sizes,
    data_format: str | None = None,
) -> Tensor:
    """Convolve sequences with a kernel of its own at each place of the output.

    Args:
        inputs: (batch, steps, in), or (batch, in, steps).
        kernel: (output steps, size * in, out); a patch is flattened as (size, in), or as
            (in, size) where channels come first.
        kernel_size: the size of a patch.
        strides: how far patches lie apart.
        data_format: where the channels are.
    """
    sizes, steps = sizes_of("kernel_size", kernel_size, 1), sizes_of("strides", strides, 1)
    places = ops.known_sizes(kernel)[0]
    chosen = data_format_of(data_format)
    return ops.local_convolution(inputs, kernel, sizes, steps, [places], chosen)


def local_conv2d(
    inputs: Tensor,
    kernel: Tensor,
    kernel_size: Sizes,
    strides: Sizes,
    output_shape: Sequence[int],
    data_format: str | None = None,
) -> Tensor:
    """As `local_conv1d`, for images.

    Args:
        inputs: (batch, rows, columns, in), or (batch, in, rows, columns).
        kernel: (output rows * columns, rows * columns * in, out).
        kernel_size: the sizes of a patch.
        strides: how far patches lie apart.
        output_shape: (rows, columns) of the output.
        data_format: where the channels are.
    """
    return ops.local_convolution(
        inputs,
        kernel,
        sizes_of("kernel_size", kernel_size, 2),
        sizes_of("strides", strides, 2),
        sizes_of("output_shape", output_shape, 2),
        data_format_of(data_format),
    )
