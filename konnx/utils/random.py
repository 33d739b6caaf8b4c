"""Where random seeds come from: NumPy's global generator, so that np.random.seed rules them all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import numpy as np

_LARGEST = 2**31 - 1

_run_seeds: ContextVar[np.random.Generator | None] = ContextVar("konnx_run_seeds", default=None)


def draw_seed() -> int:
    """Return a seed from NumPy's global generator, as Keras does where none is given."""
    return int(np.random.randint(_LARGEST))  # noqa: NPY002 - the one that scripts seed


def next_run_seed() -> np.ndarray:
    """Return the seed of one run of a function that draws random numbers (int64 scalar)."""
    own = _run_seeds.get()
    return np.array(draw_seed() if own is None else own.integers(_LARGEST), dtype=np.int64)


@contextmanager
def own_run_seeds(wanted: bool = True) -> Iterator[None]:
    """Draw the seeds of runs inside from a generator of their own, which the global one seeds.

    While a thread reads data that draw from the global generator, runs must not draw from it, too:
    who comes first would be chance.
    """
    token = _run_seeds.set(np.random.default_rng(draw_seed()) if wanted else None)
    try:
        yield
    finally:
        _run_seeds.reset(token)
