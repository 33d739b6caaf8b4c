"""Images in other sizes: by ONNX' Resize, or as products with weights that NumPy computes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from konnx import ops
from konnx.graph import ShapeError, Tensor, constant, op, refine

INTERPOLATIONS = (
    "bilinear", "nearest", "bicubic", "area", "lanczos3", "lanczos5", "gaussian", "mitchellcubic",
)  # fmt: skip


def resized(x: Tensor, sizes: Sequence[int], interpolation: str, antialias: bool) -> Tensor:
    """A channels-first float tensor with other sizes of the axes after the first two.

    Raises:
        ShapeError: the kind of interpolation needs the sizes of the input, and they vary.
    """
    plain = interpolation == "nearest" or not antialias
    if interpolation in ("nearest", "bilinear") and plain:
        return _resize(x, sizes, interpolation)
    for axis, size in zip((2, 3), sizes, strict=True):
        length = x.shape[axis]
        if length is None:
            raise ShapeError(
                f"Resizing by '{interpolation}'{' with antialias' * antialias} needs an input of "
                f"known size. Received: {x!r}"
            )
        weights = constant(weights_of(length, size, interpolation, antialias).astype(x.dtype))
        x = ops.matmul(weights, x) if axis == 2 else ops.matmul(x, ops.transpose(weights))
    return x


def _resize(x: Tensor, sizes: Sequence[int], interpolation: str) -> Tensor:
    scale = op("Shape", x, start=0, end=2)
    target = op("Concat", scale, constant(np.asarray(sizes, np.int64)), axis=0)
    y = op("Resize", x, None, None, target, **resize_mode(interpolation))
    return refine(y, [*(x.dims or ())[:2], *sizes])


def resize_mode(interpolation: str) -> dict[str, Any]:
    """Return the attributes of ONNX' Resize for "bilinear" or "nearest"."""
    if interpolation == "nearest":
        return {"mode": "nearest", "nearest_mode": "round_prefer_ceil"}
    return {"mode": "linear"}


def weights_of(length: int, size: int, interpolation: str, antialias: bool) -> np.ndarray:
    """The share that each of `length` elements has in each of `size` results; rows add up to 1."""
    scale = length / size
    if interpolation == "area":
        starts = np.arange(size)[:, None] * scale
        places = np.arange(length)
        shares = np.minimum(starts + scale, places + 1) - np.maximum(starts, places)
        return np.asarray(np.maximum(shares, 0) / scale)
    radius, kernel = _KERNELS[interpolation]
    stretch = max(scale, 1.0) if antialias else 1.0
    centers = (np.arange(size)[:, None] + 0.5) * scale
    if interpolation == "bicubic" and not antialias:  # for which TensorFlow has a table of 1/1024
        corner = np.floor(centers - 0.5)
        centers = corner + np.rint((centers - 0.5 - corner) * 1024) / 1024 + 0.5
    distances = np.abs(np.arange(length) + 0.5 - centers) / stretch
    shares = np.where(distances >= radius, 0.0, kernel(distances))
    return np.asarray(shares / shares.sum(1, keepdims=True))


def _lanczos(radius: float) -> Callable[[np.ndarray], np.ndarray]:
    return lambda x: np.sinc(x) * np.sinc(x / radius)


def _cubic(b: float, c: float) -> Callable[[np.ndarray], np.ndarray]:
    """The kernels of Mitchell and Netravali, 1988."""

    def kernel(x: np.ndarray) -> np.ndarray:
        near = (12 - 9 * b - 6 * c) * x**3 + (-18 + 12 * b + 6 * c) * x**2 + (6 - 2 * b)
        far = (-b - 6 * c) * x**3 + (6 * b + 30 * c) * x**2 + (-12 * b - 48 * c) * x
        far += 8 * b + 24 * c
        return np.where(x < 1, near, np.where(x < 2, far, 0.0)) / 6

    return kernel


_KERNELS: dict[str, tuple[float, Callable[[np.ndarray], np.ndarray]]] = {
    "bilinear": (1.0, lambda x: np.maximum(1 - x, 0)),
    "bicubic": (2.0, _cubic(0.0, 0.5)),
    "lanczos3": (3.0, _lanczos(3.0)),
    "lanczos5": (5.0, _lanczos(5.0)),
    "gaussian": (1.5, lambda x: np.exp(-(x**2) / (2 * 0.5**2))),
    "mitchellcubic": (2.0, _cubic(1 / 3, 1 / 3)),
}
"""The radius of each kernel, and its weight at a distance."""
