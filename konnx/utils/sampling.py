"""Random arrays, drawn with NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np

Shape = tuple[int, ...]
DType = np.dtype[Any]


def draw_seed() -> int:
    """Return a seed from NumPy's global generator, the one that `numpy.random.seed` sets."""
    return int(np.random.randint(2**31 - 1))  # noqa: NPY002  # scripts are made repeatable by it


def scaled(values: np.ndarray, factor: float, offset: float = 0.0) -> np.ndarray:
    """Return values * factor + offset; the values are overwritten."""
    values *= values.dtype.type(factor)
    if offset:
        values += values.dtype.type(offset)
    return values


def uniform(
    generator: np.random.Generator, shape: Shape, dtype: DType, low: float, high: float
) -> np.ndarray:
    """Draw evenly between two bounds.

    Args:
        generator: where random numbers come from.
        shape: sizes of the array.
        dtype: float32 or float64.
        low: the lower bound.
        high: the upper bound.
    """
    return scaled(generator.random(shape, dtype=dtype), high - low, low)


def truncated_normal(
    generator: np.random.Generator,
    shape: Shape,
    dtype: DType,
    stddev: float,
    mean: float = 0.0,
) -> np.ndarray:
    """Draw normally, and again what is more than two standard deviations off the mean.

    Args:
        generator: where random numbers come from.
        shape: sizes of the array.
        dtype: float32 or float64.
        stddev: the standard deviation before truncation.
        mean: the mean.
    """
    values = generator.standard_normal(shape, dtype=dtype)
    flat = values.reshape(-1)
    outside = np.flatnonzero(np.abs(flat) > 2)
    while outside.size:
        flat[outside] = generator.standard_normal(outside.size, dtype=dtype)
        outside = outside[np.abs(flat[outside]) > 2]
    return scaled(values, stddev, mean)


def orthogonal(generator: np.random.Generator, rows: int, columns: int) -> np.ndarray:
    """Draw a matrix whose rows or columns, whichever are fewer, are orthonormal.

    Every orientation is equally likely. Source: Mezzadri, How to generate random matrices from
    the classical compact groups, 2007.
    """
    q, r = np.linalg.qr(generator.standard_normal((max(rows, columns), min(rows, columns))))
    q *= np.where(np.diagonal(r) < 0, -1.0, 1.0)
    return q if rows >= columns else q.T
