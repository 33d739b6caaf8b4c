"""Making layers of the pieces of a file's graph, and calling them."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from konnx.converters.onnx_import.partition import Piece, group_by_weights, label
from konnx.converters.onnx_import.weights import safe_name
from konnx.graph import Node, Tensor, Variable, emit_resolved, rewrite, stand_in
from konnx.layers import Activation, BatchNormalization, Dropout, ONNXGraph
from konnx.layers.base import Layer
from konnx.layers.spec import as_list, unpack
from konnx.utils.naming import free_name


class Assembly:
    """Calls a layer for each piece of a graph.

    Args:
        inputs: what the layers shall be called on, by the tensors of the graph.
        output_names: the names of the graph's outputs, by tensor.
        taken: names that layers cannot have.
    """

    def __init__(
        self,
        inputs: Mapping[Tensor, Tensor],
        output_names: Mapping[Tensor, str],
        taken: Sequence[str],
    ) -> None:
        self._values = dict(inputs)
        self._output_names = output_names
        self._names = {*taken, *output_names.values()}

    def run(self, pieces: Sequence[Piece]) -> None:
        """Make the layers and call them, in the order of the pieces."""
        groups = group_by_weights(pieces)
        layers: dict[Piece, tuple[Layer, dict[str, Any]]] = {}
        for group in groups:
            layer = self._layer(group)
            for number, piece in enumerate(group):
                layers[piece] = (layer, {"graph": number} if number else {})
        for piece in pieces:
            layer, arguments = layers[piece]
            inputs = [self._values[tensor] for tensor in piece.inputs]
            outputs = as_list(layer(unpack(inputs), **arguments))
            self._values.update(zip(piece.outputs, outputs, strict=True))

    def output(self, name: str, tensor: Tensor) -> Tensor:
        """Return what an output of the graph has become, made by a layer of that name."""
        made = self._values[tensor]
        if made._keras_history.layer.name == name:
            return made
        layer = Activation("linear", name=name)
        result: Tensor = layer(made)
        return result

    def _layer(self, group: Sequence[Piece]) -> Layer:
        name = self._name(group)
        native = _native(group[0], name) if len(group) == 1 else None
        return native or _graph_layer(group, name)

    def _name(self, group: Sequence[Piece]) -> str:
        """The name of an output that it makes; otherwise that of the node."""
        outputs = group[0].outputs
        if len(group) == 1 and len(outputs) == 1 and outputs[0] in self._output_names:
            return self._output_names[outputs[0]]
        name = safe_name(label(group[0]), "layer")
        operator = f"/{group[0].node.op_type}"
        while name.endswith(operator * 2):  # as konnx itself writes for a layer of that name
            name = name.removesuffix(operator)
        name = free_name(name, self._names.__contains__)
        self._names.add(name)
        return name


def _native(piece: Piece, name: str) -> Layer | None:
    """A layer of konnx that does more than the operator: it trains as Keras' own."""
    if len(piece.made) != 1:
        return None
    [node] = piece.made
    if piece.outputs != [node.outputs[0]]:
        return None  # a mask of what was dropped is asked for
    maker = {"Dropout": _dropout, "BatchNormalization": _batch_normalization}.get(node.op_type)
    return None if maker is None else maker(node, name)


def _dropout(node: Node, name: str) -> Layer | None:
    ratio = node.inputs[1] if len(node.inputs) == 2 else None
    value = None if ratio is None else ratio.constant_value
    return Dropout(float(value), name=name) if value is not None and value < 1 else None


def _batch_normalization(node: Node, name: str) -> Layer | None:
    x, *weights = node.inputs
    if x is None or not all(isinstance(one, Variable) for one in weights):
        return None
    layer = BatchNormalization(
        axis=1,
        momentum=node.attributes.get("momentum", 0.9),
        epsilon=node.attributes.get("epsilon", 1e-5),
        name=name,
    )
    layer.build(x.shape)
    layer.set_weights([one.numpy() for one in weights if isinstance(one, Variable)])
    return layer


def _graph_layer(group: Sequence[Piece], name: str) -> Layer:
    variables = list(dict.fromkeys(variable for piece in group for variable in piece.variables))
    places = {variable: place for place, variable in enumerate(variables)}
    layer = ONNXGraph(
        graphs=[_config(piece, places) for piece in group],
        variables=[
            {
                "name": variable.name,
                "shape": list(variable.shape),
                "dtype": variable.dtype,
                "trainable": variable.trainable,
            }
            for variable in variables
        ],
        name=name,
    )
    for own, read in zip(layer.variables, variables, strict=True):
        own.assign(read.numpy())
    return layer


def _config(piece: Piece, places: Mapping[Variable, int]) -> dict[str, Any]:
    """Write a piece as an ONNX model of its own."""
    inner = {tensor: stand_in(tensor) for tensor in piece.inputs}
    makers = {tensor.node for tensor in inner}

    def enter(node: Node, inputs: list[Tensor | None]) -> Sequence[Tensor] | None:
        if node not in makers:
            return None
        return [inner.get(tensor, tensor) for tensor in node.outputs]

    results = rewrite(piece.outputs, enter, stop=lambda node: node in makers)
    emitted = emit_resolved(
        {f"input_{place}": tensor for place, tensor in enumerate(inner.values())},
        {f"output_{place}": tensor for place, tensor in enumerate(results)},
        name=piece.node.op_type,
    )
    for node in emitted.model.graph.node:
        node.ClearField("name")  # the layer's name says it
    content = emitted.model.SerializeToString(deterministic=True)
    weights = {name: places[variable] for name, variable in emitted.variables.items()}
    return {"model": base64.b64encode(content).decode("ascii"), "weights": weights}
