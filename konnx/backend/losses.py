"""Cross-entropies, with Keras' arguments."""

from __future__ import annotations

from typing import Any

from konnx import losses, ops
from konnx.graph import Tensor


def categorical_crossentropy(target: Any, output: Tensor, from_logits: bool = False) -> Tensor:
    """Return -log of the probability given to the true class (one-hot), for each sample."""
    scores = ops.softmax(output) if from_logits else output
    return losses.categorical_crossentropy(target, scores)


def sparse_categorical_crossentropy(
    target: Any, output: Tensor, from_logits: bool = False
) -> Tensor:
    """Return -log of the probability given to the true class (a number), for each sample."""
    scores = ops.softmax(output) if from_logits else output
    return losses.sparse_categorical_crossentropy(target, scores)
