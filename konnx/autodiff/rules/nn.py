"""Rules for operators of neural networks that are not elementwise."""

from __future__ import annotations

from konnx import ops
from konnx.autodiff.rules._table import Gradients, rule
from konnx.graph import Node, Tensor


@rule("Softmax")
def softmax(node: Node, dy: Tensor) -> Gradients:
    """y * (dy - sum(dy * y))."""
    y = node.outputs[0]
    weighted = dy * y
    return [weighted - y * ops.sum(weighted, node.attributes["axis"], keepdims=True)]
