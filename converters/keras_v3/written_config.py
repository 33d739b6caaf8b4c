"""The config of a model as Keras 3 writes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from konnx.converters.keras_v3.written_layers import (
    in_words_of_keras_3,
    input_object,
    problem_with,
)
from konnx.converters.keras_v3.written_operations import operation_call, operation_object
from konnx.graph import Tensor
from konnx.layers.attention.multi_head import ProjectedAttention
from konnx.layers.base import Layer
from konnx.layers.bidirectional import Bidirectional
from konnx.layers.input import InputLayer
from konnx.layers.masking import ApplyMask
from konnx.layers.node import InboundNode, history_of, with_tensors
from konnx.layers.operation import Operation
from konnx.layers.recurrent import RNN
from konnx.layers.spec import unpack
from konnx.models.config import serialized
from konnx.models.network import Network
from konnx.models.sequential import Sequential
from konnx.utils.naming import free_name

Config = dict[str, Any]


def model_object(model: Network) -> Config:
    """Return class and config of a model, as a `.keras` archive holds them.

    Raises:
        ValueError: Keras 3 does not have a layer, or what it is asked to do.
    """
    for node in model.nodes:
        _check_masks(node)
    if isinstance(model, Sequential):
        return {
            "module": "keras",
            "class_name": "Sequential",
            "config": _sequential(model),
            "registered_name": None,
            "build_config": {"input_shape": list(model.inputs[0].shape)},
        }
    return {
        "module": "keras.src.models.functional",
        "class_name": "Functional",
        "config": _functional(model),
        "registered_name": "Functional",
        "build_config": {"input_shape": None},
    }


def _sequential(model: Sequential) -> Config:
    return {
        "name": model.name,
        "trainable": model.trainable,
        "layers": [
            input_object(history_of(model.inputs[0]).layer),
            *(layer_object(layer, model) for layer in model.layers),
        ],
        "build_input_shape": list(model.inputs[0].shape),
    }


class _Graph(NamedTuple):
    """What the places in a model's config are made of.

    Attributes:
        model: the model.
        numbers: of the calls of each layer that belong to the model, from 0.
        names: of the layers.
    """

    model: Network
    numbers: Mapping[InboundNode, int]
    names: Mapping[Layer, str]

    @classmethod
    def of(cls, model: Network) -> _Graph:
        own = set(model.nodes)
        numbers = {
            node: index
            for layer in model.layers
            for index, node in enumerate(node for node in layer.inbound_nodes if node in own)
        }
        return cls(model, numbers, _names(model))

    def place(self, tensor: Tensor) -> list[Any]:
        """Return where a tensor comes from."""
        history = history_of(tensor)
        node = history.layer.inbound_nodes[history.node_index]
        return [self.names[history.layer], self.numbers[node], history.tensor_index]

    def end(self, tensor: Tensor) -> list[Any]:
        """Return where an input or output comes from; calls of functional models count from 1."""
        name, number, index = self.place(tensor)
        layer = history_of(tensor).layer
        is_functional = isinstance(layer, Network) and not isinstance(layer, Sequential)
        return [name, number + is_functional, index]

    def tensor(self, tensor: Tensor) -> Config:
        """Return what stands for a tensor in a call."""
        return {
            "class_name": "__keras_tensor__",
            "config": {
                "shape": list(tensor.shape),
                "dtype": tensor.dtype,
                "keras_history": self.place(tensor),
            },
        }


def _names(model: Network) -> dict[Layer, str]:
    """The names of layers; masks make Keras 3 add operations, whose names must be others."""
    names = {layer: layer.name for layer in model.layers}
    if any(isinstance(layer, ApplyMask) for layer in model.layers):
        for layer in model.layers:
            if isinstance(layer, Operation):
                name = free_name(f"{layer.name}_given", set(names.values()).__contains__)
                names[layer] = name
    return names


def _functional(model: Network) -> Config:
    graph = _Graph.of(model)
    return {
        "name": model.name,
        "trainable": model.trainable,
        "layers": [
            _entry(layer, graph) for layer in model.layers if not isinstance(layer, ApplyMask)
        ],
        "input_layers": unpack([graph.end(tensor) for tensor in model.inputs]),
        "output_layers": unpack([graph.end(tensor) for tensor in model.outputs]),
    }


def _entry(layer: Layer, graph: _Graph) -> Config:
    calls = [node for node in layer.inbound_nodes if node in graph.numbers and node.inputs]
    is_input = isinstance(layer, InputLayer)
    described = input_object(layer) if is_input else layer_object(layer, graph.model)
    name = graph.names[layer]
    return {
        **described,
        "config": {**described["config"], "name": name},
        "name": name,
        "inbound_nodes": [_call(node, graph) for node in calls],
    }


def _call(node: InboundNode, graph: _Graph) -> Config:
    split = [_without_mask(tensor) for tensor in node.called_on]
    tensors = [graph.tensor(tensor) for tensor, _ in split]
    masks = [None if mask is None else graph.tensor(mask) for _, mask in split]
    if isinstance(node.layer, Operation):
        return operation_call(node.layer.get_config(), node.arguments, tensors)
    kwargs = with_tensors(node.arguments, graph.tensor)
    if isinstance(node.layer, ProjectedAttention):
        return _attention_call(node.layer, node.called_on, tensors, masks, kwargs)
    if isinstance(node.layer, RNN | Bidirectional):
        states = {"initial_state": tensors[1:]} if len(tensors) > 1 else {}
        tensors, masks, kwargs = tensors[:1], masks[:1], {**kwargs, **states}
    if any(masks):
        kwargs["mask"] = unpack(masks)
    return {"args": [unpack(tensors)], "kwargs": kwargs}


def _attention_call(
    layer: ProjectedAttention,
    inputs: Sequence[Tensor],
    tensors: list[Config],
    masks: list[Config | None],
    kwargs: Config,
) -> Config:
    """The call of attention, whose inputs Keras 3 takes apart."""
    names = ["query", "value", "key"]
    *_, mask = layer.named(inputs, [tensor.shape for tensor in inputs])
    if mask is not None:
        names[len(tensors) - 1 :] = ["attention_mask"]
    given = dict(zip(names, tensors, strict=False))
    if mask is not None and given.get("key") == given["value"]:
        del given["key"]  # which is there so that the mask is told from a key
    hidden = {f"{name}_mask": one for name, one in zip(names, masks, strict=False) if one}
    return {"args": [given.pop("query")], "kwargs": {**given, **hidden, **kwargs}}


def _without_mask(tensor: Tensor) -> tuple[Tensor, Tensor | None]:
    """The tensor that a mask was applied to, and the mask, which is an argument in Keras 3."""
    history = history_of(tensor)
    if not isinstance(history.layer, ApplyMask):
        return tensor, None
    given, mask = history.layer.inbound_nodes[history.node_index].inputs
    return given, mask


def _check_masks(node: InboundNode) -> None:
    """Refuse a Bidirectional that shows zeros for masked steps in Keras 3, and does not here."""
    layer = node.layer
    if not isinstance(layer, Bidirectional) or node.inputs[0]._keras_mask is None:
        return
    parts = (layer.forward_layer, layer.backward_layer)
    if any(part.return_sequences and not part.zero_output_for_mask for part in parts):
        raise problem_with(
            layer.get_config(),
            "Bidirectional",
            "its input is masked, where Keras 3 returns zeros and Keras 2 repeats the last output",
        )


def layer_object(layer: Layer, model: Network) -> Config:
    """Return class and config of a layer of a model.

    Raises:
        ValueError: Keras 3 does not have it, or what it is asked to do.
    """
    if isinstance(layer, Network):
        return model_object(layer)
    given = serialized(layer, model)
    if isinstance(layer, Operation):
        return operation_object(given["config"])
    inner = getattr(layer, "layer", None)
    if isinstance(inner, Network):
        given = {**given, "config": {**given["config"], "layer": model_object(inner)}}
    described = in_words_of_keras_3(given)
    if layer.own_weights or "dtype" not in described["config"]:
        described["config"]["dtype"] = layer.weight_dtype
    return described
