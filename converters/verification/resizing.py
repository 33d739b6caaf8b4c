"""Resizing images in plain NumPy: for each axis a matrix of weights.

Source: the documentation of tf.image.resize; Keys, Cubic convolution interpolation, 1981; Mitchell
and Netravali, Reconstruction filters in computer graphics, 1988; Duchon, Lanczos filtering, 1979.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from konnx.converters.verification.activations import UnsupportedError

Array = np.ndarray[Any, Any]
Config = Mapping[str, Any]


def resized(
    x: Array,
    sizes: Sequence[int],
    interpolation: str,
    *,
    antialias: bool = False,
    half_pixel_centers: bool = True,
) -> Array:
    """Return images, (batch, rows, columns, channels), with other numbers of rows and columns.

    Raises:
        UnsupportedError: the interpolation is unknown.
    """
    for axis, size in enumerate(sizes, start=1):
        scale = x.shape[axis] / size
        places = (np.arange(size) + 0.5) * scale  # of the middle of each new pixel
        if not half_pixel_centers:
            places += (1 - scale) / 2  # upper left corners lie on each other
        weights = _weights(x.shape[axis], places, scale, interpolation, antialias=antialias)
        x = np.moveaxis(np.tensordot(weights, x, (1, axis)), 0, axis)
    return x.astype(np.float32)


def _weights(
    size: int, places: Array, scale: float, interpolation: str, *, antialias: bool
) -> Array:
    """How much each old pixel (column) counts for each new one (row)."""
    if interpolation == "nearest":
        nearest = np.minimum(np.floor(places), size - 1)
        return np.asarray(nearest[:, np.newaxis] == np.arange(size))
    if interpolation == "area":
        return _overlaps(size, len(places)) / scale
    if interpolation not in _KERNELS:
        raise UnsupportedError(f"interpolation {interpolation!r}")
    width = max(scale, 1.0) if antialias else 1.0
    if interpolation == "bicubic" and not antialias:
        places = np.round((places - 0.5) * 1024) / 1024 + 0.5  # TensorFlow has a table of 1024
    apart = (np.arange(size) + 0.5 - places[:, np.newaxis]) / width
    weights = _KERNELS[interpolation](np.abs(apart))
    return np.asarray(weights / weights.sum(1, keepdims=True))


def _overlaps(size: int, wanted: int) -> Array:
    """The length that each new pixel, as wide as many old ones, shares with an old one."""
    edges = np.arange(wanted + 1) * (size / wanted)
    old = np.arange(size)
    shared = np.minimum(edges[1:, np.newaxis], old + 1) - np.maximum(edges[:-1, np.newaxis], old)
    return np.asarray(np.maximum(shared, 0))


def _cubic(b: float, c: float) -> Callable[[Array], Array]:
    """The cubic filters of Mitchell and Netravali; Keys' is that of b = 0, c = 1/2."""

    def kernel(x: Array) -> Array:
        near = (12 - 9 * b - 6 * c) * x**3 + (12 * b + 6 * c - 18) * x**2 + (6 - 2 * b)
        far = -(b + 6 * c) * x**3 + (6 * b + 30 * c) * x**2 - (12 * b + 48 * c) * x + 8 * b + 24 * c
        return np.where(x < 1, near, np.where(x < 2, far, 0)) / 6

    return kernel


def _lanczos(radius: int) -> Callable[[Array], Array]:
    return lambda x: np.where(x < radius, np.sinc(x) * np.sinc(x / radius), 0)


_KERNELS: Mapping[str, Callable[[Array], Array]] = {
    "bicubic": _cubic(0, 0.5),
    "bilinear": lambda x: np.maximum(1 - x, 0),
    "gaussian": lambda x: np.where(x < 1.5, np.exp(-2 * x**2), 0),
    "lanczos3": _lanczos(3),
    "lanczos5": _lanczos(5),
    "mitchellcubic": _cubic(1 / 3, 1 / 3),
}


# Layers ---------------------------------------------------------------------------------------


def resizing(config: Config, weights: Sequence[Array], x: Array) -> Array:
    """`Resizing`: perhaps of a part that has the new proportions, or of the image with a border."""
    height, width = wanted = config["height"], config["width"]
    rows, columns = x.shape[1:3]
    as_high, as_wide = columns * height / width, rows * width / height
    if config.get("crop_to_aspect_ratio"):
        x = _middle(x, min(rows, int(as_high)), min(columns, int(as_wide)))
    elif config.get("pad_to_aspect_ratio"):
        x = _framed(x, max(rows, int(as_high)), max(columns, int(as_wide)), config["fill_value"])
    antialias = bool(config.get("antialias"))
    return resized(x, wanted, config["interpolation"], antialias=antialias)


def _middle(x: Array, rows: int, columns: int) -> Array:
    top, left = (x.shape[1] - rows) // 2, (x.shape[2] - columns) // 2
    return x[:, top : top + rows, left : left + columns]


def _framed(x: Array, rows: int, columns: int, value: float) -> Array:
    amounts = [(0, 0)]
    for size, wanted in zip(x.shape[1:3], (rows, columns), strict=True):
        half = (wanted - size) // 2  # of an odd border Keras leaves out one row
        amounts.append((half, half))
    return np.pad(x, [*amounts, (0, 0)], constant_values=value)


def center_crop(config: Config, weights: Sequence[Array], x: Array) -> Array:
    """`CenterCrop`: the middle; of images that are smaller, the middle of them resized."""
    height, width = config["height"], config["width"]
    if x.shape[1] >= height and x.shape[2] >= width:
        return _middle(x, height, width)
    return random_crop(config, weights, x)


def random_crop(config: Config, weights: Sequence[Array], x: Array) -> Array:
    """`RandomCrop` in inference: the largest middle of the new proportions, resized."""
    whole = {"crop_to_aspect_ratio": True, "interpolation": "bilinear"}
    return resizing({**config, **whole}, weights, x)


def up_sampling(config: Config, x: Array, factors: Sequence[int]) -> Array:
    """`UpSampling2D` that interpolates, channels last."""
    sizes = [size * factor for size, factor in zip(x.shape[1:], factors, strict=False)]
    middles = config.get("half_pixel_centers", True)
    return resized(x, sizes, config["interpolation"], half_pixel_centers=middles)


RESIZING = {"CenterCrop": center_crop, "RandomCrop": random_crop, "Resizing": resizing}
