"""Dropout, biases and normalization, with Keras' arguments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from konnx import ops
from konnx.backend.arguments import data_format_of
from konnx.graph import Tensor


def dropout(
    x: Tensor, level: float, noise_shape: Sequence[int | None] | None = None, seed: Any = None
) -> Tensor:
    """Zero a share `level` of the elements at random and enlarge the others to make up for it.

    `noise_shape` gives the sizes of the random mask, which broadcasts to x; None: as x.
    """
    return ops.dropout(x, level, noise_shape, seed)


def in_top_k(predictions: Tensor, targets: Any, k: int) -> Tensor:
    """Tell for each row of scores whether the class that `targets` names is among the k best."""
    return ops.in_top_k(predictions, targets, k)


def bias_add(x: Tensor, bias: Tensor, data_format: str | None = None) -> Tensor:
    """Add a bias: one number a channel, or one for each element of a sample.

    Raises:
        ShapeError: it has another number of axes.
        ValueError: `data_format` is unknown.
    """
    return ops.bias_add(x, bias, data_format_of(data_format))


def normalize_batch_in_training(
    x: Tensor, gamma: Any, beta: Any, reduction_axes: Sequence[int], epsilon: float = 1e-3
) -> tuple[Tensor, Tensor, Tensor]:
    """Return x normalized by mean and variance over some axes, then these two.

    The variance is that of the population, whatever the number of axes.
    """
    return ops.normalize_batch(x, gamma, beta, reduction_axes, epsilon)


def batch_normalization(
    x: Tensor, mean: Tensor, var: Tensor, beta: Any, gamma: Any, epsilon: float = 1e-3
) -> Tensor:
    """Return gamma * (x - mean) / sqrt(var + epsilon) + beta; either of the two may be None."""
    return ops.normalize(x, mean, var, gamma, beta, epsilon)
