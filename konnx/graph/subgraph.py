"""Bodies of control flow: pieces of graph that an operator such as Scan or If holds and runs.

A body is closed: it reaches nothing but its own placeholders and constants. What it takes from the
graph around it stands among the inputs of the node that holds it, after the operator's own, so that
whatever walks over a graph sees it there. In ONNX these captures are names of the outer scope.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from konnx.graph.tensor import Node, Tensor


@dataclass(frozen=True, eq=False, slots=True)
class Subgraph:
    """A closed piece of graph.

    Args:
        parameters: placeholders for what the operator hands in at each run.
        captures: placeholders for the last inputs of the node that holds the body.
        results: what the body computes from them.
    """

    parameters: tuple[Tensor, ...]
    captures: tuple[Tensor, ...]
    results: tuple[Tensor, ...]

    def with_results(self, results: Sequence[Tensor]) -> Subgraph:
        """Return a body of the same placeholders with other results."""
        return Subgraph(self.parameters, self.captures, tuple(results))


def bodies_of(node: Node) -> dict[str, Subgraph]:
    """Return the bodies that a node holds, by the name of the attribute."""
    return {key: one for key, one in node.attributes.items() if isinstance(one, Subgraph)}


def captured_by(node: Node) -> tuple[Tensor | None, ...]:
    """Return the inputs of a node that its bodies take from the graph around it."""
    bodies = bodies_of(node).values()
    count = max((len(body.captures) for body in bodies), default=0)
    return node.inputs[len(node.inputs) - count :]


def map_bodies(
    node: Node, inputs: Sequence[Tensor | None], change: Callable[[list[Tensor]], list[Tensor]]
) -> Node:
    """Return the node on other inputs, with the results of each body changed.

    The node itself is returned where that leaves everything as it was.
    """
    changed = {
        key: body.with_results(results)
        for key, body in bodies_of(node).items()
        if (results := tuple(change(list(body.results)))) != body.results
    }
    if not changed:
        same = all(a is b for a, b in zip(inputs, node.inputs, strict=True))
        return node if same else node.with_inputs(inputs)
    return Node(
        node.op_type,
        inputs,
        {**node.attributes, **changed},
        [output.type for output in node.outputs],
        domain=node.domain,
        name=node.name,
    )
