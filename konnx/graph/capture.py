"""Making bodies of control flow out of open pieces of graph."""

from __future__ import annotations

from collections.abc import Sequence

from konnx.graph.leaves import stand_in
from konnx.graph.subgraph import Subgraph
from konnx.graph.tensor import Node, Tensor, is_constant
from konnx.graph.walk import substitute, topological_order

_SMALL = 256  # elements; larger constants stay outside and are captured


def dependent_nodes(outputs: Sequence[Tensor], sources: Sequence[Tensor]) -> set[Node]:
    """Return the nodes behind the outputs that depend on one of the sources; these included."""
    dependent = {tensor.node for tensor in sources}
    for node in topological_order(outputs):
        if any(tensor is not None and tensor.node in dependent for tensor in node.inputs):
            dependent.add(node)
    return dependent


def find_captures(
    results: Sequence[Tensor], parameters: Sequence[Tensor], *, made_before: int | None = None
) -> list[Tensor]:
    """Return what results take from around a body with these parameters.

    Small constants are not listed, as a body may hold them.

    Args:
        results: of the body.
        parameters: placeholders of the body.
        made_before: what a body without parameters takes from around it: nodes with a smaller
            `serial`. Otherwise that is all that does not depend on the parameters.
    """
    if made_before is None:
        inside = dependent_nodes(results, parameters)
    else:
        inside = {n for n in topological_order(results) if n.inputs and n.serial > made_before}
    found: dict[Tensor, None] = {}
    for node in topological_order(results, stop=lambda node: node not in inside):
        if node in inside:
            found.update(dict.fromkeys(t for t in node.inputs if t is not None))
    found.update(dict.fromkeys(results))
    return [t for t in found if t.node not in inside and not is_small_constant(t)]


def is_small_constant(tensor: Tensor) -> bool:
    """Tell whether a tensor is a constant that a body holds itself instead of capturing it."""
    return is_constant(tensor) and tensor.node.attributes["value"].size <= _SMALL


def close_over(
    results: Sequence[Tensor], parameters: Sequence[Tensor], outer: Sequence[Tensor]
) -> Subgraph:
    """Return the body that computes results from parameters and from `outer`, its captures."""
    inner = [stand_in(tensor) for tensor in outer]
    closed = substitute(results, dict(zip(outer, inner, strict=True)))
    return Subgraph(tuple(parameters), tuple(inner), tuple(closed))
