"""Images as inputs of a model, read with Pillow."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from konnx.cli.onnx_files import Value
from konnx.cli.texts import Size

Array = np.ndarray[Any, Any]

_MODES = {1: "L", 3: "RGB", 4: "RGBA"}


@dataclass(frozen=True)
class Pixels:
    """How pixels, 0 to 255, become numbers: (pixels · scale - mean) / std, by channel.

    Attributes:
        scale: factor on the pixels.
        mean: what is taken off each channel, in their order; one number for all.
        std: what each is divided by.
        channels: the order of the colours, "RGB" or "BGR".
    """

    scale: float = 1.0
    mean: Sequence[float] = (0.0,)
    std: Sequence[float] = (1.0,)
    channels: str = "RGB"

    def __call__(self, pixels: Array) -> Array:
        """Return the numbers for pixels of shape (height, width) or (height, width, channels)."""
        if self.channels == "BGR" and pixels.ndim == 3 and pixels.shape[-1] == 3:
            pixels = pixels[..., ::-1]
        if (self.scale, *self.mean, *self.std) == (1.0, 0.0, 1.0):
            return pixels
        numbers = pixels.astype(np.float32) * np.float32(self.scale)
        return (numbers - self._each(self.mean, pixels)) / self._each(self.std, pixels)

    def _each(self, values: Sequence[float], pixels: Array) -> Array:
        channels = pixels.shape[-1] if pixels.ndim == 3 else 1
        if len(values) not in (1, channels):
            raise ValueError(
                f"The preprocessing is for {len(values)} channels, and the image has {channels}. "
                "Give --scale to use that instead."
            )
        return np.asarray(values, np.float32)


def read_image(file: str, value: Value, pixels: Pixels | None = None) -> Array:
    """Read an image as one sample for an input, in grey or in colours as its channels ask for.

    Args:
        file: of any format that Pillow reads.
        value: the input, whose shape is (batch, height, width), (batch, height, width, channels)
            or (batch, channels, height, width). The image is not resized.
        pixels: how they become numbers; default: they stay as they are.

    Returns:
        The numbers with a batch axis of 1: uint8, or float32 if they are not the pixels as such.

    Raises:
        ValueError: the file is no image, or its size or the input's shape does not fit.
        ImportError: Pillow is not installed.
    """
    channels, first = _channels(value, file)
    with _open_image(file) as image:
        _check_size(image, value, file, first)  # before the pixels are decoded
        try:
            numbers = (pixels or Pixels())(np.asarray(image.convert(_MODES[channels])))
        except (OSError, SyntaxError) as error:
            raise ValueError(f"The image '{file}' cannot be decoded: {error}") from error
    return _arranged(numbers, len(value.shape or ()), first)[np.newaxis]


def _channels(value: Value, file: str) -> tuple[int, bool]:
    """Return how many channels an input has, and whether their axis comes first."""
    shape = value.shape or ()
    if len(shape) == 3:
        return 1, False
    if len(shape) == 4 and isinstance(shape[3], int) and shape[3] in _MODES:
        return shape[3], False
    if len(shape) == 4 and isinstance(shape[1], int) and shape[1] in _MODES:
        return shape[1], True
    raise ValueError(
        f"'{file}' is no .npy or .npz file, and input '{value.name}' takes no image: it is "
        f"{value}. Expected for an image: a shape of (batch, height, width, channels) or (batch, "
        "channels, height, width), with 1, 3 or 4 channels."
    )


def _open_image(file: str) -> Any:
    try:
        pillow = importlib.import_module("PIL.Image")
    except ImportError as error:
        raise ImportError(
            f"'{file}' is no .npy or .npz file, and reading images needs Pillow: "
            'pip install "konnx[image]"'
        ) from error
    try:
        return pillow.open(file)
    except FileNotFoundError:
        raise
    except (OSError, SyntaxError, ValueError, pillow.DecompressionBombError) as error:
        raise ValueError(
            f"'{file}' cannot be read as an input ({error}). Expected: .npy, .npz or an image."
        ) from error


def _check_size(image: Any, value: Value, file: str, first: bool) -> None:
    shape: tuple[Size, ...] = value.shape or ()
    height, width = shape[2:4] if first else shape[1:3]
    wanted = (width, height)
    if any(isinstance(w, int) and w != g for w, g in zip(wanted, image.size, strict=True)):
        raise ValueError(
            f"The image '{file}' has {image.size[0]} × {image.size[1]} pixels (width × height), "
            f"and input '{value.name}' takes {width} × {height}. Resize the image."
        )


def _arranged(pixels: Array, rank: int, first: bool) -> Array:
    if rank == 3:
        return pixels
    pixels = np.atleast_3d(pixels)
    return pixels.transpose(2, 0, 1) if first else pixels
