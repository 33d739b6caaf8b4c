"""Where random seeds come from: NumPy's global generator, so that np.random.seed rules them all."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

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


# States, as plain data and arrays


def numpy_state() -> dict[str, Any]:
    """Return the state of NumPy's global generator."""
    return np.random.get_state(legacy=False)  # noqa: NPY002 - the one that scripts seed


def set_numpy_state(state: dict[str, Any]) -> None:
    """Put NumPy's global generator into a state that it was in."""
    np.random.set_state(state)  # noqa: NPY002 - the one that scripts seed


def random_places() -> tuple[Any, ...]:
    """Return where the global generators are in their streams, to see whether they have moved."""
    numpy, (_, python, _) = numpy_state(), random.getstate()
    words = numpy["state"]
    return words["pos"], int(words["key"][0]), numpy["has_gauss"], python[-1], python[0]


def random_state() -> dict[str, Any]:
    """Return the state of what runs draw their seeds from, and data their order.

    Where runs have a generator of their own, the global ones are the business of the thread that
    reads the data: theirs is left out.
    """
    own = _run_seeds.get()
    if own is not None:
        return {"own": own.bit_generator.state}
    version, numbers, gauss = random.getstate()
    return {"numpy": numpy_state(), "python": [version, np.array(numbers), gauss]}


def set_random_state(state: dict[str, Any]) -> None:
    """Go on drawing from a state that `random_state` returned."""
    own = _run_seeds.get()
    if own is not None and "own" in state:
        own.bit_generator.state = state["own"]
    elif own is None and "numpy" in state:
        set_numpy_state(state["numpy"])
        version, numbers, gauss = state["python"]
        random.setstate((version, tuple(numbers.tolist()), gauss))


def random_source(seed: int | None) -> np.random.RandomState:
    """Return a generator of its own for a seed, or NumPy's global one where none is given.

    The stream of a seed is the one that `np.random.seed(seed)` begins, but nobody else is disturbed
    by it, and nobody disturbs it.
    """
    # NumPy has no public name for the global generator; SciPy and scikit-learn use this one.
    shared: np.random.RandomState = np.random.mtrand._rand
    return shared if seed is None else np.random.RandomState(seed % 2**32)


_idle: list[np.random.RandomState] = []


@contextmanager
def lent_source(seed: int | None) -> Iterator[np.random.RandomState]:
    """Lend what `random_source` gives, for a block; blocks may be nested, and in several threads.

    To make a generator takes a hundred times as long as to seed one that is there.
    """
    if seed is None:
        yield random_source(None)
        return
    try:
        source = _idle.pop()
    except IndexError:
        source = random_source(seed)
    source.seed(seed % 2**32)
    try:
        yield source
    finally:
        _idle.append(source)
