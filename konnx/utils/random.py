"""Where random seeds come from: NumPy's global generator, so that np.random.seed rules them all."""

from __future__ import annotations

import numpy as np

_LARGEST = 2**31 - 1


def draw_seed() -> int:
    """Return a seed from NumPy's global generator, as Keras does where none is given."""
    return int(np.random.randint(_LARGEST))  # noqa: NPY002 - the one that scripts seed


def next_run_seed() -> np.ndarray:
    """Return the seed of one run of a function that draws random numbers (int64 scalar)."""
    return np.array(draw_seed(), dtype=np.int64)
