"""Hits and misses of a classifier, at one threshold or many."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from konnx import ops
from konnx.graph import ShapeError, Tensor, op
from konnx.metrics.stateful import StatefulMetric, divide_or_zero

_LOWEST = -1e10  # below every score


class Labelled(NamedTuple):
    """Scores, and what they count for: float32, (samples, labels)."""

    scores: Tensor
    positives: Tensor
    negatives: Tensor


def labelled(
    y_true: Tensor,
    y_pred: Tensor,
    weights: Tensor | None,
    label_weights: Sequence[float] | None = None,
    *,
    by_label: bool = False,
) -> Labelled:
    """Return the scores with the weights of those that are true, and of those that are not.

    Args:
        y_true: 0 or 1, of the shape of `y_pred`.
        y_pred: scores.
        weights: the first axes of `y_pred`.
        label_weights: one for each along the last axis.
        by_label: whether the last axis is one of labels; else there is only one.

    Raises:
        ShapeError: the shapes of targets and scores differ.
    """
    y_pred, y_true = ops.cast(y_pred, "float32"), ops.cast(y_true, "float32")
    _check_shapes(y_true, y_pred)
    counted = ops.zeros_like(y_pred) + 1.0
    if weights is not None:
        added = list(range(weights.ndim, y_pred.ndim))
        weights = ops.cast(weights, "float32")
        for axis in added:
            weights = ops.expand_dims(weights, axis)
        counted = counted * weights
    if label_weights is not None:
        counted = counted * np.array(label_weights, "float32")
    labels = y_pred.shape[-1] if by_label else 1
    shape = [-1, labels]
    columns = [ops.reshape(one, shape) for one in (y_pred, y_true * counted, counted)]
    return Labelled(columns[0], columns[1], columns[2] - columns[1])


def _check_shapes(y_true: Tensor, y_pred: Tensor) -> None:
    pairs = zip(y_true.shape[1:], y_pred.shape[1:], strict=False)
    if y_true.ndim != y_pred.ndim or any(None not in (a, b) and a != b for a, b in pairs):
        raise ShapeError(
            "The targets must have the shape of the output, one 0 or 1 for each score. Received: "
            f"targets {y_true.shape}, output {y_pred.shape}. For class numbers, use one-hot rows "
            "(konnx.utils.to_categorical)."
        )


def above(thresholds: Sequence[float], given: Labelled) -> list[Tensor]:
    """Return the weights of true and of false positives: (thresholds, labels) each.

    A score is positive if it is greater than the threshold.
    """
    limits = np.array(thresholds, "float32")
    if is_even(thresholds):
        return _above_even(len(limits), given)
    scores = ops.expand_dims(given.scores, 1)
    is_positive = ops.cast(ops.greater(scores, limits[:, np.newaxis]), "float32")
    return [
        ops.sum(is_positive * ops.expand_dims(weights, 1), 0)
        for weights in (given.positives, given.negatives)
    ]


def _above_even(count: int, given: Labelled) -> list[Tensor]:
    """Count scores by the greatest threshold that they are above, and add up from the top."""
    within = ops.clip(given.scores, 0.0, 1.0)
    places = ops.maximum(op("Ceil", within * float(count - 1)) - 1.0, 0.0)
    places = ops.cast(places, "int64")
    zeros = ops.as_tensor(np.zeros((count, given.scores.shape[-1] or 1), "float32"))
    return [
        op(
            "CumSum",
            op("ScatterElements", zeros, places, weights, axis=0, reduction="add"),
            ops.as_tensor(np.array(0)),
            reverse=1,
        )
        for weights in (given.positives, given.negatives)
    ]


def is_even(thresholds: Sequence[float]) -> bool:
    """Tell whether thresholds are 3 or more, spread evenly from 0 to 1."""
    even = np.linspace(0.0, 1.0, len(thresholds))
    return len(thresholds) >= 3 and bool(np.allclose(thresholds, even, atol=1e-7))


def checked_thresholds(owner: str, thresholds: Any, default: float) -> list[float]:
    """Return thresholds as a list; None: the default.

    Raises:
        ValueError: one is no number from 0 to 1.
    """
    if thresholds is None:
        return [default]
    given = thresholds if isinstance(thresholds, list | tuple | np.ndarray) else [thresholds]
    try:
        numbers = [float(one) for one in given]
    except (TypeError, ValueError):
        numbers = []
    if not numbers or not all(0 <= one <= 1 for one in numbers):
        raise ValueError(
            f"`{owner}`: `thresholds` must be numbers from 0 to 1. Received: {thresholds!r}"
        )
    return numbers


class _OfPredictions(StatefulMetric):
    """What Precision and Recall have in common."""

    def __init__(
        self,
        thresholds: float | Sequence[float] | None = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(name, dtype)
        for argument, value, least in (("top_k", top_k, 1), ("class_id", class_id, 0)):
            if value is not None and value not in range(least, 2**31):
                raise ValueError(
                    f"`{type(self).__name__}`: `{argument}` must be an integer, {least} or more. "
                    f"Received: {argument}={value!r}"
                )
        self.init_thresholds, self.top_k, self.class_id = thresholds, top_k, class_id
        default = 0.5 if top_k is None else _LOWEST
        self.thresholds = checked_thresholds(type(self).__name__, thresholds, default)

    def _labelled(self, y_true: Tensor, y_pred: Tensor, weights: Tensor | None) -> Labelled:
        y_true = ops.cast(ops.not_equal(y_true, 0), "float32")
        y_pred = ops.cast(y_pred, "float32")
        _check_shapes(y_true, y_pred)
        if self.top_k is not None:
            y_pred = _only_top(y_pred, self.top_k)
        if self.class_id is not None:
            chosen = slice(self.class_id, self.class_id + 1)
            y_true, y_pred = (ops.getitem(one, (..., chosen)) for one in (y_true, y_pred))
        return labelled(y_true, y_pred, weights)

    def result(self, totals: Sequence[Tensor]) -> Tensor:
        hits, others = (ops.squeeze(one, -1) for one in totals)
        value = divide_or_zero(hits, hits + others)
        return ops.squeeze(value, 0) if len(self.thresholds) == 1 else value

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "thresholds": self.init_thresholds,
            "top_k": self.top_k,
            "class_id": self.class_id,
        }


class Precision(_OfPredictions):
    """The share of what is predicted positive that is so: hits / (hits + false alarms).

    Args:
        thresholds: scores above it are positive; default 0.5, with `top_k` none. Several give a
            value for each.
        top_k: only so many of the greatest scores along the last axis can be positive.
        class_id: the one place on the last axis that counts; default: all.
        name: shown in logs; default "precision".
        dtype: as Keras' files have it.

    Raises:
        ValueError: a threshold is not between 0 and 1, or `top_k` or `class_id` is no such number.

    Example:
        >>> Precision(top_k=2).get_config()["top_k"]
        2
    """

    def totals(self, y_true: Tensor, y_pred: Tensor, weights: Tensor | None = None) -> list[Tensor]:
        return above(self.thresholds, self._labelled(y_true, y_pred, weights))


class Recall(_OfPredictions):
    """The share of the positives that is found: hits / (hits + misses).

    Args:
        thresholds: see `Precision`, as for all that follow.
        top_k: how many of the greatest scores can be positive.
        class_id: the one place on the last axis that counts.
        name: shown in logs; default "recall".
        dtype: as Keras' files have it.

    Raises:
        ValueError: as for `Precision`.

    Example:
        >>> Recall(thresholds=[0.3, 0.5]).thresholds
        [0.3, 0.5]
    """

    def totals(self, y_true: Tensor, y_pred: Tensor, weights: Tensor | None = None) -> list[Tensor]:
        given = self._labelled(y_true, y_pred, weights)
        hits = above(self.thresholds, given)[0]
        return [hits, ops.sum(given.positives, 0) - hits]


class _Count(_OfPredictions):
    """What the four counts have in common.

    Args:
        thresholds: scores above it are positive; default 0.5. Several give a value for each.
        name: shown in logs; default: that of the class in snake case.
        dtype: as Keras' files have it.

    Raises:
        ValueError: a threshold is not between 0 and 1.
    """

    def __init__(
        self,
        thresholds: float | Sequence[float] | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(thresholds, name=name, dtype=dtype)

    def totals(self, y_true: Tensor, y_pred: Tensor, weights: Tensor | None = None) -> list[Tensor]:
        given = self._labelled(y_true, y_pred, weights)
        return [self._count(above(self.thresholds, given), given)]

    def _count(self, found: Sequence[Tensor], given: Labelled) -> Tensor:
        """Return one count of hits and false alarms, (thresholds, 1)."""
        raise TypeError(f"`{type(self).__name__}` does not define `_count`.")

    def result(self, totals: Sequence[Tensor]) -> Tensor:
        value = ops.squeeze(totals[0], -1)
        return ops.squeeze(value, 0) if len(self.thresholds) == 1 else value

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        return {key: config[key] for key in ("name", "dtype", "thresholds")}


class TruePositives(_Count):
    """How many positives are predicted to be so; see `Precision` for `thresholds`."""

    def _count(self, found: Sequence[Tensor], given: Labelled) -> Tensor:
        return found[0]


class FalsePositives(_Count):
    """How many negatives are predicted to be positive; see `Precision` for `thresholds`."""

    def _count(self, found: Sequence[Tensor], given: Labelled) -> Tensor:
        return found[1]


class TrueNegatives(_Count):
    """How many negatives are predicted to be so; see `Precision` for `thresholds`."""

    def _count(self, found: Sequence[Tensor], given: Labelled) -> Tensor:
        return ops.sum(given.negatives, 0) - found[1]


class FalseNegatives(_Count):
    """How many positives are predicted to be negative; see `Precision` for `thresholds`."""

    def _count(self, found: Sequence[Tensor], given: Labelled) -> Tensor:
        return ops.sum(given.positives, 0) - found[0]


def _only_top(scores: Tensor, count: int) -> Tensor:
    """The greatest scores along the last axis, the others far below all."""
    size = ops.as_tensor(np.array([count], dtype=np.int64))
    _, places = op("TopK", scores, size, outputs=2)
    ones = ops.cast(ops.greater_equal(places, 0), "float32")
    kept = op("ScatterElements", ops.zeros_like(scores), places, ones, axis=-1)
    return ops.where(ops.greater(kept, 0.0), scores, _LOWEST)
