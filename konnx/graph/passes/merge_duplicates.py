"""What is computed several times is computed once."""

from __future__ import annotations

from collections.abc import Sequence

from konnx.graph.sameness import RANDOM, attributes_key, constant_key
from konnx.graph.tensor import INTERNAL, Node, Tensor
from konnx.graph.walk import rewrite


def merge_duplicates(outputs: Sequence[Tensor]) -> list[Tensor]:
    """Return the outputs with one node in place of equal ones; random numbers are never equal."""
    known: dict[object, Sequence[Tensor]] = {}

    def replace(node: Node, inputs: list[Tensor | None]) -> Sequence[Tensor] | None:
        key = _key(node, inputs)
        if key is None:
            return None
        if key not in known:
            same = all(a is b for a, b in zip(inputs, node.inputs, strict=True))
            known[key] = (node if same else node.with_inputs(inputs)).outputs
        return known[key]

    return rewrite(outputs, replace)


def _key(node: Node, inputs: list[Tensor | None]) -> object:
    """What makes two nodes interchangeable; None for a node that is like no other."""
    if node.domain == INTERNAL:
        value = node.outputs[0].constant_value
        return None if value is None else constant_key(value)
    if node.op_type in RANDOM:
        return None
    types = tuple(output.type for output in node.outputs)
    return (node.domain, node.op_type, attributes_key(node), types, *inputs)
