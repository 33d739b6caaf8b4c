"""Which part of a graph a gradient passes through."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from konnx.autodiff.rules import ZERO_GRADIENT
from konnx.graph import Node, Tensor, is_float, topological_order
from konnx.graph.leaves import phase_value
from konnx.graph.tensor import INTERNAL, is_composite, is_phase, is_print


def differentiable_inputs(node: Node, training: bool) -> list[Tensor]:
    """Return the inputs of a node that a gradient of its outputs can pass to."""
    if node.domain == INTERNAL:
        passed = passed_on(node, training)
        return [] if passed is None else [passed]
    if node.op_type in ZERO_GRADIENT:
        return []
    return [t for t in node.inputs if t is not None and is_float(t.dtype)]


def passed_on(node: Node, training: bool) -> Tensor | None:
    """Return the input that a node without an operator hands on as it is."""
    tensor = node.outputs[0]
    if is_phase(tensor):
        return phase_value(node, training)
    return node.inputs[0] if is_print(tensor) or is_composite(tensor) else None


def active_tensors(order: Sequence[Node], sources: Iterable[Tensor], training: bool) -> set[Tensor]:
    """Return the sources and what depends on them differentiably, of nodes in order."""
    active = set(sources)
    for node in order:
        if any(tensor in active for tensor in differentiable_inputs(node, training)):
            active.update(tensor for tensor in node.outputs if is_float(tensor.dtype))
    return active


def backward_scope(node: Node) -> str:
    """Name what a layer's gradient is made of after the layer: grad/dense_1/MatMul."""
    inside = f"{node.scope}/".startswith("grad/")
    return node.scope if inside else f"grad/{node.scope}".rstrip("/")


@dataclass(frozen=True)
class Path:
    """What lies between some outputs and their sources.

    Args:
        nodes: that a gradient passes through, in the order of computation.
        tensors: that have a gradient.
    """

    nodes: list[Node]
    tensors: set[Tensor]


def find_path(
    outputs: Sequence[Tensor],
    sources: Sequence[Tensor],
    training: bool,
    stop: Callable[[Node], bool] = lambda _: False,
) -> Path:
    """Return what gradients of the outputs pass through on their way to the sources.

    Args:
        outputs: where gradients come from.
        sources: where they go to.
        training: which side of `in_train_phase` is meant.
        stop: nodes not to look behind.
    """
    order = topological_order(outputs, stop)
    active = active_tensors(order, sources, training)
    wanted = set(outputs)
    nodes: list[Node] = []
    for node in reversed(order):
        passed = [t for t in differentiable_inputs(node, training) if t in active]
        if passed and any(tensor in wanted for tensor in node.outputs):
            nodes.append(node)
            wanted.update(passed)
    return Path(nodes[::-1], wanted & active)
