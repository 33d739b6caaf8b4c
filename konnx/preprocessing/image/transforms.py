"""Changes of one image: turned, moved, sheared, zoomed, brighter, in other colours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from konnx.preprocessing.image.pictures import array_to_img, img_to_array, import_or_explain
from konnx.utils.random import random_source

Array = np.ndarray[Any, Any]

FILL_MODES = ("constant", "nearest", "reflect", "wrap")

# By the axis of channels: the order of axes that has it first, and the way back.
_CHANNELS_FIRST = (((0, 1, 2), (0, 1, 2)), ((1, 0, 2), (1, 0, 2)), ((2, 0, 1), (1, 2, 0)))


def flip_axis(x: Any, axis: int) -> Array:
    """Return an image with one axis reversed."""
    array = np.asarray(x)
    reverse: Array = array[(slice(None),) * (axis % array.ndim) + (slice(None, None, -1),)]
    return reverse


def apply_affine_transform(
    x: Array,
    theta: float = 0,
    tx: float = 0,
    ty: float = 0,
    shear: float = 0,
    zx: float = 1,
    zy: float = 1,
    row_axis: int = 0,
    col_axis: int = 1,
    channel_axis: int = 2,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    order: int = 1,
) -> Array:
    """Turn, move, shear and zoom an image around its middle, in this order.

    Args:
        x: array of rank 3.
        theta: degrees to turn.
        tx: pixels to move along the rows' axis.
        ty: pixels to move along the columns' axis.
        shear: degrees to shear.
        zx: factor on what is shown along the rows' axis: below 1 things get larger.
        zy: the same along the columns' axis.
        row_axis: axis of rows; `col_axis` and `channel_axis` likewise.
        fill_mode: what is beyond the borders: "constant", "nearest", "reflect" or "wrap".
        cval: the constant.
        order: of the splines that interpolate, 0 to 5.

    Raises:
        ImportError: SciPy is not installed.
    """
    if (theta, tx, ty, shear, zx, zy) == (0, 0, 0, 0, 1, 1):
        return x
    matrix = _affine_matrix(theta, tx, ty, shear, zx, zy)
    return _transformed(
        x, matrix, (row_axis, col_axis, channel_axis), mode=fill_mode, cval=cval, order=order
    )


def _affine_matrix(theta: float, tx: float, ty: float, shear: float, zx: float, zy: float) -> Array:
    """Return the product of the changes that are asked for, in homogeneous coordinates."""
    product = np.eye(3)
    if theta != 0:
        c, s = np.cos(np.deg2rad(theta)), np.sin(np.deg2rad(theta))
        product = product @ np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
    if tx != 0 or ty != 0:
        product = product @ np.array([[1, 0, tx], [0, 1, ty], [0, 0, 1]])
    if shear != 0:
        c, s = np.cos(np.deg2rad(shear)), np.sin(np.deg2rad(shear))
        product = product @ np.array([[1, -s, 0], [0, c, 0], [0, 0, 1]])
    if zx != 1 or zy != 1:
        product = product @ np.diag([zx, zy, 1])
    return product


def _around_middle(matrix: Array, rows: int, columns: int) -> Array:
    """Return a change around the middle, by Keras' products.

    Other ways to compute it round differently, and a pixel right on the border would be beyond it.
    """
    row, column = rows / 2 + 0.5, columns / 2 + 0.5
    there = np.array([[1, 0, row], [0, 1, column], [0, 0, 1]])
    back = np.array([[1, 0, -row], [0, 1, -column], [0, 0, 1]])
    product: Array = there @ matrix @ back
    return product


def _transformed(x: Array, matrix: Array, axes: tuple[int, int, int], **options: Any) -> Array:
    ndimage = import_or_explain("scipy.ndimage", "SciPy", "Transforming images")
    row_axis, col_axis, channel_axis = axes
    around = _around_middle(matrix, x.shape[row_axis], x.shape[col_axis])
    linear, offset = around[:2, :2], around[:2, 2]
    if linear.tolist() == [[1, 0], [0, 1]]:
        linear = np.ones(2)  # SciPy moves images faster by their axes, to the same result
    first, back = _CHANNELS_FIRST[channel_axis % 3]
    channels = x.transpose(first)
    # One channel after the other: SciPy is slower on all three axes at once.
    result = np.empty_like(channels)
    for channel, output in zip(channels, result, strict=True):
        ndimage.affine_transform(channel, linear, offset, output=output, **options)
    return result.transpose(back)


def apply_channel_shift(x: Array, intensity: float, channel_axis: int = 0) -> Array:
    """Add a number to all values; none leaves the range that they had.

    Args:
        x: the image.
        intensity: the number.
        channel_axis: not used; all channels are treated alike.
    """
    return np.clip(x + intensity, np.min(x), np.max(x)).astype(x.dtype, copy=False)


def apply_brightness_shift(x: Any, brightness: float, data_format: str | None = None) -> Array:
    """Make an image brighter or darker; its values are stretched to 0 to 255 first, as in Keras.

    Args:
        x: array of rank 3.
        brightness: 0 is black, 1 changes nothing, more is brighter.
        data_format: "channels_last" or "channels_first"; default: `K.image_data_format()`.

    Raises:
        ImportError: Pillow is not installed.
    """
    enhance = import_or_explain("PIL.ImageEnhance", "Pillow", "Changing the brightness")
    img = array_to_img(x, data_format)
    return img_to_array(enhance.Brightness(img).enhance(brightness), data_format)


def random_rotation(
    x: Array,
    rg: float,
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    interpolation_order: int = 1,
) -> Array:
    """Turn an image by up to `rg` degrees either way; see `apply_affine_transform`."""
    theta = random_source(None).uniform(-rg, rg)
    return apply_affine_transform(
        x, theta, 0, 0, 0, 1, 1, row_axis, col_axis, channel_axis, fill_mode, cval,
        interpolation_order,
    )  # fmt: skip


def random_shift(
    x: Array,
    wrg: float,
    hrg: float,
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    interpolation_order: int = 1,
) -> Array:
    """Move an image by up to a share `wrg` of its width and `hrg` of its height either way."""
    random = random_source(None)
    tx = random.uniform(-hrg, hrg) * x.shape[row_axis]
    ty = random.uniform(-wrg, wrg) * x.shape[col_axis]
    return apply_affine_transform(
        x, 0, tx, ty, 0, 1, 1, row_axis, col_axis, channel_axis, fill_mode, cval,
        interpolation_order,
    )  # fmt: skip


def random_shear(
    x: Array,
    intensity: float,
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    interpolation_order: int = 1,
) -> Array:
    """Shear an image by up to `intensity` degrees either way; see `apply_affine_transform`."""
    shear = random_source(None).uniform(-intensity, intensity)
    return apply_affine_transform(
        x, 0, 0, 0, shear, 1, 1, row_axis, col_axis, channel_axis, fill_mode, cval,
        interpolation_order,
    )  # fmt: skip


def random_zoom(
    x: Array,
    zoom_range: Sequence[float],
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    interpolation_order: int = 1,
) -> Array:
    """Zoom an image by factors between two limits, one for each axis.

    Raises:
        ValueError: `zoom_range` is not two numbers.
    """
    low, high = two_numbers("zoom_range", zoom_range)
    zx, zy = (1.0, 1.0) if low == high == 1 else random_source(None).uniform(low, high, 2)
    return apply_affine_transform(
        x, 0, 0, 0, 0, zx, zy, row_axis, col_axis, channel_axis, fill_mode, cval,
        interpolation_order,
    )  # fmt: skip


def random_channel_shift(x: Array, intensity_range: float, channel_axis: int = 0) -> Array:
    """Add a number, up to `intensity_range` either way; see `apply_channel_shift`."""
    shift = random_source(None).uniform(-intensity_range, intensity_range)
    return apply_channel_shift(x, shift, channel_axis)


def random_brightness(x: Any, brightness_range: Sequence[float]) -> Array:
    """Make an image brighter or darker, between two limits; see `apply_brightness_shift`.

    Raises:
        ValueError: `brightness_range` is not two numbers.
    """
    low, high = two_numbers("brightness_range", brightness_range)
    return apply_brightness_shift(x, random_source(None).uniform(low, high))


def two_numbers(name: str, value: Any) -> tuple[float, float]:
    """Return a pair of limits.

    Raises:
        ValueError: the argument is no pair of numbers.
    """
    try:
        low, high = (float(limit) for limit in value)
    except (TypeError, ValueError) as error:
        raise ValueError(f"`{name}` must be two numbers. Received: {name}={value!r}") from error
    return low, high
