"""Bins that hold equal shares of data, from summaries of batches, as Keras 3 forms them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def boundaries_of(batches: Sequence[np.ndarray], count: int, epsilon: float) -> list[float]:
    """Return the boundaries of bins for data.

    Args:
        batches: of the data.
        count: how many bins there are to be.
        epsilon: how exact the summary of a batch is, as a share of its elements.
    """
    summary = np.zeros((2, 0), np.float32)
    for batch in batches:
        merged = np.concatenate([_summary(batch, epsilon), summary], axis=1)
        summary = _compressed(merged[:, np.argsort(merged[0])], epsilon)
    return [float(one) for one in _compressed(summary, 1 / count)[0, :-1]]


def _summary(batch: np.ndarray, epsilon: float) -> np.ndarray:
    """Elements at equal distances of the sorted batch, and how many each stands for."""
    ordered = np.sort(batch.astype(np.float32), axis=None)
    step = max(ordered.size * epsilon, 1)
    kept = ordered[int(step - 1) :: int(step)]
    return np.stack([kept, np.full(len(kept), step, np.float32)])


def _compressed(summary: np.ndarray, epsilon: float) -> np.ndarray:
    """The values at multiples of a share of the weights, and the weights between them."""
    if summary.shape[1] * epsilon < 1:
        return summary
    shares = epsilon + np.arange(0, 1, epsilon)
    weights = summary[1].cumsum()
    values, reached = (np.interp(shares, weights / weights[-1], of) for of in (summary[0], weights))
    return np.stack([values, np.diff(reached, prepend=0)]).astype(np.float32)
