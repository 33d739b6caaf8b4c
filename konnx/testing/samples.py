"""Arrays at which functions are easy to differentiate numerically."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def normal(shape: Sequence[int], seed: int = 0) -> np.ndarray:
    """Return normally distributed numbers (float64).

    Example:
        >>> normal((2, 3)).shape
        (2, 3)
    """
    return np.random.default_rng(seed).normal(size=tuple(shape))


def positive(shape: Sequence[int], seed: int = 0) -> np.ndarray:
    """Return numbers between 0.5 and 2, for logarithms, roots and divisors.

    Example:
        >>> bool(positive((100,)).min() >= 0.5)
        True
    """
    return np.random.default_rng(seed).uniform(0.5, 2.0, size=tuple(shape))


def spaced(shape: Sequence[int], seed: int = 0, gap: float = 0.1) -> np.ndarray:
    """Return distinct numbers in random order, evenly spaced around 0, which is not among them.

    A step that is small beside `gap` then crosses neither a kink at 0 nor a tie of two elements.

    Example:
        >>> sorted(spaced((4,)).round(2).tolist())
        [-0.15, -0.05, 0.05, 0.15]
    """
    count = int(np.prod(shape))
    values = (np.arange(count) - (count - 1) / 2) * gap
    if count % 2:
        values += gap / 2
    return np.random.default_rng(seed).permutation(values).reshape(tuple(shape))
