"""What a graph is in training and in inference."""

from __future__ import annotations

from collections.abc import Sequence

from konnx.graph.leaves import phase_value
from konnx.graph.scans import join_scans
from konnx.graph.subgraph import bodies_of, map_bodies
from konnx.graph.tensor import (
    Node,
    Tensor,
    is_composite,
    is_phase,
    is_print,
    is_stop_gradient,
)
from konnx.graph.walk import rewrite, topological_order


def select_phase(
    outputs: Sequence[Tensor],
    *,
    training: bool,
    keep_gradient_stops: bool = False,
    keep_composites: bool = False,
) -> list[Tensor]:
    """Return the outputs as they are in training, or in inference.

    Args:
        outputs: tensors of a graph; all that are to be emitted together, so that loops whose
            gradients are among them run once.
        training: which side of `in_train_phase` to take.
        keep_gradient_stops: leave `stop_gradient` in, for gradients that are yet to be taken, and
            `print_tensor` too; otherwise only ONNX operators are left.
        keep_composites: leave `composite` in, for `block_channels`.
    """

    def replace(node: Node, inputs: list[Tensor | None]) -> Sequence[Tensor] | None:
        tensor = node.outputs[0]
        if is_phase(tensor):
            chosen = inputs[node.inputs.index(phase_value(node, training))]
        elif vanishes(tensor):
            chosen = inputs[0]
        elif bodies_of(node):
            return map_bodies(node, inputs, select).outputs
        else:
            return None
        assert chosen is not None
        return [chosen]

    def vanishes(tensor: Tensor) -> bool:
        if is_composite(tensor):
            return not keep_composites
        return (is_stop_gradient(tensor) or is_print(tensor)) and not keep_gradient_stops

    def select(tensors: Sequence[Tensor]) -> list[Tensor]:
        return rewrite(tensors, replace)

    return select(join_scans(outputs))


def drop_composites(outputs: Sequence[Tensor]) -> list[Tensor]:
    """Return the outputs with each `composite` as the operators that make it."""

    def replace(node: Node, inputs: list[Tensor | None]) -> Sequence[Tensor] | None:
        if bodies_of(node):
            return map_bodies(node, inputs, drop_composites).outputs
        whole = inputs[0] if node.outputs and is_composite(node.outputs[0]) else None
        return None if whole is None else [whole]

    return rewrite(outputs, replace)


def printed(outputs: Sequence[Tensor], *, training: bool) -> list[tuple[str, Tensor]]:
    """Return the messages and tensors that a run of the outputs is to print.

    What stands in the body of a loop or branch is not among them: no run can hand it out.
    """
    chosen = select_phase(outputs, training=training, keep_gradient_stops=True)
    return [
        (node.attributes["message"], node.outputs[0])
        for node in topological_order(chosen)
        if node.outputs and is_print(node.outputs[0])
    ]


def has_phase(outputs: Sequence[Tensor]) -> bool:
    """Tell whether the outputs differ between training and inference."""
    return any(
        (node.outputs and is_phase(node.outputs[0]))
        or any(has_phase(body.results) for body in bodies_of(node).values())
        for node in topological_order(outputs)
    )
