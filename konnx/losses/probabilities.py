"""Losses of outputs that are probabilities, or the parameters of a distribution.

Values are those of Keras 2.1: they are taken from the probabilities that the model outputs,
whatever layer made them.
"""

from __future__ import annotations

from typing import Any

from konnx import ops
from konnx.config import epsilon
from konnx.graph import ShapeError, Tensor
from konnx.losses.targets import targets


def binary_crossentropy(y_true: Any, y_pred: Tensor) -> Tensor:
    """The mean over the last axis of -log of the probability given to what is true.

    Args:
        y_true: 0 or 1 (or probabilities), of the shape of `y_pred`.
        y_pred: probabilities of 1; they are kept `epsilon()` away from 0 and 1.
    """
    return ops.negative(ops.mean(binary_log_likelihood(y_true, y_pred), -1))


def binary_log_likelihood(y_true: Any, y_pred: Tensor) -> Tensor:
    """Return the log of the probability given to what is true, for each element."""
    true = targets(y_true, y_pred)
    yes = _clipped(y_pred)
    return true * ops.log(yes) + (1.0 - true) * ops.log(1.0 - yes)


def categorical_crossentropy(y_true: Any, y_pred: Tensor) -> Tensor:
    """-log of the probability given to the true class.

    Args:
        y_true: one-hot targets (or probabilities of the classes), of the shape of `y_pred`.
        y_pred: scores of the classes, (batch, ..., classes). They are divided by their sum, then
            kept `epsilon()` away from 0 and 1.
    """
    if not _sums_to_one(y_pred):
        y_pred = y_pred / ops.sum(y_pred, -1, keepdims=True)
    return ops.negative(ops.sum(targets(y_true, y_pred) * ops.log(_clipped(y_pred)), -1))


def sparse_categorical_crossentropy(y_true: Any, y_pred: Tensor) -> Tensor:
    """-log of the probability given to the true class, which is given by its number.

    Args:
        y_true: the class of each sample, of any dtype: (batch, ...) or (batch, ..., 1).
        y_pred: scores of the classes, (batch, ..., classes). They are kept `epsilon()` away from 0
            and 1, then divided by their sum.

    Raises:
        ShapeError: the shape of `y_true` does not fit that of `y_pred`.
    """
    scores = _clipped(y_pred)
    chosen = ops.gather_elements(scores, class_numbers(y_true, y_pred))
    total = ops.sum(scores, -1, keepdims=True)
    return ops.squeeze(ops.log(total / chosen), -1)


def kullback_leibler_divergence(y_true: Any, y_pred: Tensor) -> Tensor:
    """The sum over the last axis of y_true * log(y_true / y_pred): what y_pred misses of y_true.

    Args:
        y_true: probabilities of the classes, of the shape of `y_pred`.
        y_pred: probabilities of the classes, (batch, ..., classes). Both are kept between
            `epsilon()` and 1.
    """
    true, pred = (ops.clip(one, epsilon(), 1.0) for one in (targets(y_true, y_pred), y_pred))
    return ops.sum(true * ops.log(true / pred), -1)


def poisson(y_true: Any, y_pred: Tensor) -> Tensor:
    """The mean over the last axis of y_pred - y_true * log(y_pred), up to a constant -log P.

    Args:
        y_true: counts, of the shape of `y_pred`.
        y_pred: their expected values, (batch, ..., units), 0 or more; `epsilon()` is added to
            them before the logarithm is taken.
    """
    logs = ops.log(y_pred + epsilon())
    return ops.mean(y_pred - targets(y_true, y_pred) * logs, -1)


def class_numbers(y_true: Any, y_pred: Tensor) -> Tensor:
    """Return sparse targets as int64 of shape (batch, ..., 1).

    Raises:
        ShapeError: they are not one number for each row of `y_pred`.
    """
    numbers = ops.cast(y_true, "int64")
    if numbers.ndim == y_pred.ndim - 1:
        return ops.expand_dims(numbers, -1)
    if numbers.ndim != y_pred.ndim or numbers.shape[-1] not in (1, None):
        raise ShapeError(
            "Sparse targets must be one class number for each row of scores, of shape "
            f"{(*y_pred.shape[:-1], 1)}. Received: y_true of shape {numbers.shape}, y_pred of "
            f"shape {y_pred.shape}. For one-hot targets use categorical_crossentropy."
        )
    return numbers


def _clipped(probabilities: Tensor) -> Tensor:
    return ops.clip(probabilities, epsilon(), 1.0 - epsilon())


def _sums_to_one(y_pred: Tensor) -> bool:
    """Tell whether the last axis comes straight from a softmax, so that dividing is for nothing."""
    node = y_pred.node
    return node.op_type == "Softmax" and node.attributes["axis"] == y_pred.ndim - 1
