"""The calls of layers as Keras 3 writes them, put into the form of Keras 2."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from konnx.layers import LAYERS
from konnx.models.config import POSITIONAL
from konnx.models.conversion import Conversion

Config = dict[str, Any]
Place = list[Any]
"""The name of a layer, the number of its call, the number of the output."""

_TENSOR = "__keras_tensor__"
_OPERATIONS = ("keras.src.ops.", "keras.ops.", "keras.src.activations.")
_WHY_MASK = "Keras 3 hands it to the layer as a tensor"
_ATTENTION = ("MultiHeadAttention", "GroupQueryAttention", "GroupedQueryAttention")
_INPUTS = ("query", "value", "key", "attention_mask")
"""The arguments of attention that are inputs, in order."""
_POSITIONS = (*_INPUTS[:3], *(f"{name}_mask" for name in _INPUTS[:3]), _INPUTS[3])
"""The arguments of attention in the order in which Keras 3 takes them."""


class Calls:
    """The layers of one network, which were called on each other's outputs.

    Args:
        layers: their entries in the network's config.
        networks: the names of those that are networks themselves.
        plain: puts a value that is no tensor into the words of Keras 2.
        report: what was converted is added to it.
    """

    def __init__(
        self,
        layers: Sequence[Mapping[str, Any]],
        networks: set[str],
        plain: Callable[[Any], Any],
        report: list[Conversion],
    ) -> None:
        self._entries = {name_of(entry): entry for entry in layers}
        self._networks = networks
        self._plain = plain
        self._report = report

    def converted(self, entry: Mapping[str, Any]) -> list[Config]:
        """Return an entry in the form of Keras 2, behind those of layers that apply its masks.

        Raises:
            ValueError: a call is on no tensor, or has one for an unknown argument.
        """
        made: list[Config] = []
        nodes = entry.get("inbound_nodes") or []
        calls = [
            self._call(call, entry, number, made) if isinstance(call, Mapping) else call
            for number, call in enumerate(nodes)
        ]
        kept = {key: item for key, item in entry.items() if key != "inbound_nodes"}
        if any(isinstance(call, Mapping) for call in nodes) and is_operation(entry):
            kept = _operation(kept)
        return [*made, {**self._plain(kept), "inbound_nodes": calls}]

    def renumbered(self, place: Place) -> Place:
        """Return a place as Keras 2 counts: a model within was called before its first call."""
        name, call, output = place[:3]
        return [name, call + (name in self._networks), output]

    def renumbered_end(self, place: Place) -> Place:
        """Return the place of an input or output of the whole.

        There Keras 3 counts the calls of functional models as Keras 2 does.
        """
        name, call, output = place[:3]
        if call > 0 and self._entries.get(name, {}).get("class_name") != "Sequential":
            return [name, call, output]
        return self.renumbered(place)

    def _call(
        self, call: Mapping[str, Any], entry: Mapping[str, Any], number: int, made: list[Config]
    ) -> list[Any]:
        """A call as a list of [layer, call, output, arguments], one for each tensor."""
        args, kwargs = call.get("args") or [], dict(call.get("kwargs") or {})
        if entry["class_name"] in _ATTENTION:
            args, kwargs = [], _attention(args, kwargs)
        if is_operation(entry):
            places, arguments = _operands(args, kwargs)
        else:
            mask = _mask_of(kwargs)
            # Keras 3 goes by the phase of the run, whatever is written here.
            kwargs.pop("training", None)
            places, arguments = self._inputs(args, kwargs, entry)
            places = self._masked(places, mask, f"{name_of(entry)}_mask_{number}", made)
        if not places:
            raise ValueError(f"Layer '{name_of(entry)}' is called on no tensor. Received: {call!r}")
        return [[*self.renumbered(place), arguments] for place in places]

    def _inputs(
        self, args: Any, kwargs: Config, entry: Mapping[str, Any]
    ) -> tuple[list[Place], Config]:
        """The tensors of a layer's call, and its other arguments."""
        order = _INPUTS if entry["class_name"] in _ATTENTION else ()
        inputs, further = list(args), []
        if entry["class_name"] in LAYERS:
            for key in (*order, "initial_state", "count_weights"):
                if key in kwargs:
                    inputs = [*inputs, kwargs.pop(key)]
            _check_known(kwargs, entry)
        else:
            inputs, further = inputs[:1], inputs[1:]
        arguments = {key: self._argument(one) for key, one in kwargs.items() if one is not None}
        if further:
            arguments[POSITIONAL] = [self._argument(one) for one in further]
        return list(tensors_in(inputs)), arguments

    def _argument(self, value: Any) -> Any:
        """An argument of a call, with the places of tensors in it."""
        if isinstance(value, Mapping) and value.get("class_name") == _TENSOR:
            return self.renumbered(value["config"]["keras_history"])
        if isinstance(value, list) and any(tensors_in(value)):
            return [self._argument(one) for one in value]
        return self._plain(value)

    # Masks

    def _masked(self, places: list[Place], mask: Any, name: str, made: list[Config]) -> list[Place]:
        """The tensors of a call, with their masks where these do not come along by themselves."""
        masks = mask if isinstance(mask, list) else [mask]
        found = list(places)
        for index, one in enumerate(masks[: len(places)]):
            given = next(tensors_in(one), None)
            if given is not None and not self._comes_along(places[index], given):
                layer = f"{name}_{index}" if index else name
                places_in = [self.renumbered(places[index]), self.renumbered(given)]
                made.append(
                    {
                        "name": layer,
                        "class_name": "ApplyMask",
                        "config": {"name": layer, "trainable": True},
                        "inbound_nodes": [[[*place, {}] for place in places_in]],
                    }
                )
                found[index] = [layer, 0, 0]
                self._report.append(Conversion(layer, f"mask {given[0]} applied", _WHY_MASK))
        return found

    def _comes_along(self, place: Place, mask: Place) -> bool:
        """Tell whether a mask is that of an Embedding or Masking layer straight before a place."""
        for _ in self._entries:
            entry = self._entries.get(place[0], {})
            class_name = entry.get("class_name")
            tensors = self._tensors_of(place)
            if class_name in ("Embedding", "Masking"):
                return tensors == self._masked_input(mask, 2 if class_name == "Masking" else 1)
            is_chain = len(tensors) == 1 and place[0] not in self._networks
            if not is_chain or is_operation(entry):
                return False
            [place] = tensors
        return False

    def _masked_input(self, mask: Place, steps: int) -> list[Place]:
        """What a mask was computed from: by NotEqual and, of a Masking layer, by Any."""
        place, tensors = mask, []
        for class_name in ("Any", "NotEqual")[2 - steps :]:
            entry = self._entries.get(place[0], {})
            tensors = self._tensors_of(place)
            if entry.get("class_name") != class_name or len(tensors) != 1:
                return []
            [place] = tensors
        return tensors

    def _tensors_of(self, place: Place) -> list[Place]:
        """The tensors of the call that made a place."""
        calls = self._entries.get(place[0], {}).get("inbound_nodes") or []
        call = calls[place[1]] if place[1] < len(calls) else {}
        return list(tensors_in(call.get("args"))) if isinstance(call, Mapping) else []


def _attention(args: Sequence[Any], kwargs: Config) -> Config:
    """The arguments of a call of attention by name; with a mask there is a key, too.

    Without it, nothing but its dtype would tell a third tensor from a key.
    """
    named = {**dict(zip(_POSITIONS, args, strict=False)), **kwargs}
    if named.get("attention_mask") is not None and named.get("key") is None:
        named["key"] = named.get("value")
    return named


def _check_known(kwargs: Config, entry: Mapping[str, Any]) -> None:
    for key, value in kwargs.items():
        if any(tensors_in(value)):
            raise ValueError(
                f"Layer '{name_of(entry)}' ({entry['class_name']}) is called with a tensor for "
                f"`{key}`, which is not supported."
            )


def _mask_of(kwargs: Config) -> Any:
    """Take the mask, or those of query, value and key, out of the arguments of a call."""
    masks = [kwargs.pop(f"{name}_mask", None) for name in _INPUTS[:3]]
    return kwargs.pop("mask", None) or (masks if any(masks) else None)


def name_of(entry: Mapping[str, Any]) -> str:
    """Return the name of a layer from its entry in a network's config."""
    return str(entry.get("name") or entry["config"].get("name"))


def is_operation(entry: Mapping[str, Any]) -> bool:
    """Tell whether a layer's entry is an operation, not a layer, in a network of Keras 3.

    HDF5 files do not say where a class comes from; but what every layer has, an operation lacks.
    """
    module, class_name, config = (entry.get(key) for key in ("module", "class_name", "config"))
    if isinstance(module, str):
        return module.startswith(_OPERATIONS)
    if not isinstance(config, Mapping) or class_name in ("InputLayer", "Operation"):
        return False
    is_bare = not {"trainable", "layers"} & set(config)
    return is_bare and ("dtype" not in config or class_name not in LAYERS)


def tensors_in(value: Any) -> Iterator[Place]:
    """Yield the places of the tensors in a value, in order."""
    if isinstance(value, list):
        for item in value:
            yield from tensors_in(item)
    elif isinstance(value, Mapping):
        if value.get("class_name") == _TENSOR:
            yield list(value["config"]["keras_history"])
            return
        for key in sorted(value):
            yield from tensors_in(value[key])


# Operations


def _operation(entry: Config) -> Config:
    """The entry as konnx has operations: one class for all, which tells them by a symbol."""
    config = entry["config"]
    arguments = {key: value for key, value in config.items() if key != "name"}
    symbol = f"keras.ops.{entry['class_name']}"
    return {
        "name": name_of(entry),
        "class_name": "Operation",
        "config": {"name": name_of(entry), "symbol": symbol, "kwargs": arguments},
    }


def _operands(args: Any, kwargs: Config) -> tuple[list[Place], Config]:
    """The tensors of an operation's call, and its arguments with the numbers of the tensors."""
    places: list[Place] = []
    numbered = _numbered(args, places)
    named = {key: _numbered(one, places) for key, one in kwargs.items()}
    return places, {"args": numbered, "kwargs": named}


def _numbered(value: Any, places: list[Place]) -> Any:
    if isinstance(value, list):
        return [_numbered(item, places) for item in value]
    if isinstance(value, Mapping) and value.get("class_name") == _TENSOR:
        places.append(list(value["config"]["keras_history"]))
        return {"class_name": "__operand__", "config": {"index": len(places) - 1}}
    return value
