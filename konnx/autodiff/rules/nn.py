"""Rules for softmax and its kin, and for dropout."""

from __future__ import annotations

from konnx import ops
from konnx.autodiff.rules._table import Gradients, present, rule
from konnx.graph import Node, Tensor, op


@rule("Softmax")
def softmax(node: Node, dy: Tensor) -> Gradients:
    """y * (dy - sum(dy * y))."""
    y = node.outputs[0]
    weighted = dy * y
    return [weighted - y * ops.sum(weighted, node.attributes.get("axis", -1), keepdims=True)]


@rule("LogSoftmax")
def log_softmax(node: Node, dy: Tensor) -> Gradients:
    """dy - softmax * sum(dy)."""
    total = ops.sum(dy, node.attributes.get("axis", -1), keepdims=True)
    return [dy - ops.exp(node.outputs[0]) * total]


@rule("Dropout")
def dropout(node: Node, dy: Tensor, _: Tensor | None = None) -> Gradients:
    """Through what was kept, enlarged as it was; all of it, unless in training mode.

    A node without its second output, the mask, shows what was kept by its first: what is not 0.
    """
    absent = [None] * (len(node.inputs) - 1)
    training = node.inputs[2] if len(node.inputs) > 2 else None
    if training is None or (training.constant_value is not None and not training.constant_value):
        return [dy, *absent]
    y = node.outputs[0]
    if len(node.outputs) > 1:
        kept = ops.cast(node.outputs[1], dy.dtype)
    else:
        kept = ops.cast(ops.not_equal(y, ops.scalar(0, y)), dy.dtype)
    ratio = ops.scalar(0.5, dy) if node.inputs[1] is None else ops.cast(node.inputs[1], dy.dtype)
    one = ops.scalar(1, dy)
    scale = ops.where(present(training), one / (one - ratio), one)
    if len(node.outputs) == 1:  # an identity hides no zeros
        kept = op("Where", present(training), kept, one)
    return [dy * kept * scale, *absent]
