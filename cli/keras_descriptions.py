"""What a Keras file holds, as plain values that JSON can carry."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from konnx.cli.descriptions import Description
from konnx.cli.operations import count_operations

if TYPE_CHECKING:
    from konnx.converters.hdf5 import KerasFile, LayerWeights
    from konnx.graph import Tensor
    from konnx.models import Model

_NOTHING = {"inputs": None, "outputs": None, "operations": None, "unknown": None}


def describe_keras(file: Path) -> Description:
    """Return what a Keras file says of itself, and its layers.

    Shapes of inputs and outputs are known where konnx knows all layers; if not, "unknown" says
    which it does not know.

    Raises:
        FileFormatError: the file is damaged, or no Keras file.
    """
    from konnx.converters.keras_v3 import is_archive

    return _describe_archive(file) if is_archive(file) else _describe_hdf5(file)


# HDF5 -----------------------------------------------------------------------------------------


def _describe_hdf5(file: Path) -> Description:
    from konnx.converters.hdf5 import read_hdf5
    from konnx.converters.keras_v3 import read_keras_weights

    content = read_keras_weights(file) or read_hdf5(file, optimizer=False)
    config = content.model_config or {}
    layers = [_layer(layer, layer_classes(config)) for layer in content.layers]
    return {
        "file": str(file),
        "format": "Keras HDF5",
        "kind": content.kind,
        "bytes": file.stat().st_size,
        "class": config.get("class_name"),
        "keras_version": content.keras_version or content.root_keras_version,
        "backend": content.backend or content.root_backend,
        **(_NOTHING if content.model_config is None else _interface(file)),
        "training": _training(content),
        "parameters": sum(layer["parameters"] for layer in layers),
        "layers": layers,
    }


def _layer(layer: LayerWeights, classes: Mapping[str, str]) -> Description:
    weights = [
        {"name": name, "dtype": str(array.dtype), "shape": list(array.shape)}
        for name, array in layer.weights
    ]
    return _described_layer(layer.name, classes.get(layer.name), weights)


def _described_layer(name: str, class_name: str | None, weights: list[Description]) -> Description:
    return {
        "name": name,
        "class": class_name,
        "parameters": sum(math.prod(weight["shape"]) for weight in weights),
        "weights": weights,
    }


def layer_classes(config: Mapping[str, Any]) -> dict[str, str]:
    """Return the class of each layer by its name; what is oddly shaped is left out."""
    inner = config.get("config")
    layers = inner.get("layers") if isinstance(inner, Mapping) else inner
    found = {}
    for layer in layers if isinstance(layers, Sequence) else ():
        if isinstance(layer, Mapping) and isinstance(layer.get("class_name"), str):
            settings = layer.get("config")
            named = settings if isinstance(settings, Mapping) else {}
            found[str(named.get("name", layer.get("name")))] = layer["class_name"]
    return found


def _training(content: KerasFile) -> Description | None:
    config = content.training_config
    if config is None:
        return None
    optimizer = config.get("optimizer_config")
    name = optimizer.get("class_name") if isinstance(optimizer, Mapping) else optimizer
    return {"optimizer": name, "loss": config.get("loss"), "metrics": config.get("metrics")}


# Archives -------------------------------------------------------------------------------------


def _describe_archive(file: Path) -> Description:
    from konnx.converters.keras_v3 import open_archive

    with open_archive(file) as archive:
        config = archive.config("config.json")
        about = archive.config("metadata.json") if "metadata.json" in archive else {}
    interface, model = _interface_and_model(file)
    layers = _layers_of(model, layer_classes(config)) if model else _layers_without(config)
    return {
        "file": str(file),
        "format": "Keras archive",
        "kind": "model",
        "bytes": file.stat().st_size,
        "class": config.get("class_name"),
        "keras_version": about.get("keras_version"),
        "backend": None,
        **interface,
        "training": _compilation(config),
        "parameters": sum(layer["parameters"] for layer in layers),
        "layers": layers,
    }


def _compilation(config: Mapping[str, Any]) -> Description | None:
    found = config.get("compile_config")
    optimizer = found.get("optimizer") if isinstance(found, Mapping) else None
    if not isinstance(found, Mapping) or optimizer is None:
        return None
    name = optimizer.get("class_name") if isinstance(optimizer, Mapping) else optimizer
    return {"optimizer": name, "loss": found.get("loss"), "metrics": found.get("metrics")}


def _layers_of(model: Model, classes: Mapping[str, str]) -> list[Description]:
    return [
        _described_layer(
            layer.name,
            classes.get(layer.name, type(layer).__name__),
            [
                {"name": weight.name, "dtype": str(weight.dtype), "shape": list(weight.shape)}
                for weight in layer.weights
            ],
        )
        for layer in model.layers
    ]


def _layers_without(config: Mapping[str, Any]) -> list[Description]:
    return [_described_layer(name, kind, []) for name, kind in layer_classes(config).items()]


# Both -----------------------------------------------------------------------------------------


def _interface(file: Path) -> Description:
    return _interface_and_model(file)[0]


def _interface_and_model(file: Path) -> tuple[Description, Model | None]:
    """Return inputs, outputs and operations, which only a model that can be built tells."""
    from konnx.converters import load_model

    try:
        model = load_model(file, compile=False)
    except (ValueError, TypeError) as error:
        return {**_NOTHING, "unknown": str(error)}, None
    if not model.built:
        return dict(_NOTHING), model
    found = {
        "inputs": _tensors(model.input_names, model.inputs),
        "outputs": _tensors(model.output_names, model.outputs),
        "operations": _operations(model),
        "unknown": None,
    }
    return found, model


def _operations(model: Model) -> int | None:
    from konnx.converters import to_onnx

    try:
        return count_operations(to_onnx(model))
    except ValueError:  # it cannot be exported, say as it draws random numbers
        return None


def _tensors(names: Iterable[str], tensors: Iterable[Tensor]) -> list[Description]:
    return [
        {"name": name, "dtype": str(tensor.dtype), "shape": list(tensor.shape)}
        for name, tensor in zip(names, tensors, strict=True)
    ]
