"""Metrics: functions of (y_true, y_pred) that return one value for every sample (and time step).

Every loss function is a metric too. What is no mean of such values, as the area under a curve, is a
`StatefulMetric`, which keeps sums over an epoch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from konnx import losses, ops
from konnx.graph import Tensor
from konnx.losses import (
    KLD,
    MAE,
    MAPE,
    MSE,
    MSLE,
    binary_crossentropy,
    categorical_crossentropy,
    categorical_hinge,
    cosine,
    cosine_proximity,
    hinge,
    huber,
    kl_divergence,
    kld,
    kullback_leibler_divergence,
    log_cosh,
    logcosh,
    mae,
    mape,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
    mse,
    msle,
    poisson,
    sparse_categorical_crossentropy,
    squared_hinge,
)
from konnx.metrics.auc import AUC
from konnx.metrics.confusion import (
    FalseNegatives,
    FalsePositives,
    Precision,
    Recall,
    TrueNegatives,
    TruePositives,
)
from konnx.metrics.stateful import StatefulMetric
from konnx.utils.registry import CustomObjects, FunctionRegistry

Metric = Callable[[Any, Tensor], Tensor]

METRICS: FunctionRegistry[Metric] = FunctionRegistry("metric")


@METRICS.register
def binary_accuracy(y_true: Any, y_pred: Tensor) -> Tensor:
    """The share of outputs along the last axis that round to their target.

    Args:
        y_true: 0 or 1, of the shape of `y_pred`.
        y_pred: probabilities of 1; exactly 0.5 counts as 0.
    """
    hits = ops.equal(ops.cast(y_true, y_pred.dtype), ops.round(y_pred))
    return ops.mean(ops.cast(hits, y_pred.dtype), -1)


@METRICS.register
def categorical_accuracy(y_true: Any, y_pred: Tensor) -> Tensor:
    """1 where the greatest score is that of the true class, else 0.

    Args:
        y_true: one-hot targets, of the shape of `y_pred`.
        y_pred: scores of the classes, (batch, ..., classes).
    """
    return ops.cast(ops.equal(ops.argmax(y_true), ops.argmax(y_pred)), y_pred.dtype)


@METRICS.register
def sparse_categorical_accuracy(y_true: Any, y_pred: Tensor) -> Tensor:
    """1 where the greatest score is that of the true class, given by its number, else 0.

    Args:
        y_true: the class of each sample, of any dtype: (batch, ...) or (batch, ..., 1).
        y_pred: scores of the classes, (batch, ..., classes).

    Raises:
        ShapeError: the shape of `y_true` does not fit that of `y_pred`.
    """
    numbers = ops.squeeze(losses.class_numbers(y_true, y_pred), -1)
    return ops.cast(ops.equal(numbers, ops.argmax(y_pred)), y_pred.dtype)


@METRICS.register
def top_k_categorical_accuracy(y_true: Any, y_pred: Tensor, k: int = 5) -> Tensor:
    """1 where fewer than k scores are greater than that of the true class, else 0.

    For another k, compile with a function of your own that calls this one.

    Args:
        y_true: one-hot targets, of the shape of `y_pred`.
        y_pred: scores of the classes, (batch, ..., classes).
        k: how many of the greatest scores count.
    """
    return ops.cast(ops.in_top_k(y_pred, ops.argmax(y_true), k), y_pred.dtype)


@METRICS.register
def sparse_top_k_categorical_accuracy(y_true: Any, y_pred: Tensor, k: int = 5) -> Tensor:
    """1 where fewer than k scores are greater than that of the true class, given by its number.

    Args:
        y_true: the class of each sample, of any dtype: (batch, ...) or (batch, ..., 1).
        y_pred: scores of the classes, (batch, ..., classes).
        k: how many of the greatest scores count.

    Raises:
        ShapeError: the shape of `y_true` does not fit that of `y_pred`.
    """
    numbers = ops.squeeze(losses.class_numbers(y_true, y_pred), -1)
    return ops.cast(ops.in_top_k(y_pred, numbers, k), y_pred.dtype)


for _name in losses.LOSSES:
    METRICS.register(losses.LOSSES.resolve(_name), name=_name)

STATEFUL = (
    AUC,
    FalseNegatives,
    FalsePositives,
    Precision,
    Recall,
    TrueNegatives,
    TruePositives,
)
"""The metrics that keep sums over an epoch."""

for _class in STATEFUL:
    METRICS.register(_class)


def accuracy_for(loss: losses.Loss | None, output_shape: Sequence[int | None]) -> Metric:
    """Return the function that 'accuracy' or 'acc' means for an output.

    Args:
        loss: the loss function of the output.
        output_shape: its shape, (batch, ..., units).

    Example:
        >>> accuracy_for(categorical_crossentropy, (None, 10)).__name__
        'categorical_accuracy'
    """
    if output_shape[-1] == 1 or loss is binary_crossentropy:
        return binary_accuracy
    if loss is sparse_categorical_crossentropy:
        return sparse_categorical_accuracy
    return categorical_accuracy


def crossentropy_for(loss: losses.Loss | None, output_shape: Sequence[int | None]) -> Metric:
    """Return the function that 'crossentropy' or 'ce' means for an output; see `accuracy_for`."""
    if output_shape[-1] == 1 or loss is binary_crossentropy:
        return binary_crossentropy
    if loss is sparse_categorical_crossentropy:
        return sparse_categorical_crossentropy
    return categorical_crossentropy


def serialize(metric: Metric) -> Any:
    """Return the name of a metric, or the class and arguments of one with a state."""
    return METRICS.serialize(metric)


def deserialize(config: Any, custom_objects: CustomObjects = None) -> Metric:
    """Return the metric of a name, or of a class and its arguments.

    Raises:
        ValueError: there is none of that name.
    """
    metric: Metric = METRICS.deserialize(config, custom_objects)
    return metric


def get(identifier: Any) -> Metric:
    """Return the metric that a name or a function stands for.

    Raises:
        ValueError: the name is unknown, or it is neither. 'accuracy' is unknown here, as it
            depends on the loss: see `accuracy_for`.

    Example:
        >>> get("mae").__name__
        'mean_absolute_error'
    """
    metric: Metric = METRICS.get(identifier)
    return metric


__all__ = [
    "AUC",
    "KLD",
    "MAE",
    "MAPE",
    "METRICS",
    "MSE",
    "MSLE",
    "STATEFUL",
    "FalseNegatives",
    "FalsePositives",
    "Metric",
    "Precision",
    "Recall",
    "StatefulMetric",
    "TrueNegatives",
    "TruePositives",
    "accuracy_for",
    "binary_accuracy",
    "binary_crossentropy",
    "categorical_accuracy",
    "categorical_crossentropy",
    "categorical_hinge",
    "cosine",
    "cosine_proximity",
    "crossentropy_for",
    "deserialize",
    "get",
    "hinge",
    "huber",
    "kl_divergence",
    "kld",
    "kullback_leibler_divergence",
    "log_cosh",
    "logcosh",
    "mae",
    "mape",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "mse",
    "msle",
    "poisson",
    "serialize",
    "sparse_categorical_accuracy",
    "sparse_categorical_crossentropy",
    "sparse_top_k_categorical_accuracy",
    "squared_hinge",
    "top_k_categorical_accuracy",
]
