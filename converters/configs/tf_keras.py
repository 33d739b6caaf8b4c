"""The calls of layers as tf.keras 2 writes them, put into the form of Keras 2.1.

There a call is a list of [layer, call, output, arguments], one for each tensor that comes in.
tf.keras also has tensors among the arguments, constants in the place of tensors, dicts and lists
within lists of inputs, and a call on one tensor without the list around it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from konnx.converters.configs.walk import in_every_depth
from konnx.layers import LAYERS
from konnx.layers.operation.configs import operand

Place = list[Any]

_CONSTANT = "_CONSTANT_VALUE"
_OPERATIONS = ("TFOpLambda", "SlicingOpLambda", "ClassMethod", "InstanceMethod", "InstanceProperty")
_ORDER = ("value", "key", "initial_state", "constants")
"""Arguments that are inputs, in the order in which layers take them."""


def with_plain_calls(config: Any) -> Any:
    """Return a config with the calls of its layers as Keras 2.1 writes them, in every depth.

    Raises:
        ValueError: a call has a constant where only tensors can be.
    """
    return in_every_depth(config, _network)


def _network(value: dict[str, Any]) -> dict[str, Any]:
    """The config of a network with plain calls; another dict as it is."""
    if not isinstance(value.get("layers"), list) or "output_layers" not in value:
        return value
    layers = [made for entry in value["layers"] for made in _entries(entry)]
    ends = {
        key: [place[:3] for place in _places(value.get(key))]
        for key in ("input_layers", "output_layers")
    }
    return {**value, "layers": layers, **ends}


def _entries(entry: Any) -> list[Any]:
    """The entry of a layer with plain calls, behind those of layers that apply its masks."""
    calls = entry.get("inbound_nodes") if isinstance(entry, Mapping) else None
    if not isinstance(calls, list):
        return [entry]
    made: list[Any] = []
    plain = [_call(one, entry, made) for one in calls]
    return [*made, {**entry, "inbound_nodes": plain}]


def _call(call: Any, entry: Mapping[str, Any], made: list[Any]) -> Any:
    """A call as a list of [layer, call, output, arguments], one for each tensor."""
    if isinstance(call, Mapping) and not any(_places(call)):
        return call  # of Keras 3, or damaged: whoever makes the layers says so
    if entry.get("class_name") in _OPERATIONS:
        return _operation(call, str(entry.get("name")))
    inputs, arguments = _given(call, str(entry.get("name")))
    if not inputs:
        return call
    if entry.get("class_name") == "MultiHeadAttention":
        arguments = _with_key(arguments)
    mask = arguments.pop("mask", None)
    is_known = entry.get("class_name") in LAYERS
    further = [key for key in arguments if is_known and _is_tensors(arguments[key])]
    further.sort(key=lambda key: _ORDER.index(key) if key in _ORDER else len(_ORDER))
    inputs += [place[:3] for key in further for place in _places(arguments[key])]
    if _is_tensors(mask):
        inputs = _masked(inputs, list(_places(mask)), str(entry.get("name")), made)
    kept = {
        key: _plain(one) for key, one in arguments.items() if key not in further and one is not None
    }
    return [[*place, kept] for place in inputs]


def _plain(argument: Any) -> Any:
    """An argument of a class of the user's, with the places of tensors in it."""
    if _is_place(argument):
        return argument[2] if argument[0] == _CONSTANT else argument[:3]
    return [_plain(one) for one in argument] if isinstance(argument, list) else argument


def _with_key(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of attention; with a mask there is a key, too.

    Without it, nothing but its dtype would tell a third tensor from a key.
    """
    is_lone = _is_tensors(arguments.get("attention_mask")) and not arguments.get("key")
    return {**arguments, "key": arguments["value"]} if is_lone else {**arguments}


def _operation(call: Any, name: str) -> list[Any]:
    """The call of an operation, whose arguments hold the numbers of the tensors."""
    first, *_ = *_places(call), []
    further = first[3] if len(first) > 3 and isinstance(first[3], Mapping) else {}
    inputs: list[Place] = []
    args = [_numbered(call, inputs)]
    kwargs = {key: _numbered(one, inputs) for key, one in further.items() if key != "name"}
    if not inputs:
        raise ValueError(f"Layer '{name}' is called on no tensor. Received: {call!r}")
    return [[*place, {"args": args, "kwargs": kwargs}] for place in inputs]


def _numbered(value: Any, inputs: list[Place]) -> Any:
    """A value with `operand(number)` in the place of each tensor, which is added to the inputs."""
    if _is_place(value):
        if value[0] == _CONSTANT:
            return value[2]
        inputs.append(value[:3])
        return operand(len(inputs) - 1)
    if isinstance(value, list):
        return [_numbered(item, inputs) for item in value]
    if isinstance(value, Mapping):
        return {key: _numbered(item, inputs) for key, item in value.items()}
    return value


def _given(call: Any, layer: str) -> tuple[list[Place], dict[str, Any]]:
    """The tensors that a call takes as inputs, and its further arguments."""
    inputs: list[Place] = []
    arguments: dict[str, Any] = {}
    for place in _places(call):
        if place[0] == _CONSTANT:
            raise ValueError(
                f"Layer '{layer}' is called on a constant, which only operations can be. "
                f"Received: {place[2]!r}"
            )
        inputs.append(place[:3])
        arguments |= place[3] if len(place) > 3 and isinstance(place[3], Mapping) else {}
    return inputs, arguments


def _masked(inputs: list[Place], masks: list[Place], name: str, made: list[Any]) -> list[Place]:
    """The tensors with masks that other tensors are."""
    found = list(inputs)
    for index, (place, mask) in enumerate(zip(inputs, masks, strict=False)):
        layer = f"{name}_mask_{len(made)}"
        call = [[*place, {}], [*mask[:3], {}]]
        config = {"name": layer, "trainable": True}
        made.append(
            {"name": layer, "class_name": "ApplyMask", "config": config, "inbound_nodes": [call]}
        )
        found[index] = [layer, 0, 0]
    return found


def _is_place(value: Any) -> bool:
    """Tell whether a value is [layer, call, output], or has the arguments behind that."""
    return (
        isinstance(value, list)
        and len(value) in (3, 4)
        and isinstance(value[0], str)
        and type(value[1]) is int
        and (type(value[2]) is int or value[0] == _CONSTANT)
    )


def _is_tensors(value: Any) -> bool:
    if isinstance(value, Mapping):
        value = list(value.values())
    return _is_place(value) or (
        isinstance(value, list) and bool(value) and all(_is_tensors(one) for one in value)
    )


def _places(value: Any) -> Iterator[list[Any]]:
    """Yield the places of tensors in a value, in order; those of a dict by its sorted keys."""
    if _is_place(value):
        yield value
    elif isinstance(value, Mapping):
        for key in sorted(value):
            yield from _places(value[key])
    elif isinstance(value, list):
        for item in value:
            yield from _places(item)
