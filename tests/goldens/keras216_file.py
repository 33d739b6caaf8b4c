"""Write a tf_keras model as standalone Keras 2.1.6 on TensorFlow would have written it.

Only the form is rebuilt here: the attribute types, the configuration of its time, the names and
order of optimizer weights. Values come from the model given.
"""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from keras21 import layer_weights

_VERSION = b"2.1.6"
_NEW_KEYS = ("module", "registered_name", "build_config", "ragged", "optional", "groups")
_VARIANCE_SCALING = {
    "GlorotUniform": {"scale": 1.0, "mode": "fan_avg", "distribution": "uniform"},
    "GlorotNormal": {"scale": 1.0, "mode": "fan_avg", "distribution": "normal"},
    "HeNormal": {"scale": 2.0, "mode": "fan_in", "distribution": "normal"},
}
_CONTAINERS = ("Sequential", "Model")


def _old_object(value: Any) -> Any:
    """Strip what Keras 2.1.6 did not write, at every depth."""
    if isinstance(value, list):
        return [_old_object(item) for item in value]
    if not isinstance(value, dict):
        return value
    kept = {key: _old_object(item) for key, item in value.items() if key not in _NEW_KEYS}
    scaling = _VARIANCE_SCALING.get(kept.get("class_name", ""))
    if scaling is not None:
        kept = {"class_name": "VarianceScaling", "config": {**scaling, "seed": None}}
    return kept


def _old_layer(entry: dict[str, Any]) -> dict[str, Any]:
    """Return the configuration entry of one layer in the form of 2.1.6."""
    if entry["class_name"] in ("Sequential", "Functional", "Model"):
        old = old_model(entry)
    else:
        config = dict(entry["config"])
        if "batch_input_shape" not in config:
            config.pop("dtype", None)
        if entry["class_name"] == "BatchNormalization" and isinstance(config["axis"], list):
            config["axis"] = config["axis"][0]
        if entry["class_name"] == "DepthwiseConv2D":
            config.pop("dilation_rate", None)
        old = {"class_name": entry["class_name"], "config": config}
    placed = {key: entry[key] for key in ("name", "inbound_nodes") if key in entry}
    return {**old, **placed}


def _old_sequential(config: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the list of layers; the first one carries the input shape, not an InputLayer."""
    layers = copy.deepcopy(config["layers"])
    if layers[0]["class_name"] == "InputLayer":
        source = layers.pop(0)["config"]
        layers[0]["config"]["batch_input_shape"] = source["batch_input_shape"]
        layers[0]["config"]["dtype"] = source["dtype"]
    return [_old_layer(entry) for entry in layers]


def _check_node_numbers(entries: list[dict[str, Any]]) -> None:
    """Refuse a nested model whose calls are not counted from 1: node 0 is its own creation."""
    nested = {entry["name"] for entry in entries if entry["class_name"] in _CONTAINERS}
    for entry in entries:
        for node in entry["inbound_nodes"]:
            for reference in node:
                if reference[0] in nested and not reference[1]:
                    raise SystemExit(f"'{entry['name']}' refers to node 0 of a nested model")


def old_model(entry: dict[str, Any]) -> dict[str, Any]:
    """Return class name and configuration of a model in the form of 2.1.6."""
    config = _old_object(entry["config"])
    if entry["class_name"] == "Sequential":
        return {"class_name": "Sequential", "config": _old_sequential(config)}
    layers = [_old_layer(layer) for layer in config["layers"]]
    _check_node_numbers(layers)
    ends = {key: config[key] for key in ("input_layers", "output_layers")}
    return {"class_name": "Model", "config": {"name": config["name"], "layers": layers, **ends}}


def _write_arrays(group: h5py.Group, names: list[str], values: list[Any]) -> None:
    group.attrs["weight_names"] = [name.encode() for name in names]
    for name, value in zip(names, values, strict=True):
        group.create_dataset(name, data=value)


def _write_weights(group: h5py.Group, model: Any) -> None:
    layers = [layer for layer in model.layers if not _hidden_input(model, layer)]
    group.attrs["layer_names"] = [layer.name.encode() for layer in layers]
    group.attrs["backend"] = b"tensorflow"
    group.attrs["keras_version"] = _VERSION
    for layer in layers:
        variables = [*layer.trainable_weights, *layer.non_trainable_weights]
        names = [variable.name for variable in variables]
        _write_arrays(group.create_group(layer.name), names, layer_weights(layer))


def _hidden_input(model: Any, layer: Any) -> bool:
    return type(model).__name__ == "Sequential" and type(layer).__name__ == "InputLayer"


def _write_optimizer(file: h5py.File, class_name: str, weights: list[Any], params: int) -> None:
    """Write the state; 2.1.6's Adam keeps a zero of length one for each unused vhat."""
    values = list(weights)
    if class_name == "Adam":
        values += [np.zeros(1, np.float32)] * params
    names = [f"{class_name}/iterations:0"]
    suffixes = ["", *(f"_{i}" for i in range(1, len(values) - 1))]
    names += [f"training/{class_name}/Variable{suffix}:0" for suffix in suffixes]
    _write_arrays(file.create_group("optimizer_weights"), names, values)


def write(path: Path, model: Any, training: dict[str, Any] | None = None) -> None:
    """Write the model, and its optimizer where `training` says how it was compiled.

    Args:
        path: file to write.
        model: tf_keras model, compiled with a legacy optimizer if `training` is given.
        training: the training configuration in the words of 2.1.6, or None.
    """
    entry = {"class_name": type(model).__name__, "config": json.loads(model.to_json())["config"]}
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"] = _VERSION
        file.attrs["backend"] = b"tensorflow"
        file.attrs["model_config"] = json.dumps(old_model(entry)).encode()
        _write_weights(file.create_group("model_weights"), model)
        if training is not None:
            file.attrs["training_config"] = json.dumps(training).encode()
            class_name = training["optimizer_config"]["class_name"]
            state = [np.asarray(value) for value in model.optimizer.get_weights()]
            state[0] = state[0].astype(np.int64)
            _write_optimizer(file, class_name, state, len(model.trainable_weights))
