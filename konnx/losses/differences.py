"""Losses of outputs that are quantities: how far they lie from their targets."""

from __future__ import annotations

import math
from typing import Any

from konnx import ops
from konnx.config import epsilon
from konnx.graph import Tensor, op
from konnx.losses.targets import targets

_SHORTEST = 1e-12  # squared: what is shorter is not normalised to length 1


def mean_squared_error(y_true: Any, y_pred: Tensor) -> Tensor:
    """The mean of (y_pred - y_true)² over the last axis.

    Args:
        y_true: targets, of the shape of `y_pred`.
        y_pred: outputs of the model, (batch, ..., units).
    """
    return ops.mean(ops.square(y_pred - targets(y_true, y_pred)), -1)


def mean_absolute_error(y_true: Any, y_pred: Tensor) -> Tensor:
    """The mean of |y_pred - y_true| over the last axis.

    Args:
        y_true: targets, of the shape of `y_pred`.
        y_pred: outputs of the model, (batch, ..., units).
    """
    return ops.mean(ops.abs(y_pred - targets(y_true, y_pred)), -1)


def mean_absolute_percentage_error(y_true: Any, y_pred: Tensor) -> Tensor:
    """The mean of 100 * |y_pred - y_true| / |y_true| over the last axis.

    Args:
        y_true: targets, of the shape of `y_pred`; one nearer to 0 than `epsilon()` is divided by
            `epsilon()`.
        y_pred: outputs of the model, (batch, ..., units).
    """
    true = targets(y_true, y_pred)
    return 100.0 * ops.mean(ops.abs(y_pred - true) / ops.clip(ops.abs(true), epsilon()), -1)


def mean_squared_logarithmic_error(y_true: Any, y_pred: Tensor) -> Tensor:
    """The mean of (log(y_pred + 1) - log(y_true + 1))² over the last axis.

    Args:
        y_true: targets, of the shape of `y_pred`.
        y_pred: outputs of the model, (batch, ..., units). What is less than `epsilon()` counts as
            `epsilon()`, here and among the targets.
    """
    true, pred = (ops.clip(one, epsilon()) + 1.0 for one in (targets(y_true, y_pred), y_pred))
    return ops.mean(ops.square(ops.log(pred / true)), -1)


def logcosh(y_true: Any, y_pred: Tensor) -> Tensor:
    """The mean of log(cosh(y_pred - y_true)) over the last axis.

    It is near half the square of a small difference, and near |difference| - log(2) of a large one.

    Args:
        y_true: targets, of the shape of `y_pred`.
        y_pred: outputs of the model, (batch, ..., units).
    """
    distance = ops.abs(y_pred - targets(y_true, y_pred))
    # Softplus would take four times as long.
    half = ops.log(ops.sigmoid(2.0 * distance))
    return ops.mean(distance - half, -1) - math.log(2.0)


def huber(y_true: Any, y_pred: Tensor, delta: float = 1.0) -> Tensor:
    """The mean over the last axis of half the square of a small difference, linear beyond it.

    Keras 2.1 does not have it yet; values are those of later versions.

    Args:
        y_true: targets, of the shape of `y_pred`.
        y_pred: outputs of the model, (batch, ..., units).
        delta: up to where a difference counts as small; a larger one is worth
            delta * |difference| - delta² / 2.

    Source: Huber, Robust estimation of a location parameter, 1964.
    """
    difference = y_pred - targets(y_true, y_pred)
    small = ops.clip(difference, -delta, delta)
    return ops.mean(small * (difference - 0.5 * small), -1)


def cosine_proximity(y_true: Any, y_pred: Tensor) -> Tensor:
    """The cosine of the angle between the two along the last axis, negated: -1 is the best.

    Args:
        y_true: targets, of the shape of `y_pred`.
        y_pred: outputs of the model, (batch, ..., units).
    """
    true = targets(y_true, y_pred)
    return ops.negative(ops.sum(true * y_pred, -1) / (_length(true) * _length(y_pred)))


def _length(vectors: Tensor) -> Tensor:
    return op("Sqrt", ops.clip(ops.sum(ops.square(vectors), -1), _SHORTEST))
