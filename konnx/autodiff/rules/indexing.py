"""Rules for taking elements by position."""

from __future__ import annotations

from konnx import ops
from konnx.autodiff.rules._table import Gradients, inputs_of, rule
from konnx.graph import Node, Tensor, op


@rule("GatherElements")
def gather_elements(node: Node, dy: Tensor) -> Gradients:
    """Back to its place; what was taken several times adds up."""
    x, indices = inputs_of(node)
    zeros = ops.expand_like(ops.scalar(0, x), x)
    axis = node.attributes["axis"]
    return [op("ScatterElements", zeros, indices, dy, axis=axis, reduction="add"), None]


@rule("ScatterElements")
def scatter_elements(node: Node, dy: Tensor) -> Gradients:
    """Of a sum: all to the target, and to each addend what stands in its place."""
    if node.attributes.get("reduction") != "add":
        raise ValueError(f"{node!r}: ScatterElements has a gradient only with reduction='add'")
    _, indices, _ = inputs_of(node)
    return [dy, None, ops.gather_elements(dy, indices, node.attributes["axis"])]
