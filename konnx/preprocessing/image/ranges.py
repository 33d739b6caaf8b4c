"""How far images may be changed, and draws from that as keras_preprocessing draws."""

from __future__ import annotations

from typing import Any

import numpy as np

from konnx.preprocessing.image.transforms import two_numbers


def check_number(name: str, value: Any) -> None:
    """Raise a ValueError unless an argument is a number."""
    if not isinstance(value, int | float | np.number):
        raise ValueError(f"`{name}` must be a number. Received: {name}={value!r}")


def zoom_limits(zoom_range: Any) -> list[float]:
    """Return two limits, of a pair or around 1."""
    if np.isscalar(zoom_range):
        zoom_range = [1 - zoom_range, 1 + zoom_range]  # type: ignore[operator]  # a number
    return list(two_numbers("zoom_range", zoom_range))


def shift_limits(name: str, value: Any) -> Any:
    """Return a number that is not negative, or a list of numbers."""
    limits = np.asarray(value)
    if not limits.size:
        return 0.0
    if limits.dtype.kind not in "iuf" or limits.ndim > 1 or (limits.ndim == 0 and limits < 0):
        raise ValueError(
            f"`{name}` must be a number from 0 on, or a list of numbers. Received: {name}={value!r}"
        )
    return limits.item() if limits.ndim == 0 else limits


def either_way(limit: float, random: np.random.RandomState) -> float:
    """Draw a number up to a limit, with either sign; nothing is drawn for a limit of 0."""
    return random.uniform(-limit, limit) if limit else 0.0


def shift(limits: Any, size: int, random: np.random.RandomState) -> float:
    """Draw a number of pixels from a list, below a whole number, or within a float either way."""
    if isinstance(limits, float):
        shift = random.uniform(-limits, limits) if limits else 0.0
        return shift * size if limits < 1 else shift
    if isinstance(limits, int) and not limits:
        return 0.0
    shift = random.choice(limits) * random.choice([-1, 1])
    return float(shift * size if np.max(limits) < 1 else shift)
