"""Loss operators, as what they are composed of."""

from __future__ import annotations

from collections.abc import Sequence

from konnx import ops
from konnx.autodiff.rules._table import lowering, present
from konnx.graph import Node, Tensor, constant, op


@lowering("SoftmaxCrossEntropyLoss")
def softmax_cross_entropy_loss(node: Node) -> Sequence[Tensor]:
    """The negative log likelihood of the log-probabilities, which are the second output."""
    scores, labels, *weights = node.inputs
    log_probability = op("LogSoftmax", present(scores), axis=1)
    loss = _likelihood_loss(node, log_probability, present(labels), weights)
    return [loss, log_probability][: len(node.outputs)]


@lowering("NegativeLogLikelihoodLoss")
def negative_log_likelihood_loss(node: Node) -> Sequence[Tensor]:
    """Minus the log-probability of the class that is true."""
    log_probability, labels, *weights = node.inputs
    return [_likelihood_loss(node, present(log_probability), present(labels), weights)]


def _likelihood_loss(
    node: Node, log_probability: Tensor, labels: Tensor, weights: Sequence[Tensor | None]
) -> Tensor:
    weight, labels = _weights(node, log_probability, labels, weights)
    place = ops.expand_dims(labels, 1)
    chosen = ops.squeeze(ops.gather_elements(log_probability, place, 1), 1)
    loss = ops.negative(chosen) if weight is None else ops.negative(chosen * weight)
    reduction = node.attributes.get("reduction", "mean")
    if reduction == "none":
        return loss
    if reduction == "sum":
        return ops.sum(loss)
    return ops.mean(loss) if weight is None else ops.sum(loss) / ops.sum(weight)


def _weights(
    node: Node, log_probability: Tensor, labels: Tensor, weights: Sequence[Tensor | None]
) -> tuple[Tensor | None, Tensor]:
    """The weight of each label, None where all count alike, and labels that are all classes."""
    ignored = node.attributes.get("ignore_index")
    counts = None
    if ignored is not None:
        is_counted = ops.not_equal(labels, constant(ignored, labels.dtype))
        labels = ops.where(is_counted, labels, constant(0, labels.dtype))
        counts = ops.cast(is_counted, log_probability.dtype)
    if not weights or weights[0] is None:
        return counts, labels
    weight = ops.gather(weights[0], labels)
    return (weight if counts is None else weight * counts), labels
