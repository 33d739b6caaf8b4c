"""From a loss function to one number: masks, sample weights and means, as Keras takes them."""

from __future__ import annotations

from collections.abc import Callable

from konnx import ops
from konnx.graph import ShapeError, Tensor

LossFunction = Callable[[Tensor, Tensor], Tensor]

_LEAST_SHARE = 1e-7


def weighted_mean(
    function: LossFunction,
    y_true: Tensor,
    y_pred: Tensor,
    weights: Tensor | None = None,
    mask: Tensor | None = None,
) -> Tensor:
    """Return the mean of a loss or metric over samples, as a scalar.

    Args:
        function: of (y_true, y_pred), one value for each sample (and time step).
        y_true: the target.
        y_pred: the output of the model.
        weights: (batch,) or (batch, time); the sum is divided by how many of them are not 0.
        mask: of the output; the sum is divided by how many steps are not masked.
    """
    scores = ops.as_tensor(function(y_true, y_pred))
    if mask is not None:
        kept = ops.cast(mask, scores.dtype)
        scores = scores * kept / _share(kept)
    if weights is not None:
        scores = _weighted(scores, ops.cast(weights, scores.dtype))
    return ops.mean(scores)


def masked_weights(weights: Tensor | None, mask: Tensor | None) -> Tensor | None:
    """Return weights that are 0 where a mask is; None where there are neither."""
    if mask is None:
        return weights
    kept = ops.cast(mask, "float32")
    if weights is None:
        return kept
    weights = ops.cast(weights, "float32")
    for axis in range(weights.ndim, kept.ndim):
        weights = ops.expand_dims(weights, axis)
    return weights * kept


def _weighted(scores: Tensor, weights: Tensor) -> Tensor:
    if weights.ndim > scores.ndim:
        raise ShapeError(
            f"Weights {weights.shape} have more axes than the loss {scores.shape} that they weight"
        )
    scores = ops.mean(scores, list(range(weights.ndim, scores.ndim)))
    counted = ops.cast(ops.not_equal(weights, 0.0), scores.dtype)
    return scores * weights / _share(counted)


def _share(counted: Tensor) -> Tensor:
    """The mean of zeros and ones; if all are 0, a number that keeps 0 / 0 from being NaN."""
    return ops.maximum(ops.mean(counted), _LEAST_SHARE)
