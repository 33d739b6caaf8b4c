"""Pictures as arrays, and arrays as pictures, by Pillow (extra `image`)."""

from __future__ import annotations

import importlib
import operator
import os
import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np

from konnx.config import floatx, image_data_format
from konnx.utils.files import atomic_path

Array = np.ndarray[Any, Any]

INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "lanczos", "box", "hamming")
CHANNELS = {"grayscale": 1, "rgb": 3, "rgba": 4}
EXTENSIONS = ("png", "jpg", "jpeg", "bmp", "ppm", "tif", "tiff")

_MODES = {"grayscale": "L", "rgb": "RGB", "rgba": "RGBA"}
_DEEP_GREY = ("I", "I;16")


def import_or_explain(module: str, package: str, purpose: str) -> Any:
    """Import a module of an optional package.

    Raises:
        ImportError: it is not installed; the message says what to install.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ImportError(
            f"{purpose} needs {package}, which is not installed: pip install 'konnx[image]'"
        ) from error


def chosen_format(data_format: str | None) -> str:
    """Return a layout of images, `K.image_data_format()` where none is given.

    Raises:
        ValueError: it is neither "channels_last" nor "channels_first".
    """
    chosen = image_data_format() if data_format is None else data_format
    if chosen not in ("channels_last", "channels_first"):
        raise ValueError(
            "`data_format` must be 'channels_last' or 'channels_first'. "
            f"Received: data_format={data_format!r}"
        )
    return chosen


def array_to_img(
    x: Any, data_format: str | None = None, scale: bool = True, dtype: Any = None
) -> Any:
    """Return an array as a Pillow image.

    Args:
        x: array of shape (height, width, channels), or (channels, height, width), with 1, 3 or 4
            channels.
        data_format: "channels_last" or "channels_first"; default: `K.image_data_format()`.
        scale: stretch the values so that the least becomes 0 and the greatest 255; else they are
            taken as they are.
        dtype: in which to compute; default: `K.floatx()`.

    Raises:
        ValueError: the array is of another shape.
        ImportError: Pillow is not installed.

    Example:
        >>> import numpy as np
        >>> array_to_img(np.ones((4, 6, 3)), "channels_last").size
        (6, 4)
    """
    pillow = import_or_explain("PIL.Image", "Pillow", "Making an image of an array")
    pixels = np.asarray(x, dtype=dtype or floatx())
    if pixels.ndim != 3:
        raise ValueError(f"An image must be an array of rank 3. Received: shape {pixels.shape}")
    if chosen_format(data_format) == "channels_first":
        pixels = pixels.transpose(1, 2, 0)
    if pixels.shape[2] not in CHANNELS.values():
        raise ValueError(
            f"An image must have 1, 3 or 4 channels. Received: {pixels.shape[2]} of them in an "
            f"array of shape {np.shape(x)}"
        )
    if scale:
        pixels = _stretched(pixels)
    if pixels.shape[2] == 1:
        pixels = pixels[:, :, 0]
        if pixels.max(initial=0) > 255:
            return pillow.fromarray(pixels.astype(np.int32))
    return pillow.fromarray(np.ascontiguousarray(pixels.astype(np.uint8)))


def _stretched(pixels: Array) -> Array:
    pixels = pixels - pixels.min(initial=np.inf)
    largest = pixels.max(initial=0)
    if largest != 0:
        pixels /= largest
    pixels *= 255
    return pixels


def img_to_array(img: Any, data_format: str | None = None, dtype: Any = None) -> Array:
    """Return a Pillow image as an array of shape (height, width, channels).

    Args:
        img: the image.
        data_format: "channels_last" or "channels_first"; default: `K.image_data_format()`.
        dtype: of the array; default: `K.floatx()`.

    Raises:
        ValueError: the image has neither two nor three axes.
    """
    chosen = chosen_format(data_format)
    x = np.array(img, dtype=dtype or floatx())
    if x.ndim == 2:
        x = x[:, :, np.newaxis]
    if x.ndim != 3:
        raise ValueError(f"An image must have two axes or three. Received: shape {x.shape}")
    return x.transpose(2, 0, 1) if chosen == "channels_first" else x


def load_img(
    path: Any,
    grayscale: bool = False,
    target_size: tuple[int, int] | None = None,
    interpolation: str = "nearest",
    color_mode: str = "rgb",
    keep_aspect_ratio: bool = False,
) -> Any:
    """Read an image file.

    Args:
        path: the file, or an open one.
        grayscale: older form of `color_mode="grayscale"`.
        target_size: (height, width) to resize it to; default: it keeps its size.
        interpolation: how: "nearest", "bilinear", "bicubic", "lanczos", "box" or "hamming".
        color_mode: "grayscale" (8 bits; more where the file has more), "rgb" or "rgba".
        keep_aspect_ratio: take the largest part in the middle that has the proportions of
            `target_size`, instead of stretching the image.

    Returns:
        A Pillow image.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is no image, is damaged or too large, or an argument is wrong.
        ImportError: Pillow is not installed.
    """
    pillow = import_or_explain("PIL.Image", "Pillow", "Reading an image")
    mode = "grayscale" if grayscale else color_mode
    check_choice("color_mode", mode, CHANNELS)
    check_choice("interpolation", interpolation, INTERPOLATIONS)
    size = None if target_size is None else checked_size(target_size)
    try:
        with pillow.open(path) as file:
            img = _in_mode(file, mode)
    except FileNotFoundError:
        raise
    # Pillow raises SyntaxError and others for damage, and its own error for too many pixels.
    except (OSError, SyntaxError, ValueError, EOFError, pillow.DecompressionBombError) as error:
        raise ValueError(f"The image '{path}' cannot be read: {error}") from error
    if size is not None and img.size != (size[1], size[0]):
        resample = getattr(pillow.Resampling, interpolation.upper())
        box = _middle(img.size, size) if keep_aspect_ratio else None
        img = img.resize((size[1], size[0]), resample, box)
    return img


def _middle(size: tuple[int, int], target_size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Return the left, upper, right and lower border of a part in other proportions."""
    width, height = size
    rows, columns = target_size
    part_width = min(width, max(1, height * columns // rows))
    part_height = min(height, max(1, width * rows // columns))
    left, upper = (width - part_width) // 2, (height - part_height) // 2
    return left, upper, left + part_width, upper + part_height


def checked_size(target_size: Any) -> tuple[int, int]:
    """Return height and width.

    Raises:
        ValueError: they are not two positive whole numbers.
    """
    try:
        rows, columns = (operator.index(size) for size in target_size)
    except (TypeError, ValueError):
        rows = columns = 0
    if min(rows, columns) < 1:
        raise ValueError(
            "`target_size` must be height and width, two positive whole numbers. Received: "
            f"target_size={target_size!r}"
        )
    return rows, columns


def check_choice(name: str, value: Any, choices: Iterable[Any]) -> None:
    """Raise a ValueError unless an argument is one of those allowed."""
    if value not in choices:
        raise ValueError(f"`{name}` must be one of {list(choices)}. Received: {name}={value!r}")


def _in_mode(img: Any, color_mode: str) -> Any:
    if img.mode == _MODES[color_mode] or (color_mode == "grayscale" and img.mode in _DEEP_GREY):
        img.load()  # what is loaded stays when the file is closed
        return img
    return img.convert(_MODES[color_mode])


def save_img(
    path: Any,
    x: Any,
    data_format: str | None = None,
    file_format: str | None = None,
    scale: bool = True,
    **kwargs: Any,
) -> None:
    """Write an array as an image file.

    Args:
        path: the file, or an open one.
        x: see `array_to_img`; so `data_format` and `scale`.
        file_format: such as "png" or "jpeg"; default: by the ending of the path.
        kwargs: arguments of Pillow's `Image.save`.

    Raises:
        ValueError: the array is no image, or the format is unknown.
        ImportError: Pillow is not installed.
    """
    img = array_to_img(x, data_format=data_format, scale=scale)
    kind = (file_format or os.path.splitext(str(path))[1].lstrip(".")).lower()
    if kind in ("jpg", "jpeg"):
        file_format = "jpeg" if file_format else None
        if img.mode == "RGBA":
            warnings.warn("JPEG has no transparency: the image is saved as RGB.", stacklevel=2)
            img = img.convert("RGB")
    if hasattr(path, "write"):
        img.save(path, format=file_format, **kwargs)
        return
    with atomic_path(path) as temporary:
        img.save(temporary, format=file_format, **kwargs)


def list_pictures(directory: str | os.PathLike[str], ext: Any = EXTENSIONS) -> list[str]:
    """Return the paths of the image files in a folder and those below it, in order.

    Args:
        directory: the folder.
        ext: an ending, several of them, or several with "|" between them.
    """
    endings = ext.split("|") if isinstance(ext, str) else ext
    wanted = tuple(f".{ending}" for ending in endings)
    found = (os.path.join(root, f) for root, _, files in os.walk(directory) for f in files)
    return sorted(path for path in found if path.lower().endswith(wanted))
