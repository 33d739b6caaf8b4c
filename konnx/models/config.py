"""Models to and from configs: the nested dicts that Keras keeps in JSON and HDF5 files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from konnx import layers as layer_family
from konnx.graph import Tensor
from konnx.layers.base import Layer
from konnx.layers.input import InputLayer
from konnx.layers.node import InboundNode, history_of, with_tensors
from konnx.layers.spec import unpack
from konnx.models.network import Network
from konnx.utils.custom_objects import get_custom_objects
from konnx.utils.naming import near_match

if TYPE_CHECKING:
    from konnx.models.model import Model
    from konnx.models.sequential import Sequential

Custom = Mapping[str, Any] | None
Place = tuple[str, int, int]  # layer name, number of the call, number of the output

POSITIONAL = "*args"
"""The name, in configs of other Keras', of arguments whose names only the layer's class knows."""


# To configs


def network_config(network: Network) -> dict[str, Any]:
    """Return the config of a functional model: its layers and how they are called."""
    numbers = _call_numbers(network)
    return {
        "name": network.name,
        "layers": [_layer_config(layer, network, numbers) for layer in network.layers],
        "input_layers": [_place(tensor, numbers) for tensor in network.inputs],
        "output_layers": [_place(tensor, numbers) for tensor in network.outputs],
    }


def _call_numbers(network: Network) -> dict[InboundNode, int]:
    """Number the calls that belong to the network, from 0 (1 for a network within) by layer."""
    own = set(network.nodes)
    numbers: dict[InboundNode, int] = {}
    for layer in network.layers:
        kept = [node for node in layer.inbound_nodes if node in own]
        first = 1 if isinstance(layer, Network) else 0
        numbers.update({node: first + index for index, node in enumerate(kept)})
    return numbers


def _place(tensor: Tensor, numbers: Mapping[InboundNode, int]) -> list[Any]:
    history = history_of(tensor)
    node = history.layer.inbound_nodes[history.node_index]
    return [history.layer.name, numbers[node], history.tensor_index]


def _layer_config(
    layer: Layer, network: Network, numbers: Mapping[InboundNode, int]
) -> dict[str, Any]:
    calls = [node for node in layer.inbound_nodes if node in numbers and node.inputs]
    return {
        "name": layer.name,
        **serialized(layer, network),
        "inbound_nodes": [_call_config(node, numbers) for node in calls],
    }


def _call_config(node: InboundNode, numbers: Mapping[InboundNode, int]) -> list[Any]:
    """One [layer, call, output, arguments] for each tensor that a layer was called on.

    A tensor among the arguments is a [layer, call, output], as in tf.keras.
    """
    arguments = with_tensors(node.arguments, lambda tensor: _place(tensor, numbers))
    return [[*_place(tensor, numbers), arguments] for tensor in node.called_on]


def sequential_config(model: Network, layers: Sequence[Layer]) -> list[dict[str, Any]]:
    """Return the config of a Sequential model: its layers in order."""
    return [serialized(layer, model) for layer in layers]


def serialized(layer: Layer, network: Network) -> dict[str, Any]:
    """Return class and config of a layer, which is frozen if a model that is left out froze it."""
    described = layer_family.serialize(layer)
    if not is_frozen_elsewhere(layer, network):
        return described
    return {**described, "config": {**described["config"], "trainable": False}}


def is_frozen_elsewhere(layer: Layer, network: Network) -> bool:
    """Tell whether a model which a network is no part of has frozen a layer of the network."""
    if isinstance(layer, Network | InputLayer):
        return False
    return any(one is not network and not _holds(one, network) for one in layer.frozen_by)


def _holds(layer: Layer, network: Network) -> bool:
    inner = layer.layers if isinstance(layer, Network) else layer.parts
    return any(one is network or _holds(one, network) for one in inner)


# From configs


def network_from_config(
    cls: type[Model], config: Mapping[str, Any], custom_objects: Custom = None
) -> Model:
    """Build a functional model.

    Raises:
        ValueError: the config is damaged: a layer, a call or an output that it names is missing.
    """
    builder = _Builder(config, custom_objects)
    inputs = [builder.tensor(place) for place in _places(config["input_layers"])]
    outputs = [builder.tensor(place) for place in _places(config["output_layers"])]
    return cls(inputs, outputs, name=config.get("name"))


def _places(places: Any) -> list[Place]:
    """Read [layer, call, output] triples; a model with one of them may write it bare."""
    if places and isinstance(places[0], str):
        places = [places]
    return [(str(name), int(call), int(output)) for name, call, output in places]


class _Builder:
    """Makes the layers, then repeats their calls, each as soon as its inputs are there."""

    def __init__(self, config: Mapping[str, Any], custom_objects: Custom) -> None:
        check_known_classes(config, custom_objects)
        self._name = config.get("name")
        self._layers: dict[str, Layer] = {}
        self._pending: dict[str, list[Any]] = {}
        for entry in config["layers"]:
            layer = layer_family.deserialize(entry, custom_objects)
            name = entry.get("name") or layer.name
            layer.name = name  # the config of a Sequential within is a list, which has no name
            self._layers[name] = layer
            self._pending[name] = list(entry.get("inbound_nodes", []))
        self._run()

    def tensor(self, place: Place) -> Tensor:
        """Return the tensor at a place."""
        name, call, output = place
        layer = self._layers.get(name)
        if layer is None:
            raise ValueError(f"Model config '{self._name}' names a layer '{name}' that it lacks")
        if call >= len(layer.inbound_nodes) or output >= len(layer.inbound_nodes[call].outputs):
            raise ValueError(
                f"Model config '{self._name}': layer '{name}' has no output {output} of call {call}"
            )
        return layer.inbound_nodes[call].outputs[output]

    def _run(self) -> None:
        waiting = [name for name, calls in self._pending.items() if calls]
        while waiting:
            made = sum(self._call_while_ready(name) for name in waiting)
            waiting = [name for name in waiting if self._pending[name]]
            if waiting and not made:
                raise ValueError(
                    f"Model config '{self._name}': the inputs of these layers never come to "
                    f"exist: {', '.join(waiting)}"
                )

    def _call_while_ready(self, name: str) -> int:
        """Make the calls of a layer whose inputs exist; return how many."""
        calls, made = self._pending[name], 0
        while calls:
            places, arguments = _call_inputs(calls[0], name)
            needed = list(places)
            self._resolved(arguments, needed.append)
            if not all(map(self._exists, needed)):
                break
            calls.pop(0)
            given = self._resolved(arguments, self.tensor)
            inputs = unpack([self.tensor(place) for place in places])
            self._layers[name](inputs, *given.pop(POSITIONAL, ()), **given)
            made += 1
        return made

    def _exists(self, place: Place) -> bool:
        layer = self._layers.get(place[0])
        return layer is not None and place[1] < len(layer.inbound_nodes)

    def _is_place(self, value: Any) -> bool:
        is_triple = isinstance(value, list) and [type(one) for one in value] == [str, int, int]
        return is_triple and value[0] in self._layers

    def _resolved(self, arguments: Any, resolve: Callable[[Place], Any]) -> Any:
        """The arguments of a call with something else for the places of tensors in them."""
        if self._is_place(arguments):
            return resolve(tuple(arguments))
        if isinstance(arguments, dict):
            return {key: self._resolved(one, resolve) for key, one in arguments.items()}
        if isinstance(arguments, list):
            return [self._resolved(one, resolve) for one in arguments]
        return arguments


def _call_inputs(call: Any, name: str) -> tuple[list[Place], dict[str, Any]]:
    """Read one call: a list of [layer, call, output] or [layer, call, output, arguments]."""
    if not isinstance(call, list):
        raise ValueError(
            f"Layer '{name}': its calls are not written as Keras 2 does. Received: {call!r}"
        )
    items = [call] if call and isinstance(call[0], str) else call
    arguments: dict[str, Any] = {}
    for item in items:
        arguments |= dict(item[3]) if len(item) > 3 else {}
    return [(item[0], item[1], item[2]) for item in items], arguments


def sequential_from_config(
    cls: type[Sequential], config: Any, custom_objects: Custom = None
) -> Sequential:
    """Build a Sequential model from a list of layers, or from a dict that holds the list."""
    check_known_classes(config, custom_objects)
    name = config.get("name") if isinstance(config, Mapping) else None
    entries = config["layers"] if isinstance(config, Mapping) else config
    model = cls(name=name)
    for entry in entries:
        model.add(layer_family.deserialize(entry, custom_objects))
    build_shape = config.get("build_input_shape") if isinstance(config, Mapping) else None
    if not model.built and build_shape and model.layers:
        model.build(tuple(build_shape))
    return model


class UnknownLayersError(ValueError):
    """A model has layers of classes that konnx does not know.

    Attributes:
        layers: the names of the layers by class.
    """

    def __init__(self, layers: Mapping[str, Sequence[str]]) -> None:
        self.layers = {name: list(layers[name]) for name in sorted(layers)}
        listed = "; ".join(_listed(name, of) for name, of in self.layers.items())
        of_texts = f" {_TEXTS}" if _OF_TEXTS & {*self.layers} else ""
        super().__init__(
            f"Unknown layer classes: {listed}. "
            f"Pass your own classes as custom_objects={{'ClassName': Class}}.{of_texts}"
        )


_OF_TEXTS = {"HashedCrossing", "Hashing", "TextVectorization"}
_TEXTS = (
    "ONNX has no operators to take texts apart or to hash them: save the rest of the model, from "
    "where such layers end, as a model of its own."
)


def _listed(class_name: str, layers: Sequence[str]) -> str:
    near = near_match(class_name, layer_family.LAYERS.names)
    return f"{class_name} ({', '.join(layers)}{f'; like {near}' if near else ''})"


def check_known_classes(config: Any, custom_objects: Custom) -> None:
    """Look through a config for classes of layers that konnx does not know.

    Raises:
        UnknownLayersError: there are some; all of them are named at once, with their layers.
    """
    unknown: dict[str, list[str]] = {}
    custom = {*(custom_objects or {}), *get_custom_objects()}
    for class_name, name in layer_classes(config):
        if class_name not in custom and class_name not in layer_family.LAYERS:
            unknown.setdefault(class_name, []).append(name)
    if unknown:
        raise UnknownLayersError(unknown)


def layer_classes(config: Any) -> list[tuple[str, str]]:
    """List (class name, layer name) of a model config, models within included."""
    entries = config["layers"] if isinstance(config, Mapping) else config
    found: list[tuple[str, str]] = []
    for entry in entries:
        if not isinstance(entry, Mapping):
            raise ValueError(f"The entry of a layer must be a dict. Received: {entry!r}")
        inner = entry.get("config", {})
        is_network = isinstance(inner, list) or (isinstance(inner, Mapping) and "layers" in inner)
        if is_network and entry["class_name"] in ("Model", "Sequential", "Functional"):
            found += layer_classes(inner)
        else:
            name = inner.get("name", "") if isinstance(inner, Mapping) else ""
            found.append((entry["class_name"], name))
            found += layer_classes(_parts(inner))
    return found


def _parts(config: Any) -> list[Any]:
    """The entries of the layers that a layer wraps, or the cells that it runs."""
    if not isinstance(config, Mapping):
        return []
    held = [config.get(key) for key in ("layer", "backward_layer", "cell")]
    held += config["cells"] if isinstance(config.get("cells"), list) else []
    return [one for one in held if isinstance(one, Mapping) and "class_name" in one]
