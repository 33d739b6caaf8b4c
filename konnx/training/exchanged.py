"""A training step that several processes take together, each on its part of the batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from konnx.function import Function


class Exchange(Protocol):
    """What processes that train one model tell each other."""

    def part(self, arrays: Sequence[Any]) -> list[Any]:
        """Return this process' part of the samples of a batch."""

    def mean(self, arrays: Sequence[np.ndarray], samples: int) -> list[np.ndarray]:
        """Return the means over all processes, each weighted by its number of samples."""


class ExchangedStep:
    """Computes gradients on a part of the batch, and applies the mean of all processes'.

    Args:
        compute: from a batch to the values that a step returns, and what is to be exchanged.
        apply: takes the means of the latter and gives variables their new values.
        values: how many values a step returns.
        exchange: between the processes.
    """

    def __init__(self, compute: Function, apply: Function, values: int, exchange: Exchange) -> None:
        self._compute, self._apply = compute, apply
        self._values, self._exchange = values, exchange

    def __call__(self, arrays: Sequence[Any]) -> list[np.ndarray]:
        """Train on a batch, which is the same in all processes; returns means over all of it."""
        own = self._exchange.part(arrays)
        samples = len(own[0])
        found = self._compute(own) if samples else self._nothing()
        means = self._exchange.mean(found, samples)
        self._apply(means[self._values :])
        return means[: self._values]

    def _nothing(self) -> list[np.ndarray]:
        """What a process adds that got no sample."""
        shapes = [[size or 0 for size in one.shape] for one in self._compute.outputs]
        return [
            np.zeros(shape, one.dtype)
            for shape, one in zip(shapes, self._compute.outputs, strict=True)
        ]
