"""Enlarging images and volumes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from konnx.graph import Tensor, constant, op, refine
from konnx.ops import windows_of_doubles
from konnx.ops._convert import cast
from konnx.ops.convolution import from_channels_first, to_channels_first


def enlarge(
    x: Tensor,
    factors: Sequence[int],
    data_format: str = "channels_last",
    interpolation: str = "nearest",
    half_pixel_centers: bool = True,
) -> Tensor:
    """Enlarge the spatial axes by whole factors.

    Args:
        x: (batch, *spatial, channels), or (batch, channels, *spatial).
        factors: one for each spatial axis.
        data_format: of x and the result.
        interpolation: "nearest" repeats elements; "bilinear" draws straight lines between them.
        half_pixel_centers: whether the lines run between the centres of elements, as in TensorFlow
            2, or between their upper left corners, as in TensorFlow 1.
    """
    first = to_channels_first(x, data_format)
    if x.dtype == "float64" and interpolation == "nearest":
        for axis, factor in enumerate(factors, start=2):
            first = windows_of_doubles.repeat(first, axis, factor)
        return from_channels_first(first, data_format)
    first = cast(first, "float32") if x.dtype == "float64" else first
    scales = constant(np.array([1, 1, *factors], dtype=np.float32))
    if interpolation == "nearest":
        y = op(
            "Resize",
            first,
            None,
            scales,
            mode="nearest",
            coordinate_transformation_mode="asymmetric",
            nearest_mode="floor",
        )
    else:
        coordinates = None if half_pixel_centers else "asymmetric"
        y = op(
            "Resize",
            first,
            None,
            scales,
            mode="linear",
            coordinate_transformation_mode=coordinates,
        )
    sizes = zip(first.shape[2:], factors, strict=True)
    known = [None if n is None else n * factor for n, factor in sizes]
    y = refine(y, [*(first.dims or ())[:2], *known])
    return from_channels_first(cast(y, x.dtype), data_format)
