"""A stack of layers whose first one merges models, as the one graph of layers that it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Config = dict[str, Any]
Place = list[Any]


def join_branches(layers: Sequence[Mapping[str, Any]], name: str | None) -> Config:
    """Return the config of the functional model that a Sequential of Keras 1 stands for.

    The layers of the merged models become layers of the one model, as they are in its weights.

    Args:
        layers: the config of the Sequential; the config of the first one holds "layers", models
            or single layers.
        name: of the Sequential, if it has one.

    Raises:
        ValueError: a merged stack does not tell the shape of its input.
    """
    graph = _Graph()
    graph.outputs = [graph.stack(layers, [])]
    return {
        "name": name,
        "layers": graph.layers,
        "input_layers": graph.inputs,
        "output_layers": graph.outputs,
    }


class _Graph:
    """The entries of a functional model, in the order in which they are called."""

    def __init__(self) -> None:
        self.layers: list[Config] = []
        self.inputs: list[Place] = []
        self.outputs: list[Place] = []

    def stack(self, layers: Sequence[Mapping[str, Any]], sources: list[Place]) -> Place:
        """Add layers that follow each other; return where the last one's output is."""
        first = dict(layers[0].get("config") or {})
        merged = first.pop("layers", None)
        if isinstance(merged, list):
            sources = [self._branch(one) for one in merged]
            layers = [{**layers[0], "config": first}, *layers[1:]]
        for layer in layers:
            sources = [self._call(layer, sources)]
        return sources[0]

    def _branch(self, model: Mapping[str, Any]) -> Place:
        """Add a merged model, or single layer."""
        config = model.get("config")
        if isinstance(config, list):
            return self.stack(config, [])
        if isinstance(config, Mapping) and "output_layers" in config:
            new = [entry for entry in config["layers"] if not self._has(entry)]
            self.layers += new
            self.inputs += [one for one in config["input_layers"] if one not in self.inputs]
            return list(config["output_layers"][0])
        return self.stack([model], [])

    def _has(self, entry: Mapping[str, Any]) -> bool:
        return any(_name(one) == _name(entry) for one in self.layers)

    def _call(self, layer: Mapping[str, Any], sources: list[Place]) -> Place:
        name = _name(layer)
        if layer.get("class_name") == "InputLayer":
            self._add(layer, [])
            self.inputs.append([name, 0, 0])
            return [name, 0, 0]
        self._add(layer, [sources or [self._input_of(layer)]])
        number = 1 if _is_network(layer) else 0  # a model within was called before its first call
        return [name, number, 0]

    def _add(self, layer: Mapping[str, Any], calls: list[Any]) -> None:
        self.layers.append({**layer, "name": _name(layer), "inbound_nodes": calls})

    def _input_of(self, layer: Mapping[str, Any]) -> Place:
        """Add the input whose shape a first layer tells."""
        name, arguments = f"{_name(layer)}_input", layer["config"]
        shape = arguments.get("batch_input_shape")
        if shape is None:
            raise ValueError(
                f"Layer '{_name(layer)}' is the first of a merged model, and has no "
                f"`batch_input_shape`. Received: {sorted(arguments)}"
            )
        dtype = arguments.get("dtype") or arguments.get("input_dtype") or "float32"
        config = {"name": name, "batch_input_shape": shape, "dtype": dtype}
        self._add({"class_name": "InputLayer", "config": config}, [])
        self.inputs.append([name, 0, 0])
        return [name, 0, 0]


def _name(entry: Mapping[str, Any]) -> str:
    config = entry.get("config")
    inner = config.get("name") if isinstance(config, Mapping) else None
    return str(entry.get("name") or inner or entry.get("class_name"))


def _is_network(entry: Mapping[str, Any]) -> bool:
    config = entry.get("config")
    return isinstance(config, list) or (isinstance(config, Mapping) and "layers" in config)
