"""Rules for taking elements by position."""

from __future__ import annotations

from konnx import ops
from konnx.autodiff.rules._table import Gradients, inputs_of, rule
from konnx.graph import Node, Tensor, op


@rule("GatherElements")
def gather_elements(node: Node, dy: Tensor) -> Gradients:
    """Back to its place; what was taken several times adds up."""
    x, indices = inputs_of(node)
    if x.dtype == "float16":  # ONNX Runtime adds up float32 and float64 only
        dy = ops.cast(dy, "float32")
    zeros = ops.expand_like(ops.scalar(0, dy), x)
    axis = node.attributes.get("axis", 0)
    dx = op("ScatterElements", zeros, indices, dy, axis=axis, reduction="add")
    return [ops.cast(dx, x.dtype), None]


@rule("ScatterElements")
def scatter_elements(node: Node, dy: Tensor) -> Gradients:
    """Of a sum: all to the target, and to each addend what stands in its place."""
    if node.attributes.get("reduction") != "add":
        raise ValueError(f"{node!r}: ScatterElements has a gradient only with reduction='add'")
    _, indices, _ = inputs_of(node)
    return [dy, None, ops.gather_elements(dy, indices, node.attributes["axis"])]
