"""Which inputs of a graph its tensors depend on."""

from __future__ import annotations

from collections.abc import Sequence

from konnx import ops
from konnx.graph import Node, Tensor, is_placeholder, topological_order


def depends_on(values: list[Tensor], inputs: list[Tensor]) -> bool:
    """Tell whether the values need placeholders, and only those that the inputs need."""
    needed = placeholders_of(values)
    return needed <= placeholders_of(inputs) and bool(needed) == bool(inputs)


def placeholders_of(tensors: Sequence[Tensor]) -> set[Tensor]:
    """Return the inputs of the graph that tensors depend on, the random seed left out."""
    reached = {node.outputs[0] for node in topological_order(tensors) if node.outputs}
    return {tensor for tensor in reached if is_placeholder(tensor)} - {ops.SEED}


def within_inputs(values: Sequence[Tensor], inputs: Sequence[Tensor]) -> list[bool]:
    """Tell for each value whether it needs no other inputs of the graph than these."""
    own = {node.outputs[0] for node in topological_order(inputs)} | {ops.SEED}
    foreign: set[Node] = set()
    for node in topological_order(values):
        if any(tensor is not None and tensor.node in foreign for tensor in node.inputs) or (
            is_placeholder(node.outputs[0]) and node.outputs[0] not in own
        ):
            foreign.add(node)
    return [value.node not in foreign for value in values]
