"""Configs as Keras 3 writes them, put into the form of Keras 2.

Nothing that a config names is imported: `module` and `registered_name` are left out, and what is
left are names to be looked up in tables.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from konnx.converters.keras_v3.calls import Calls, name_of
from konnx.converters.keras_v3.words import in_own_words

Config = dict[str, Any]

_SOURCES = ("module", "registered_name", "shared_object_id")


def to_keras_2(config: Mapping[str, Any], keras_version: str | None = None) -> Config:
    """Return the config of a model, or of a layer, in the form of Keras 2.

    Args:
        config: with "class_name" and "config", from a `.keras` archive, or from an HDF5 file that
            Keras 3 wrote; also one of tf.keras, which has that form already.
        keras_version: of the file; some words mean something else in Keras 3.

    Raises:
        ValueError: a call of a layer is written in a way that is not known.

    Example:
        >>> to_keras_2({"module": "keras.layers", "class_name": "Dense", "config": {"units": 2}})
        {'class_name': 'Dense', 'config': {'units': 2}}
    """
    plain = _plain(config)
    if (keras_version or "").startswith("3."):
        plain = in_own_words(plain)
    assert isinstance(plain, dict)
    return plain


def _plain(value: Any) -> Any:
    """A value without what tells where its class comes from, in every depth."""
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    if value.get("class_name") in _VALUES:
        return _VALUES[value["class_name"]](value)
    if "class_name" not in value:
        return {key: _plain(item) for key, item in value.items()}
    kept = {key: item for key, item in value.items() if key not in _SOURCES}
    if _is_network(kept):
        return {**kept, "config": _network(kept["config"])}
    plain = {key: _plain(item) for key, item in kept.items()}
    return _zeroing(plain) if value["class_name"] == "Bidirectional" else plain


def _zeroing(bidirectional: Config) -> Config:
    """The config of a layer whose parts return zero for masked steps, whatever they say."""
    config = dict(bidirectional["config"])
    for key in ("layer", "backward_layer"):
        part = config.get(key)
        if isinstance(part, Mapping) and part.get("config", {}).get("return_sequences"):
            config[key] = {**part, "config": {**part["config"], "zero_output_for_mask": True}}
    return {**bidirectional, "config": config}


_VALUES: dict[str, Callable[[Mapping[str, Any]], Any]] = {
    "__tuple__": lambda value: _plain(value.get("items", [])),
    "__numpy__": lambda value: _plain(value.get("config", {}).get("value")),
    "__tensor__": lambda value: _plain(value.get("config", {}).get("value")),
}
"""Values that JSON cannot hold, by what Keras 3 writes for their class."""


def _is_network(value: Mapping[str, Any]) -> bool:
    config = value.get("config")
    return isinstance(config, Mapping) and isinstance(config.get("layers"), list)


def _network(config: Mapping[str, Any]) -> Config:
    entries = config["layers"]
    networks = {name_of(entry) for entry in entries if _is_network(entry)}
    calls = Calls(entries, networks, _plain)
    plain = {key: _plain(item) for key, item in config.items() if key != "layers"}
    plain["layers"] = [made for entry in entries for made in calls.converted(entry)]
    later = _is_of_keras_3(config)
    for key in ("input_layers", "output_layers"):
        if key in plain:
            places = _places(plain[key])
            plain[key] = [calls.renumbered(one) for one in places] if later else places
    if later:
        plain["layers"] = _needed(plain["layers"], plain.get("output_layers", []))
    return plain


def _needed(layers: list[Config], outputs: list[Any]) -> list[Config]:
    """Leave out operations that nothing depends on: those that computed masks."""
    calls = {entry["name"]: entry["inbound_nodes"] for entry in layers if "name" in entry}
    waiting, needed = [place[0] for place in outputs], set()
    while waiting:
        name = waiting.pop()
        if name not in needed:
            needed.add(name)
            waiting += [place[0] for call in calls.get(name, ()) for place in call]
    return [
        entry
        for entry in layers
        if entry.get("name") in needed or entry["class_name"] != "Operation"
    ]


def _is_of_keras_3(config: Mapping[str, Any]) -> bool:
    """Tell whether the calls of layers are written as Keras 3 does."""
    return any(
        isinstance(call, Mapping)
        for entry in config["layers"]
        for call in entry.get("inbound_nodes") or ()
    )


def _places(places: Any) -> list[Any]:
    """Return [layer, call, output] triples as a list; there may be one, or a dict of them."""
    if isinstance(places, Mapping):
        return [one for key in sorted(places) for one in _places(places[key])]
    if places and isinstance(places[0], str):
        return [places]
    return [one for inner in places for one in _places(inner)]
