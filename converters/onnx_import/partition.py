"""Dividing the graph of a file into layers: one for each node that depends on the inputs.

A layer takes over what its node alone needs: weights, constants, what is computed from them, and
arithmetic on shapes. Nodes that share a trained weight share a layer, which is called for each.
"""

from __future__ import annotations

from collections import ChainMap, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import onnx

from konnx.converters.onnx_import.calls import first_output
from konnx.graph import Node, Tensor, Variable, dependent_nodes, topological_order

_SMALL = 64  # entries


@dataclass(eq=False)
class Piece:
    """What one node of the file has become.

    Attributes:
        node: of the file.
        inputs: tensors that other pieces, or the inputs of the model, make.
        outputs: tensors that other pieces, or the outputs of the model, take.
        variables: the weights that it uses.
        made: all that the node has become.
    """

    node: onnx.NodeProto
    inputs: list[Tensor] = field(default_factory=list)
    outputs: list[Tensor] = field(default_factory=list)
    variables: list[Variable] = field(default_factory=list)
    made: set[Node] = field(default_factory=set)


def divide(
    graph: onnx.GraphProto,
    values: Mapping[str, Tensor],
    inputs: Sequence[Tensor],
    outputs: Sequence[Tensor],
) -> list[Piece]:
    """Return the pieces of a graph, each after those that make its inputs.

    Args:
        graph: of the file.
        values: what its values have become.
        inputs: placeholders of the model's inputs.
        outputs: what the model returns.
    """
    order = topological_order(outputs)
    dynamic = dependent_nodes(outputs, inputs)
    owners = _owners(graph, values)
    returned = set(outputs)

    def is_own(node: Node) -> bool:
        """Whether a node belongs to a piece; others go to whatever uses them."""
        if node not in dynamic or node not in owners or not node.inputs:
            return False
        return any(tensor in returned for tensor in node.outputs) or not _is_arithmetic(node)

    piece_of: dict[Node, Piece] = {}
    pieces: dict[int, Piece] = {}
    for node in order:
        if is_own(node):
            maker = owners[node]
            piece = pieces.pop(id(maker), None) or Piece(maker)
            pieces[id(maker)] = piece_of[node] = piece  # at the end, behind all that it needs
            piece.made.add(node)
    users = _users(order)
    for node, piece in piece_of.items():
        piece.outputs += [t for t in node.outputs if t in returned or users[t] - piece.made]
    boundary = piece_of.keys() | {tensor.node for tensor in inputs}
    for piece in pieces.values():
        _find_inputs(piece, boundary)
    return list(pieces.values())


def _owners(graph: onnx.GraphProto, values: Mapping[str, Tensor]) -> dict[Node, onnx.NodeProto]:
    """Which node of the file a node of the graph was made for."""
    owners: dict[Node, onnx.NodeProto] = {}
    for node in graph.node:
        taken = {values[name].node: node for name in node.input if name in values}
        made = [values[name] for name in node.output if name in values]
        for one in topological_order(made, stop=ChainMap(taken, owners).__contains__):
            if one not in taken:
                owners.setdefault(one, node)
    return owners


def _is_arithmetic(node: Node) -> bool:
    """Tell whether a node computes sizes, axes, places: a few integers."""
    return all(
        not tensor.dtype.startswith("float")
        and tensor.dims is not None
        and len(tensor.dims) <= 1
        and all(isinstance(size, int) and size <= _SMALL for size in tensor.dims)
        for tensor in node.outputs
    )


def _users(order: Iterable[Node]) -> dict[Tensor, set[Node]]:
    users: dict[Tensor, set[Node]] = defaultdict(set)
    for node in order:
        for tensor in node.inputs:
            if tensor is not None:
                users[tensor].add(node)
    return users


def _find_inputs(piece: Piece, boundary: set[Node]) -> None:
    """Walk from the outputs to what other pieces make, and to weights."""
    others = boundary - piece.made
    found: dict[Tensor, None] = {}
    for node in topological_order(piece.outputs, stop=lambda node: node in others):
        if node in others:
            continue
        piece.variables += [t for t in node.outputs if isinstance(t, Variable)]
        found.update((t, None) for t in node.inputs if t is not None and t.node in others)
    piece.inputs = list(found)


def group_by_weights(pieces: Sequence[Piece]) -> list[list[Piece]]:
    """Return pieces together that share a trained weight, each group where its first one stands.

    Others they share by chance: exporters store equal statistics once. Each layer gets its own.
    """
    group_of: dict[Piece, list[Piece]] = {}
    first: dict[Variable, Piece] = {}
    for piece in pieces:
        group_of[piece] = [piece]
        for variable in filter(_is_trained, piece.variables):
            other = first.setdefault(variable, piece)
            old, new = group_of[piece], group_of[other]
            if old is not new:
                new += old
                group_of.update((member, new) for member in old)
    unique = {id(group): group for group in group_of.values()}
    return list(unique.values())


def _is_trained(variable: Variable) -> bool:
    return variable.trainable


def label(piece: Piece) -> str:
    """Return what the file calls the piece: the node's name, or its output's."""
    return piece.node.name or first_output(piece.node)
