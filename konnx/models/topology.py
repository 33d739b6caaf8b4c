"""The order of layers in a model: by depth from the outputs, as Keras orders them.

The order matters beyond looks: weights in HDF5 files are matched by it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from konnx.graph import Tensor
from konnx.layers.base import Layer
from konnx.layers.node import InboundNode, node_of


@dataclass(frozen=True)
class Topology:
    """The layers of a model and its calls of them, inputs first."""

    layers: list[Layer]
    nodes: list[InboundNode]


def trace(inputs: Sequence[Tensor], outputs: Sequence[Tensor], name: str) -> Topology:
    """Find what lies between inputs and outputs.

    Raises:
        ValueError: an output depends on an input layer that is not among the inputs, or two
            layers have the same name.
    """
    finished, met = _walk_back(inputs, outputs)
    node_depths, layer_depths = _depths(finished)
    seen = {layer: index for index, layer in enumerate(met)}
    _check_connected(inputs, finished, name)
    for node in map(node_of, inputs):
        if node not in node_depths:  # nothing needs it, and yet it is an input, as in later Keras
            finished.append(node)
            node_depths[node] = layer_depths[node.layer] = 0
            seen[node.layer] = -1
    layers = sorted(layer_depths, key=lambda layer: (-layer_depths[layer], seen[layer]))
    _check_names(layers, name)
    place = {node: index for index, node in enumerate(finished)}
    nodes = sorted(finished, key=lambda node: (-node_depths[node], place[node]))
    return Topology(layers, nodes)


def get_source_inputs(
    tensor: Tensor, layer: Layer | None = None, node_index: int | None = None
) -> list[Tensor]:
    """Return the tensors of inputs that a tensor depends on.

    Args:
        tensor: made by a layer.
        layer: the layer to start from, if not the one that made the tensor.
        node_index: the number of its call.

    Example:
        >>> from konnx.layers import Dense, Input, add
        >>> x, y = Input((3,), name="x"), Input((3,), name="y")
        >>> [source.name for source in get_source_inputs(Dense(2)(add([x, y])))]
        ['x', 'y']
    """
    start = node_of(tensor) if layer is None else layer.inbound_nodes[node_index or 0]
    finished, _ = _walk_back([], start.outputs[:1])
    return [output for node in finished if not node.inputs for output in node.outputs]


def _walk_back(
    inputs: Sequence[Tensor], outputs: Sequence[Tensor]
) -> tuple[list[InboundNode], list[Layer]]:
    """Walk from the outputs to the inputs, depth first.

    Returns:
        Every call on the way, each after those that it needs itself; and every layer in the order
        in which the walk first meets it.
    """
    given = {node_of(tensor) for tensor in inputs}
    finished: dict[InboundNode, None] = {}
    met: dict[Layer, None] = {}
    for output in outputs:
        stack = [(node_of(output), False)]
        while stack:
            node, parents_listed = stack.pop()
            if node in finished:
                continue
            met.setdefault(node.layer)
            if parents_listed or node in given:
                finished[node] = None
                continue
            stack.append((node, True))
            stack += [(node_of(tensor), False) for tensor in reversed(node.inputs)]
    return list(finished), list(met)


def _depths(
    finished: Sequence[InboundNode],
) -> tuple[dict[InboundNode, int], dict[Layer, int]]:
    """How far each call, and each layer, lies from the outputs; a layer counts as its deepest."""
    nodes: dict[InboundNode, int] = {}
    layers: dict[Layer, int] = {}
    for node in reversed(finished):
        depth = max(nodes.get(node, 0), layers.get(node.layer, 0))
        nodes[node] = layers[node.layer] = depth
        for tensor in node.inputs:
            parent = node_of(tensor)
            nodes[parent] = max(depth + 1, nodes.get(parent, 0))
    return nodes, layers


def _check_connected(inputs: Sequence[Tensor], nodes: Sequence[InboundNode], name: str) -> None:
    given = {node_of(tensor) for tensor in inputs}
    for node in nodes:
        if not node.inputs and node not in given:
            raise ValueError(
                f"Model '{name}': an output depends on the input '{node.layer.name}', which is "
                f"not among the inputs. Received: inputs={[tensor.name for tensor in inputs]}"
            )


def _check_names(layers: Sequence[Layer], name: str) -> None:
    names = [layer.name for layer in layers]
    twice = sorted({one for one in names if names.count(one) > 1})
    if twice:
        raise ValueError(
            f"Model '{name}' holds several layers of the name {', '.join(map(repr, twice))}. "
            "Names must be unique in a model; give each layer a `name` of its own."
        )
