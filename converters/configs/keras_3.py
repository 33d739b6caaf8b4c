"""Configs as Keras 3 writes them, put into the form of Keras 2.

Nothing that a config names is imported: `module` and `registered_name` are left out, and what is
left are names to be looked up in tables.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from konnx.converters.configs.keras_3_calls import Calls, name_of
from konnx.converters.configs.keras_3_layers import as_own_layer
from konnx.converters.configs.keras_3_words import in_own_words
from konnx.models.conversion import Conversion

Config = dict[str, Any]

_WHY_LAYER = "an operation stands between layers"
_SOURCES = ("module", "registered_name", "shared_object_id")


def to_keras_2(
    config: Mapping[str, Any],
    keras_version: str | None = None,
    report: list[Conversion] | None = None,
) -> Config:
    """Return the config of a model, or of a layer, in the form of Keras 2.

    Args:
        config: with "class_name" and "config", from a `.keras` archive, or from an HDF5 file that
            Keras 3 wrote; also one of tf.keras, which has that form already.
        keras_version: of the file; some words mean something else in Keras 3.
        report: what was converted is added to it.

    Raises:
        ValueError: a call of a layer is written in a way that is not known, or something is missing
            or of the wrong type.

    Example:
        >>> to_keras_2({"module": "keras.layers", "class_name": "Dense", "config": {"units": 2}})
        {'class_name': 'Dense', 'config': {'units': 2}}
    """
    converted: list[Conversion] = []
    try:
        plain = _Translation(converted).of(config)
        if (keras_version or "").startswith("3."):
            plain = in_own_words(plain, converted)
    except (AttributeError, LookupError, TypeError) as error:
        reason = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
        raise ValueError(f"The config is damaged: {reason}") from error
    if not isinstance(plain, dict):
        raise ValueError(f"The config must be of a layer or a model. Received: {plain!r:.100}")
    if report is not None:
        report += converted
    return plain


_HELD: dict[str, Callable[[Mapping[str, Any]], Any]] = {
    "__tuple__": lambda value: value.get("items", []),
    "__numpy__": lambda value: value.get("config", {}).get("value"),
    "__tensor__": lambda value: value.get("config", {}).get("value"),
}
"""Values that JSON cannot hold, by what Keras 3 writes for their class, to what stands for them."""


class _Translation:
    """Puts values into the form of Keras 2, in every depth.

    Args:
        report: what was converted is added to it.
    """

    def __init__(self, report: list[Conversion]) -> None:
        self._report = report

    def of(self, value: Any) -> Any:
        """Return a value without what tells where its class comes from."""
        if isinstance(value, list):
            return [self.of(item) for item in value]
        if not isinstance(value, Mapping):
            return value
        class_name = value.get("class_name")
        if class_name in _HELD:
            return self.of(_HELD[class_name](value))
        if class_name is None:
            return {key: self.of(item) for key, item in value.items()}
        kept = {key: item for key, item in value.items() if key not in _SOURCES}
        kept = as_own_layer(kept, self._report)
        if _is_network(kept):
            return {**kept, "config": self._network(kept["config"])}
        plain = {key: self.of(item) for key, item in kept.items()}
        return _zeroing(plain) if class_name == "Bidirectional" else plain

    def _network(self, config: Mapping[str, Any]) -> Config:
        entries = config["layers"]
        networks = {name_of(entry) for entry in entries if _is_network(entry)}
        calls = Calls(entries, networks, self.of, self._report)
        plain = {key: self.of(item) for key, item in config.items() if key != "layers"}
        plain["layers"] = [made for entry in entries for made in calls.converted(entry)]
        later = _is_of_keras_3(config)
        for key in ("input_layers", "output_layers"):
            if key in plain:
                places = _places(plain[key])
                plain[key] = [calls.renumbered_end(one) for one in places] if later else places
        if later:
            plain["layers"] = _needed(plain["layers"], plain.get("output_layers", []))
            self._report += _operations(plain["layers"])
        return plain


def _operations(layers: list[Config]) -> list[Conversion]:
    """What became of operations."""
    return [
        Conversion(entry["name"], f"{entry['config']['symbol']} to a layer", _WHY_LAYER)
        for entry in layers
        if entry["class_name"] == "Operation"
    ]


def _zeroing(bidirectional: Config) -> Config:
    """The config of a layer whose parts return zero for masked steps, whatever they say."""
    config = dict(bidirectional["config"])
    for key in ("layer", "backward_layer"):
        part = config.get(key)
        if isinstance(part, Mapping) and part.get("config", {}).get("return_sequences"):
            config[key] = {**part, "config": {**part["config"], "zero_output_for_mask": True}}
    return {**bidirectional, "config": config}


def _is_network(value: Mapping[str, Any]) -> bool:
    config = value.get("config")
    return isinstance(config, Mapping) and isinstance(config.get("layers"), list)


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
