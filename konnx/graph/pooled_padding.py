"""Zeros around what is pooled stay apart from the pooling.

ONNX Runtime before 1.32 fuses a Pad of zeros with the MaxPool or AveragePool behind it. A pooling
ignores its own padding, so that the results are wrong where zeros would have counted; and where the
padding of both is as wide as the window, the model does not load. A Pad of minus zeros is the same
in value, and is left alone by all of 1.19 to 1.31.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from konnx.graph.leaves import constant
from konnx.graph.subgraph import bodies_of, map_bodies
from konnx.graph.tensor import Node, Tensor
from konnx.graph.walk import rewrite, topological_order

_POOLS = ("AveragePool", "MaxPool")


def keep_padding_apart(outputs: Sequence[Tensor]) -> list[Tensor]:
    """Return the outputs with what pads with zeros before a pooling padding with minus zeros."""
    if not any(node.op_type == "Pad" or bodies_of(node) for node in topological_order(outputs)):
        return list(outputs)

    def replace(node: Node, inputs: list[Tensor | None]) -> Sequence[Tensor] | None:
        if bodies_of(node):
            return map_bodies(node, inputs, keep_padding_apart).outputs
        if node.op_type not in _POOLS or node.domain or inputs[0] is None:
            return None
        x = _with_minus_zeros(inputs[0])
        return None if x is None else _with_input(node, [x, *inputs[1:]]).outputs

    return rewrite(outputs, replace)


def _with_minus_zeros(x: Tensor) -> Tensor | None:
    """The tensor with its Pad changed, past what only moves axes; None where it is no such Pad."""
    node = x.node
    if node.domain:
        return None
    first = node.inputs[0] if node.inputs else None
    if node.op_type in ("Identity", "Transpose") and first is not None:
        inner = _with_minus_zeros(first)
        return None if inner is None else _with_input(node, [inner]).outputs[0]
    if node.op_type != "Pad" or not _pads_with_zeros(node):
        return None
    zero = constant(np.asarray(-0.0, np.dtype(x.dtype)))
    return _with_input(node, [first, node.inputs[1], zero, *node.inputs[3:]]).outputs[0]


def _pads_with_zeros(node: Node) -> bool:
    if node.attributes.get("mode", "constant") != "constant":
        return False
    value = node.inputs[2] if len(node.inputs) > 2 else None
    number = None if value is None else value.constant_value
    return value is None or (
        number is not None and not number.any() and not np.signbit(number).any()
    )


def _with_input(node: Node, inputs: Sequence[Tensor | None]) -> Node:
    types = [output.type for output in node.outputs]
    return Node(node.op_type, inputs, node.attributes, types, name=node.name)
