"""Padding and enlarging, with Keras' arguments; `data_format` None is `image_data_format()`."""

from __future__ import annotations

from collections.abc import Sequence

from konnx import ops
from konnx.backend.arguments import data_format_of, one_of
from konnx.graph import Tensor

Sides = Sequence[int]


def temporal_padding(x: Tensor, padding: Sides = (1, 1)) -> Tensor:
    """Add (before, after) zero steps to sequences, (batch, steps, channels)."""
    return _padded(x, [padding], "channels_last")


def spatial_2d_padding(
    x: Tensor, padding: Sequence[Sides] = ((1, 1), (1, 1)), data_format: str | None = None
) -> Tensor:
    """Add (before, after) zero rows and columns to images."""
    return _padded(x, padding, data_format_of(data_format))


def spatial_3d_padding(
    x: Tensor, padding: Sequence[Sides] = ((1, 1), (1, 1), (1, 1)), data_format: str | None = None
) -> Tensor:
    """Add (before, after) zeros along the three axes of volumes."""
    return _padded(x, padding, data_format_of(data_format))


def _padded(x: Tensor, padding: Sequence[Sides], data_format: str) -> Tensor:
    rank = x.ndim - 2
    if len(padding) != rank or any(len(sides) != 2 for sides in padding):
        raise ValueError(
            f"`padding` must hold (before, after) for each of {rank} axes. "
            f"Received: padding={padding}, {x!r}"
        )
    sides = [(before, after) for before, after in padding]
    none = (0, 0)
    last = data_format == "channels_last"
    return ops.pad(x, [none, *sides, none] if last else [none, none, *sides])


def resize_images(
    x: Tensor,
    height_factor: int,
    width_factor: int,
    data_format: str | None = None,
    interpolation: str = "nearest",
) -> Tensor:
    """Enlarge images by whole factors.

    Args:
        x: (batch, rows, columns, channels), or (batch, channels, rows, columns).
        height_factor: for the rows.
        width_factor: for the columns.
        data_format: where the channels are.
        interpolation: "nearest" or, as since Keras 2.2.3, "bilinear".
    """
    one_of("interpolation", interpolation, ("nearest", "bilinear"))
    factors = (height_factor, width_factor)
    return ops.enlarge(x, factors, data_format_of(data_format), interpolation)


def resize_volumes(
    x: Tensor,
    depth_factor: int,
    height_factor: int,
    width_factor: int,
    data_format: str | None = None,
) -> Tensor:
    """Enlarge volumes by whole factors, repeating elements."""
    factors = (depth_factor, height_factor, width_factor)
    return ops.enlarge(x, factors, data_format_of(data_format))
