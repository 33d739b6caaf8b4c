"""One node for all who want some of its outputs."""

from __future__ import annotations

from collections.abc import Sequence

from konnx.graph.sameness import RANDOM, attributes_key
from konnx.graph.tensor import INTERNAL, Node, Tensor
from konnx.graph.walk import rewrite, topological_order


def merge_outputs(outputs: Sequence[Tensor]) -> list[Tensor]:
    """Let a node that has fewer outputs than another, otherwise equal one be that other.

    A gradient may need an output of a node, such as the places that MaxPool took its values from,
    which the forward pass has left out; the node is then computed once.
    """
    widest = _widest_twins(outputs)
    made: dict[Node, Node] = {}

    def replace(node: Node, inputs: list[Tensor | None]) -> Sequence[Tensor] | None:
        twin = widest.get(node)
        if twin is None:
            return None
        if twin not in made:
            made[twin] = twin.with_inputs(inputs)
        return made[twin].outputs[: len(node.outputs)]

    return rewrite(outputs, replace) if widest else list(outputs)


def _widest_twins(outputs: Sequence[Tensor]) -> dict[Node, Node]:
    """For each node that differs from others by the number of outputs only: the one with most."""
    groups: dict[object, list[Node]] = {}
    for node in topological_order(outputs):
        if _may_have_twin(node):
            groups.setdefault(_key(node), []).append(node)
    return {
        node: max(group, key=lambda one: len(one.outputs))
        for group in groups.values()
        if len({len(one.outputs) for one in group}) > 1
        for node in group
    }


def _may_have_twin(node: Node) -> bool:
    return node.domain != INTERNAL and node.op_type not in RANDOM


def _key(node: Node) -> object:
    return (node.domain, node.op_type, attributes_key(node), node.inputs)
