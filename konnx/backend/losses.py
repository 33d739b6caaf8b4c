"""Cross-entropies, with Keras' arguments.

With `from_logits`, `output` holds logits and values are computed from them without rounding
probabilities to 0 or 1.
"""

from __future__ import annotations

from typing import Any

from konnx import losses, ops
from konnx.graph import Tensor


def categorical_crossentropy(target: Any, output: Tensor, from_logits: bool = False) -> Tensor:
    """Return -log of the probability given to the true class (one-hot), for each sample.

    Probabilities are divided by their sum, then kept `epsilon()` away from 0 and 1.
    """
    if not from_logits:
        return losses.categorical_crossentropy(target, output)
    true = ops.cast(target, output.dtype)
    return ops.negative(ops.sum(true * ops.log_softmax(output), -1))


def sparse_categorical_crossentropy(
    target: Any, output: Tensor, from_logits: bool = False
) -> Tensor:
    """Return -log of the probability given to the true class (a number), for each sample.

    Probabilities are kept `epsilon()` away from 0 and 1, then divided by their sum.
    """
    if not from_logits:
        return losses.sparse_categorical_crossentropy(target, output)
    numbers = losses.class_numbers(target, output)
    return ops.negative(ops.squeeze(ops.gather_elements(ops.log_softmax(output), numbers), -1))


def binary_crossentropy(target: Any, output: Tensor, from_logits: bool = False) -> Tensor:
    """Return -log of the probability given to what is true, for each element.

    Probabilities are kept `epsilon()` away from 0 and 1.
    """
    if not from_logits:
        return ops.negative(losses.binary_log_likelihood(target, output))
    true = ops.cast(target, output.dtype)
    return true * ops.softplus(-output) + (1.0 - true) * ops.softplus(output)
