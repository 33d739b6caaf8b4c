"""Losses of scores that should lie beyond a margin on the right side."""

from __future__ import annotations

from typing import Any

from konnx import ops
from konnx.graph import Tensor
from konnx.losses.targets import targets


def hinge(y_true: Any, y_pred: Tensor) -> Tensor:
    """The mean of max(1 - y_true * y_pred, 0) over the last axis.

    Args:
        y_true: -1 or 1, of the shape of `y_pred`.
        y_pred: scores, (batch, ..., units), positive for 1.
    """
    return ops.mean(_missing(y_true, y_pred), -1)


def squared_hinge(y_true: Any, y_pred: Tensor) -> Tensor:
    """The mean of max(1 - y_true * y_pred, 0)² over the last axis.

    Args:
        y_true: -1 or 1, of the shape of `y_pred`.
        y_pred: scores, (batch, ..., units), positive for 1.
    """
    return ops.mean(ops.square(_missing(y_true, y_pred)), -1)


def categorical_hinge(y_true: Any, y_pred: Tensor) -> Tensor:
    """How much the score of the true class lacks to be 1 above the best of the others, or 0.

    Args:
        y_true: one-hot targets, of the shape of `y_pred`.
        y_pred: scores of the classes, (batch, ..., classes); that of the true class takes part
            among the others as 0.
    """
    of_true = targets(y_true, y_pred) * y_pred
    best_other = ops.max(y_pred - of_true, -1)
    return ops.relu(best_other - ops.sum(of_true, -1) + 1.0)


def _missing(y_true: Any, y_pred: Tensor) -> Tensor:
    """What each score lacks to reach the margin on its side."""
    return ops.relu(1.0 - targets(y_true, y_pred) * y_pred)
