"""A step of which several processes or devices compute a part of the batch each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

import numpy as np

from konnx.function import Function

Compute = Callable[[Sequence[Any]], list[np.ndarray]]


class Exchange(Protocol):
    """Those that compute the parts of a batch."""

    evaluates: bool
    """Whether they share the batches of evaluation, too."""

    def spread(self, compute: Function, means: int) -> Compute:
        """Return what computes a whole batch in parts, and puts together what they give.

        Args:
            compute: from a batch to its values.
            means: how many of the values, the first ones, are means over the samples; the others
                are sums.
        """


class ExchangedStep:
    """Computes on the parts of a batch, and applies what they give together.

    Args:
        compute: from a whole batch to the values of a step, and then what is to be applied.
        apply: takes the latter, gives variables their new values, and returns values, too.
        is_applied: for each value that the step returns, whether it comes from `apply`.
    """

    def __init__(self, compute: Compute, apply: Compute, is_applied: Sequence[bool]) -> None:
        self._compute, self._apply = compute, apply
        self._is_applied = list(is_applied)

    def __call__(self, arrays: Sequence[Any]) -> list[np.ndarray]:
        """Take a step on a whole batch; returns values over all of it."""
        found = self._compute(arrays)
        computed = self._is_applied.count(False)
        early, late = iter(found[:computed]), iter(self._apply(found[computed:]))
        return [next(late if is_applied else early) for is_applied in self._is_applied]


def part_of(arrays: Sequence[Any], number: int, count: int) -> list[Any]:
    """Return one of `count` parts of the samples, which differ by one sample at most."""
    samples = len(arrays[0])
    start, stop = (samples * one // count for one in (number, number + 1))
    return [array[start:stop] for array in arrays]


def shares_of(arrays: Sequence[np.ndarray], means: int, share: float) -> Iterator[np.ndarray]:
    """Yield what a part adds to the whole: its share of each mean, and sums as they are."""
    for number, array in enumerate(arrays):
        yield array * share if number < means else array


def as_dtype(array: np.ndarray, dtype: np.dtype[Any]) -> np.ndarray:
    """Return an array that was added up, in the dtype of its parts."""
    is_rounded = array.dtype.kind == "f" and dtype.kind in "iu"
    return (np.rint(array) if is_rounded else array).astype(dtype, copy=False)
