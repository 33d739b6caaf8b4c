"""The layers of a model as a GraphDef, which TensorBoard draws.

Source: tensorflow/core/framework/graph.proto, node_def.proto and attr_value.proto.
"""

from __future__ import annotations

import re
from typing import Any

from konnx.callbacks.tensorboard import wire
from konnx.graph import Tensor
from konnx.layers.node import InboundNode
from konnx.utils.naming import free_name

_PRODUCER = 27  # the version of GraphDef that Keras 2.1's TensorFlow wrote


def graph_def(network: Any) -> bytes:
    """Return a GraphDef with one node for each call of a layer; nested models are scopes.

    Args:
        network: a built Model.
    """
    drawing = _Drawing()
    drawing.draw(network, "", {})
    versions = wire.content(4, wire.integer(1, _PRODUCER))
    return b"".join(wire.content(1, node) for node in drawing.nodes) + versions


def valid_name(name: str) -> str:
    """Return a name with only what TensorFlow allows in names of nodes.

    Example:
        >>> valid_name("my layer:0")
        'my_layer_0'
    """
    valid = re.sub(r"[^A-Za-z0-9_.\\/>-]", "_", name)
    return valid if re.match(r"[A-Za-z0-9.]", valid) else f".{valid}"


class _Drawing:
    def __init__(self) -> None:
        self.nodes: list[bytes] = []
        self._taken: set[str] = set()

    def draw(self, network: Any, scope: str, given: dict[Tensor, str]) -> list[str]:
        """Add the calls in a network; returns what its outputs are called.

        Args:
            network: whose calls.
            scope: goes before the names, with a slash.
            given: what comes in at its inputs, by what it is called outside.
        """
        names: dict[Tensor, str] = {}
        for call in network.nodes:
            inputs = [names[tensor] for tensor in call.inputs]
            if not call.inputs:
                inputs = [given[tensor] for tensor in call.outputs if tensor in given]
            names.update(zip(call.outputs, self._outputs_of(call, scope, inputs), strict=True))
        return [names[tensor] for tensor in network.outputs]

    def _outputs_of(self, call: InboundNode, scope: str, inputs: list[str]) -> list[str]:
        name = free_name(f"{scope}{valid_name(call.layer.name)}", self._taken.__contains__)
        self._taken.add(name)
        layer: Any = call.layer
        if hasattr(layer, "nodes"):
            return self.draw(layer, f"{name}/", dict(zip(layer.inputs, inputs, strict=True)))
        self.nodes.append(_node(name, call, inputs))
        return [name if not index else f"{name}:{index}" for index in range(len(call.outputs))]


def _node(name: str, call: InboundNode, inputs: list[str]) -> bytes:
    shapes = wire.content(1, b"".join(wire.content(7, _shape(one)) for one in call.outputs))
    count = wire.integer(3, call.layer.count_params() if call.inputs else 0)
    return b"".join([
        wire.content(1, name),
        wire.content(2, type(call.layer).__name__),
        *(wire.content(3, one) for one in inputs),
        _attribute("_output_shapes", shapes),
        _attribute("parameters", count),
    ])  # fmt: skip


def _shape(tensor: Tensor) -> bytes:
    sizes = [-1 if size is None else size for size in tensor.shape]
    return b"".join(wire.content(2, wire.integer(1, size)) for size in sizes)


def _attribute(key: str, value: bytes) -> bytes:
    return wire.content(5, wire.content(1, key) + wire.content(2, value))
