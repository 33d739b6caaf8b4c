"""Changing shapes, Keras' way."""

from __future__ import annotations

from collections.abc import Sequence

from konnx import ops
from konnx.graph import Tensor


def transpose(x: Tensor) -> Tensor:
    """Reverse the axes."""
    return ops.transpose(x)


def permute_dimensions(x: Tensor, pattern: Sequence[int]) -> Tensor:
    """Put the axes into the order that `pattern` gives."""
    return ops.transpose(x, pattern)


def batch_flatten(x: Tensor) -> Tensor:
    """Join all axes but the first."""
    return ops.flatten_from(x, 1)


def flatten(x: Tensor) -> Tensor:
    """Join all axes."""
    return ops.reshape(x, [-1])
