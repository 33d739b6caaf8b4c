"""The area under a curve of hits and misses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from konnx import ops
from konnx.config import epsilon
from konnx.graph import ShapeError, Tensor
from konnx.metrics.confusion import above, checked_thresholds, is_even, labelled
from konnx.metrics.stateful import StatefulMetric, divide_or_zero

CURVES = ("ROC", "PR")
METHODS = ("interpolation", "minoring", "majoring")


class AUC(StatefulMetric):
    """The area under the ROC or the precision-recall curve, from counts at many thresholds.

    Args:
        num_thresholds: how many, 2 or more: the more, the closer to the true area.
        curve: "ROC" (share of the positives found, over share of the negatives) or "PR" (precision
            over recall).
        summation_method: "interpolation" (trapezoids; for "PR" as Davis and Goadrich do),
            "minoring" or "majoring" (rectangles below or above).
        name: shown in logs; default "auc".
        dtype: as Keras' files have it.
        thresholds: the thresholds themselves, from 0 to 1, in the place of `num_thresholds`.
        multi_label: whether to compute it for each place on the last axis, and take the mean.
        num_labels: how many these are; taken from the output.
        label_weights: weights of the labels: of their values with `multi_label`, else of their
            scores.
        from_logits: whether scores are logits.

    Raises:
        ValueError: a value that there is not, or `num_labels` or `label_weights` that do not fit.

    Source: Davis and Goadrich, The relationship between precision-recall and ROC curves, 2006.

    Example:
        >>> AUC(curve="PR", num_thresholds=50).get_config()["curve"]
        'PR'
    """

    def __init__(
        self,
        num_thresholds: int = 200,
        curve: str = "ROC",
        summation_method: str = "interpolation",
        name: str | None = None,
        dtype: Any = None,
        thresholds: Sequence[float] | None = None,
        multi_label: bool = False,
        num_labels: int | None = None,
        label_weights: Sequence[float] | None = None,
        from_logits: bool = False,
    ) -> None:
        super().__init__(name, dtype)
        self.curve = _known("curve", curve, CURVES)
        self.summation_method = _known("summation_method", summation_method, METHODS)
        self.multi_label, self.num_labels = bool(multi_label), num_labels
        self.label_weights = None if label_weights is None else [float(w) for w in label_weights]
        self.from_logits = bool(from_logits)
        if thresholds is None:
            if num_thresholds not in range(2, 2**31):
                raise ValueError(
                    "`AUC`: `num_thresholds` must be an integer, 2 or more. "
                    f"Received: num_thresholds={num_thresholds!r}"
                )
            inner = list(np.linspace(0.0, 1.0, num_thresholds)[1:-1])
        else:
            inner = sorted(checked_thresholds("AUC", list(thresholds), 0.5))
        self.init_thresholds = None if thresholds is None else inner
        self.num_thresholds = len(inner) + 2
        self._is_even = is_even([0.0, *inner, 1.0])
        self.thresholds = [-epsilon(), *inner, 1.0 + epsilon()]
        if num_labels is not None and not multi_label:
            raise ValueError("`AUC`: `num_labels` is needed only with multi_label=True.")
        if self.label_weights is not None and any(weight < 0 for weight in self.label_weights):
            raise ValueError(
                "`AUC`: `label_weights` must not be negative. "
                f"Received: label_weights={label_weights!r}"
            )

    def totals(self, y_true: Tensor, y_pred: Tensor, weights: Tensor | None = None) -> list[Tensor]:
        self._check_labels(y_pred)
        if self.from_logits:
            y_pred = ops.sigmoid(y_pred)
        if not self._is_even:
            y_true = ops.not_equal(y_true, 0)
        of_labels = None if self.multi_label else self.label_weights
        given = labelled(y_true, y_pred, weights, of_labels, by_label=self.multi_label)
        evenly = [float(one) for one in np.linspace(0.0, 1.0, self.num_thresholds)]
        hits, alarms = above(evenly if self._is_even else self.thresholds, given)
        return [hits, alarms, ops.sum(given.positives, 0), ops.sum(given.negatives, 0)]

    def _check_labels(self, y_pred: Tensor) -> None:
        size = y_pred.shape[-1]
        if self.multi_label and (y_pred.ndim != 2 or size is None):
            raise ShapeError(
                "`AUC` with multi_label=True needs an output of shape (batch, labels). "
                f"Received: {y_pred.shape}"
            )
        given = {
            "num_labels": self.num_labels,
            "label_weights": None if self.label_weights is None else len(self.label_weights),
        }
        for name, count in given.items():
            if count is not None and count != size:
                raise ShapeError(f"`AUC`: `{name}` is for {count} labels; the output has {size}.")

    def result(self, totals: Sequence[Tensor]) -> Tensor:
        hits, alarms, positives, negatives = totals
        if self.curve == "PR" and self.summation_method == "interpolation":
            areas = _interpolated_area(hits, alarms, positives)
        else:
            recall = divide_or_zero(hits, ops.expand_dims(positives, 0) + ops.zeros_like(hits))
            x, y = recall, divide_or_zero(hits, hits + alarms)
            if self.curve == "ROC":
                x = divide_or_zero(alarms, ops.expand_dims(negatives, 0) + ops.zeros_like(hits))
                y = recall
            areas = ops.sum((x[:-1] - x[1:]) * self._heights(y), 0)
        if self.multi_label and self.label_weights is not None:
            weights = ops.as_tensor(np.array(self.label_weights, "float32"))
            return divide_or_zero(ops.sum(areas * weights), ops.sum(weights))
        return ops.mean(areas)

    def _heights(self, y: Tensor) -> Tensor:
        left, right = y[:-1], y[1:]
        if self.summation_method == "interpolation":
            return (left + right) / 2.0
        take = ops.minimum if self.summation_method == "minoring" else ops.maximum
        return take(left, right)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "num_thresholds": self.num_thresholds,
            "curve": self.curve,
            "summation_method": self.summation_method,
            "thresholds": self.init_thresholds,
            "multi_label": self.multi_label,
            "num_labels": self.num_labels,
            "label_weights": self.label_weights,
            "from_logits": self.from_logits,
        }


def _known(argument: str, value: Any, known: Sequence[str]) -> str:
    """Return a value, in the case in which it is known; tf.keras takes any, too."""
    for one in known:
        if isinstance(value, str) and value.lower() == one.lower():
            return one
    raise ValueError(
        f"`AUC`: `{argument}` must be one of {', '.join(map(repr, known))}. "
        f"Received: {argument}={value!r}"
    )


def _interpolated_area(hits: Tensor, alarms: Tensor, positives: Tensor) -> Tensor:
    """Between two thresholds false alarms grow evenly with hits, so that precision is no line."""
    found = hits + alarms
    gained = hits[:-1] - hits[1:]
    slope = divide_or_zero(gained, ops.maximum(found[:-1] - found[1:], 0.0))
    intercept = hits[1:] - slope * found[1:]
    both = ops.logical_and(ops.greater(found[:-1], 0.0), ops.greater(found[1:], 0.0))
    ratio = ops.where(both, divide_or_zero(found[:-1], ops.maximum(found[1:], 0.0)), 1.0)
    increments = slope * (gained + intercept * ops.log(ratio))
    total = ops.expand_dims(positives, 0) + ops.zeros_like(increments)
    return ops.sum(divide_or_zero(increments, total), 0)
