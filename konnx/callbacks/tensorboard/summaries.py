"""Scalars, histograms and images as values of a Summary message.

Source: tensorflow/core/framework/summary.proto, tensorflow/core/lib/histogram/histogram.cc and
tensorflow/core/kernels/summary_image_op.cc.
"""

from __future__ import annotations

import struct
import zlib
from functools import cache

import numpy as np

from konnx.callbacks.tensorboard import wire

_MOST_IMAGES = 3


def scalar(tag: str, value: float) -> bytes:
    """Return a number under a tag."""
    return wire.content(1, tag) + wire.single(2, value)


class Histogram:
    """Counts numbers in buckets that grow by a tenth each, as TensorFlow does.

    Example:
        >>> counted = Histogram()
        >>> counted.add(np.array([1.0, 2.0]))
        >>> counted.count, counted.sum
        (2, 3.0)
    """

    def __init__(self) -> None:
        self.least, self.greatest = np.inf, -np.inf
        self.count = 0
        self.sum = self.sum_squares = 0.0
        self._buckets = np.zeros(len(_limits()), dtype=np.int64)

    def add(self, values: np.ndarray) -> None:
        """Count more numbers; those that are not finite are left out."""
        flat = np.asarray(values, dtype=np.float64).ravel()
        flat = flat[np.isfinite(flat)]
        if not flat.size:
            return
        self.least = min(self.least, float(flat.min()))
        self.greatest = max(self.greatest, float(flat.max()))
        self.count += flat.size
        with np.errstate(over="ignore"):  # infinity is what TensorFlow writes, too
            self.sum += float(flat.sum())
            self.sum_squares += float(np.square(flat).sum())
        places = np.searchsorted(_limits(), flat, side="right")
        last = len(self._buckets) - 1
        self._buckets += np.bincount(np.minimum(places, last), minlength=last + 1)

    def summary(self, tag: str) -> bytes:
        """Return the histogram under a tag."""
        filled = np.flatnonzero(self._buckets)
        # TensorBoard takes a bucket to begin where the one before it ends.
        kept = slice(max(filled[0] - 1, 0), filled[-1] + 1) if filled.size else slice(0, 1)
        message = (
            wire.double(1, self.least if self.count else 0.0)
            + wire.double(2, self.greatest if self.count else 0.0)
            + wire.double(3, self.count)
            + wire.double(4, self.sum)
            + wire.double(5, self.sum_squares)
            + wire.doubles(6, _limits()[kept])
            + wire.doubles(7, self._buckets[kept])
        )
        return wire.content(1, tag) + wire.content(5, message)


@cache
def _limits() -> np.ndarray:
    """The upper ends of the buckets."""
    positive = 1e-12 * np.cumprod(np.full(775, 1.1))
    positive = np.concatenate([[1e-12], positive[positive < 1e20], [np.finfo(np.float64).max]])
    return np.concatenate([-positive[::-1], [0.0], positive])


def histogram(tag: str, values: np.ndarray) -> bytes:
    """Return how numbers are spread, under a tag."""
    counted = Histogram()
    counted.add(values)
    return counted.summary(tag)


def images(tag: str, values: np.ndarray) -> list[bytes]:
    """Return the first three of several grey images, each under a tag of its own.

    Args:
        tag: followed by "/image/0" and so on.
        values: (images, height, width), of any range; black is 0 where none is negative, else 0 is
            grey.
    """
    return [
        wire.content(1, f"{tag}/image/{number}") + wire.content(4, _image(one))
        for number, one in enumerate(values[:_MOST_IMAGES])
    ]


def _image(values: np.ndarray) -> bytes:
    height, width = values.shape
    grey = _grey(values)
    return b"".join([
        wire.integer(1, height), wire.integer(2, width), wire.integer(3, 1),
        wire.content(4, _png(grey)),
    ])  # fmt: skip


def _grey(values: np.ndarray) -> np.ndarray:
    finite = np.where(np.isfinite(values), values, 0.0)
    least, greatest = finite.min(), finite.max()
    offset, room = (128.0, 127.0) if least < 0 else (0.0, 255.0)
    largest = max(abs(least), abs(greatest))
    scaled = finite * (room / largest if largest >= 1e-6 else 0.0) + offset
    return scaled.astype(np.uint8)


def _png(grey: np.ndarray) -> bytes:
    """One byte a pixel, no filter.

    Source: https://www.w3.org/TR/png/
    """
    height, width = grey.shape
    rows = np.zeros((height, width + 1), dtype=np.uint8)  # each begins with its filter
    rows[:, 1:] = grey
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = [(b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes())), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in parts)


def _chunk(kind: bytes, data: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(kind + data))
    return struct.pack(">I", len(data)) + kind + data + checksum
