"""Shapes of images, with channels first or last."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from konnx.config import image_data_format
from konnx.graph import Tensor
from konnx.layers import BatchNormalization

Shape = Sequence[int | None]


def check_image_shape(name: str, shape: Any, smallest: int, data_format: str | None = None) -> None:
    """Refuse shapes that are none of an image, or of one too small.

    Raises:
        ValueError: it is such a shape.
    """
    received = _received(shape)
    if not isinstance(shape, Sequence) or isinstance(shape, str) or len(shape) != 3:
        raise ValueError(
            f"'{name}': an image has height, width and channels, "
            f"{image_shape(None, 3, data_format)}. {received}"
        )
    if any(size is not None and not hasattr(size, "__index__") for size in shape):
        raise ValueError(
            f"'{name}': sizes must be whole numbers, or None where they vary. {received}"
        )
    sizes, channels = split_shape(shape, data_format)
    if channels is None:
        raise ValueError(f"'{name}': the number of channels must be known. {received}")
    if any(size is not None and size < smallest for size in sizes):
        place = "first" if channel_axis(data_format) == 1 else "last"
        raise ValueError(
            f"'{name}': images must have at least {smallest} by {smallest} pixels, and channels "
            f"stand {place} (`image_data_format`). {received}"
        )


def channel_axis(data_format: str | None = None) -> int:
    """Return the axis of the channels in a batch of images, 1 or 3; by `image_data_format`."""
    return 1 if (data_format or image_data_format()) == "channels_first" else 3


def image_shape(
    size: int | None, channels: int, data_format: str | None = None
) -> tuple[Any, Any, Any]:
    """Return the shape of a square image."""
    return (channels, size, size) if channel_axis(data_format) == 1 else (size, size, channels)


def split_shape(shape: Sequence[Any], data_format: str | None = None) -> tuple[Sequence[Any], Any]:
    """Return height and width, and the channels, of the shape of an image."""
    return (shape[1:], shape[0]) if channel_axis(data_format) == 1 else (shape[:2], shape[2])


def normalized(x: Tensor, name: str | None = None, **arguments: Any) -> Any:
    """Normalize over the channels."""
    return BatchNormalization(axis=channel_axis(), name=name, **arguments)(x)


def published_size(
    input_shape: Shape | None, input_tensor: Tensor | None, sizes: Sequence[int]
) -> int:
    """Return which of the sizes with weights of their own images have; else the largest, 224.

    Args:
        input_shape: of an image.
        input_tensor: images, which count first.
        sizes: height and width for which weights are published.
    """
    shape = input_shape if input_tensor is None else input_tensor.shape[1:]
    if shape is None or len(shape) != 3:
        return sizes[-1]
    (rows, columns), _ = split_shape(shape)
    return rows if rows == columns and rows in sizes else sizes[-1]


def padding_before_strides(x: Tensor, size: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return the zeros before and after rows and columns that a stride of 2 needs.

    Args:
        x: a batch of images.
        size: of the kernel, odd.
    """
    sizes, _ = split_shape(x.shape[1:])
    # A size that is not known counts as even.
    odd = [int(isinstance(extent, int) and extent % 2 == 1) for extent in sizes]
    half = size // 2
    return (half - 1 + odd[0], half), (half - 1 + odd[1], half)


def _obtain_input_shape(
    input_shape: Shape | None,
    default_size: int,
    min_size: int,
    data_format: str | None,
    require_flatten: bool,
    weights: str | None = None,
) -> Shape:
    """Return the shape of a network's images, as Keras 2.1 does for networks that users write.

    Args:
        input_shape: what the user gave.
        default_size: height and width if that is None.
        min_size: the least height and width.
        data_format: "channels_first" or "channels_last"; None: `image_data_format`.
        require_flatten: whether the size must be known, for a top of dense layers.
        weights: "imagenet" needs three channels and, with a top, the default size.

    Raises:
        ValueError: the shape is none of an image, too small, or does not fit the weights.
    """
    channels = 3
    if input_shape is not None:
        check_image_shape("_obtain_input_shape", input_shape, min_size, data_format)
        channels = split_shape(input_shape, data_format)[1]
    default = image_shape(default_size if require_flatten else None, channels, data_format)
    shape = default if input_shape is None else tuple(input_shape)
    needs_default = weights == "imagenet" and require_flatten and shape != default
    if needs_default or (weights == "imagenet" and channels != 3):
        wanted = default if require_flatten else "three channels"
        raise ValueError(f"The weights of ImageNet take images of {wanted}. {_received(shape)}")
    if require_flatten and None in shape:
        raise ValueError(f"With a top, the size of images must be known. {_received(shape)}")
    return shape


def _received(shape: Any) -> str:
    return f"Received: input_shape={shape!r}"
