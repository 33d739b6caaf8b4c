"""Scan operators in whole graphs: those of one loop run once, and compute only what is used.

Gradients need values from inside a loop. They ask for them by a Scan of the same inputs and body
with further results, and leave the loop itself as it is; here the two become one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from konnx.graph.subgraph import Subgraph, bodies_of, map_bodies
from konnx.graph.tensor import Node, Tensor
from konnx.graph.types import TensorType
from konnx.graph.walk import rewrite, topological_order


def is_scan(node: Node) -> bool:
    """Tell whether a node is a Scan over axis 0 of everything, all in one direction."""
    if node.op_type != "Scan" or not isinstance(node.attributes.get("body"), Subgraph):
        return False
    axes = [*_list(node, "scan_input_axes"), *_list(node, "scan_output_axes")]
    inputs, outputs = _list(node, "scan_input_directions"), _list(node, "scan_output_directions")
    kept = len(node.outputs) - len(node.attributes["body"].parameters)
    kept += node.attributes["num_scan_inputs"]
    inputs = inputs or [0] * node.attributes["num_scan_inputs"]
    outputs = outputs or [0] * kept
    return not any(axes) and len({*inputs, *outputs}) == 1


def _list(node: Node, attribute: str) -> list[int]:
    return list(node.attributes.get(attribute) or ())


@dataclass(frozen=True)
class ScanParts:
    """The parts of a Scan over axis 0.

    Args:
        body: what it repeats; its parameters are states, then elements of sequences.
        initial: the states before the first step.
        sequences: what it runs over.
        outer: what the body captures.
        finals: the states after the last step.
        stacked: what each step adds.
        reverse: whether it begins with the last step.
        name: of the node.
    """

    body: Subgraph
    initial: tuple[Tensor, ...]
    sequences: tuple[Tensor, ...]
    outer: tuple[Tensor, ...]
    finals: tuple[Tensor, ...]
    stacked: tuple[Tensor, ...]
    reverse: bool
    name: str

    @staticmethod
    def of(node: Node) -> ScanParts:
        """Take a Scan apart."""
        body: Subgraph = node.attributes["body"]
        inputs = [tensor for tensor in node.inputs if tensor is not None]
        states = len(body.parameters) - node.attributes["num_scan_inputs"]
        own = len(body.parameters)
        return ScanParts(
            body,
            tuple(inputs[:states]),
            tuple(inputs[states:own]),
            tuple(inputs[own:]),
            node.outputs[:states],
            node.outputs[states:],
            1 in node.attributes.get("scan_input_directions", ()),
            node.name,
        )

    @property
    def states(self) -> tuple[Tensor, ...]:
        """The body's placeholders for the state before a step."""
        return self.body.parameters[: len(self.initial)]

    @property
    def elements(self) -> tuple[Tensor, ...]:
        """The body's placeholders for one step's part of each sequence."""
        return self.body.parameters[len(self.initial) :]

    @property
    def new_states(self) -> tuple[Tensor, ...]:
        """The body's results that are the state after a step."""
        return self.body.results[: len(self.initial)]

    @property
    def kept(self) -> tuple[Tensor, ...]:
        """The body's results that are stacked."""
        return self.body.results[len(self.initial) :]


def scan_node(
    initial: Sequence[Tensor],
    sequences: Sequence[Tensor],
    outer: Sequence[Tensor],
    body: Subgraph,
    types: Sequence[TensorType],
    *,
    reverse: bool,
    name: str = "",
) -> Node:
    """Make a Scan over axis 0 of everything.

    Args:
        initial: the states before the first step.
        sequences: what it runs over, at least one.
        outer: what the body captures.
        body: its parameters stand for states and elements; its results are new states, then what
            is stacked.
        types: of final states and stacked results.
        reverse: whether to begin with the last step; what is stacked keeps the sequences' order.
        name: default: Scan, in the present scope.
    """
    attributes: dict[str, object] = {"body": body, "num_scan_inputs": len(sequences)}
    if reverse:
        attributes["scan_input_directions"] = [1] * len(sequences)
        if len(types) > len(initial):
            attributes["scan_output_directions"] = [1] * (len(types) - len(initial))
    return Node("Scan", [*initial, *sequences, *outer], attributes, types, name=name)


def tidy_scans(outputs: Sequence[Tensor]) -> list[Tensor]:
    """Return the outputs with Scans of one loop made one, and without what no one uses of them."""
    return drop_unused(join_scans(outputs))


def _has_bodies(order: Sequence[Node]) -> bool:
    return any(bodies_of(node) for node in order)


# Joining ----------------------------------------------------------------------------------------


def join_scans(outputs: Sequence[Tensor]) -> list[Tensor]:
    """Return the outputs with Scans of the same inputs, body and captures made one."""
    order = topological_order(outputs)
    if not _has_bodies(order):
        return list(outputs)
    groups: dict[object, list[Node]] = {}
    for node in order:
        if is_scan(node):
            groups.setdefault(_loop_key(node), []).append(node)
    joined: dict[object, _Union] = {}

    def replace(node: Node, inputs: list[Tensor | None]) -> Sequence[Tensor] | None:
        key = _loop_key(node) if is_scan(node) else None
        if len(groups.get(key, ())) < 2:
            return map_bodies(node, inputs, join_scans).outputs if bodies_of(node) else None
        if key not in joined:
            joined[key] = _union(groups[key], inputs)
        finals, stacked = joined[key]
        return [*finals, *(stacked[result] for result in ScanParts.of(node).kept)]

    return rewrite(outputs, replace)


_Union = tuple[list[Tensor], dict[Tensor, Tensor]]
"""Final states; what is stacked, by the body's result."""


def _loop_key(node: Node) -> object:
    body: Subgraph = node.attributes["body"]
    return (node.inputs, body.parameters, body.captures)


def _union(group: Sequence[Node], inputs: Sequence[Tensor | None]) -> _Union:
    """Make one Scan with all results."""
    first = ScanParts.of(group[0])
    kept: dict[Tensor, TensorType] = {}
    for node in group:
        parts = ScanParts.of(node)
        for result, output in zip(parts.kept, parts.stacked, strict=True):
            kept.setdefault(result, output.type)
    results = join_scans([*first.new_states, *kept])
    given = [tensor for tensor in inputs if tensor is not None]
    states, own = len(first.initial), len(first.body.parameters)
    whole = scan_node(
        given[:states],
        given[states:own],
        given[own:],
        first.body.with_results(results),
        [*(tensor.type for tensor in first.finals), *kept.values()],
        reverse=first.reverse,
        name=group[0].name,
    )
    return list(whole.outputs[:states]), dict(zip(kept, whole.outputs[states:], strict=True))


# Dropping ---------------------------------------------------------------------------------------


def drop_unused(outputs: Sequence[Tensor]) -> list[Tensor]:
    """Return the outputs with Scans that no longer carry or stack what nothing uses."""
    order = topological_order(outputs)
    if not _has_bodies(order):
        return list(outputs)
    used = set(outputs)
    living: dict[Node, _Living] = {}
    for node in reversed(order):
        if used.isdisjoint(node.outputs):
            continue
        if is_scan(node):
            living[node] = _Living(ScanParts.of(node), used)
            used.update(living[node].inputs)
        else:
            used.update(tensor for tensor in node.inputs if tensor is not None)

    def replace(node: Node, inputs: list[Tensor | None]) -> Sequence[Tensor] | None:
        if node in living and not living[node].is_whole:
            return living[node].rebuilt(node, inputs)
        return map_bodies(node, inputs, drop_unused).outputs if bodies_of(node) else None

    return rewrite(outputs, replace)


class _Living:
    """The parts of a Scan on which something that is used depends."""

    def __init__(self, parts: ScanParts, used: set[Tensor]) -> None:
        self._parts = parts
        self.stacked = [i for i, tensor in enumerate(parts.stacked) if tensor in used]
        self.states = [i for i, tensor in enumerate(parts.finals) if tensor in used]
        while True:
            needed = topological_order(self._results())
            reached = {tensor for node in needed for tensor in node.outputs}
            states = [
                i for i, state in enumerate(parts.states) if i in self.states or state in reached
            ]
            if states == self.states:
                break
            self.states = states
        elements = [i for i, tensor in enumerate(parts.elements) if tensor in reached]
        self.elements = elements or [0]  # something must tell the number of steps
        self.captures = [i for i, one in enumerate(parts.body.captures) if one in reached]

    def _results(self) -> list[Tensor]:
        new_states = [self._parts.new_states[i] for i in self.states]
        return new_states + [self._parts.kept[i] for i in self.stacked]

    @property
    def inputs(self) -> list[Tensor]:
        """The inputs of the Scan that are still needed."""
        parts = self._parts
        return [
            *(parts.initial[i] for i in self.states),
            *(parts.sequences[i] for i in self.elements),
            *(parts.outer[i] for i in self.captures),
        ]

    @property
    def is_whole(self) -> bool:
        """Whether nothing can be left out."""
        parts = self._parts
        counts = (len(self.inputs), len(self.stacked))
        everything = len(parts.initial) + len(parts.sequences) + len(parts.outer)
        return counts == (everything, len(parts.stacked))

    def rebuilt(self, node: Node, inputs: Sequence[Tensor | None]) -> list[Tensor]:
        """The outputs of a Scan of what is left; those that no one uses stay as they were."""
        parts = self._parts
        new = dict(zip(node.inputs, inputs, strict=True))
        places = [*self.states, *(len(parts.finals) + i for i in self.stacked)]
        body = Subgraph(
            tuple(
                [parts.states[i] for i in self.states] + [parts.elements[i] for i in self.elements]
            ),
            tuple(parts.body.captures[i] for i in self.captures),
            tuple(drop_unused(self._results())),
        )
        given = [tensor for old in self.inputs if (tensor := new[old]) is not None]
        states, own = len(self.states), len(body.parameters)
        left = scan_node(
            given[:states],
            given[states:own],
            given[own:],
            body,
            [node.outputs[i].type for i in places],
            reverse=parts.reverse,
            name=node.name,
        )
        outputs = list(node.outputs)
        for place, tensor in zip(places, left.outputs, strict=True):
            outputs[place] = tensor
        return outputs
