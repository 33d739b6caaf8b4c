"""What a model file holds, as plain values that JSON can carry."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from konnx.cli.onnx_files import (
    Value,
    count_operators,
    count_parameters,
    external_files,
    graph_inputs,
    graph_outputs,
)

if TYPE_CHECKING:
    from onnx import ModelProto

    from konnx.converters.hdf5 import KerasFile, LayerWeights
    from konnx.graph import Tensor

Description = dict[str, Any]


def describe_onnx(file: Path, model: ModelProto) -> Description:
    """Return what an ONNX model says of itself, and counts of what it holds.

    Args:
        file: where it was read from.
        model: its content.
    """
    operators = count_operators(model)
    return {
        "file": str(file),
        "format": "ONNX",
        "kind": "model",
        "bytes": file.stat().st_size,
        "name": model.graph.name,
        "ir_version": model.ir_version,
        "opsets": {entry.domain or "ai.onnx": entry.version for entry in model.opset_import},
        "producer": " ".join(filter(None, [model.producer_name, model.producer_version])),
        "metadata": {entry.key: entry.value for entry in model.metadata_props},
        "inputs": [_value(value) for value in graph_inputs(model)],
        "outputs": [_value(value) for value in graph_outputs(model)],
        "parameters": count_parameters(model),
        "nodes": sum(operators.values()),
        "operators": operators,
        "external_files": external_files(model),
    }


def _value(value: Value) -> Description:
    shape = None if value.shape is None else list(value.shape)
    return {"name": value.name, "dtype": value.dtype, "shape": shape}


def describe_keras(file: Path) -> Description:
    """Return what a Keras HDF5 file says of itself, and its layers.

    Shapes of inputs and outputs are known where konnx knows all layers; if not, "unknown" says
    which it does not know.

    Raises:
        FileFormatError: the file is damaged, or no Keras file.
    """
    from konnx.converters.hdf5 import read_hdf5

    content = read_hdf5(file, optimizer=False)
    config = content.model_config or {}
    layers = [_layer(layer, _classes(config)) for layer in content.layers]
    return {
        "file": str(file),
        "format": "Keras HDF5",
        "kind": content.kind,
        "bytes": file.stat().st_size,
        "class": config.get("class_name"),
        "keras_version": content.keras_version or content.root_keras_version,
        "backend": content.backend or content.root_backend,
        **_interface(content),
        "training": _training(content),
        "parameters": sum(layer["parameters"] for layer in layers),
        "layers": layers,
    }


def _layer(layer: LayerWeights, classes: Mapping[str, str]) -> Description:
    weights = [
        {"name": name, "dtype": str(array.dtype), "shape": list(array.shape)}
        for name, array in layer.weights
    ]
    return {
        "name": layer.name,
        "class": classes.get(layer.name),
        "parameters": sum(math.prod(weight["shape"]) for weight in weights),
        "weights": weights,
    }


def _classes(config: Mapping[str, Any]) -> dict[str, str]:
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


def _interface(content: KerasFile) -> Description:
    """Return inputs and outputs, which only a model that can be built tells."""
    from konnx.models import model_from_config

    nothing = {"inputs": None, "outputs": None, "unknown": None}
    if content.model_config is None:
        return nothing
    try:
        model = model_from_config(content.model_config)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
        return {**nothing, "unknown": str(error)}
    if not model.built:
        return nothing
    return {
        "inputs": _tensors(model.input_names, model.inputs),
        "outputs": _tensors(model.output_names, model.outputs),
        "unknown": None,
    }


def _tensors(names: Iterable[str], tensors: Iterable[Tensor]) -> list[Description]:
    return [
        {"name": name, "dtype": str(tensor.dtype), "shape": list(tensor.shape)}
        for name, tensor in zip(names, tensors, strict=True)
    ]


def _training(content: KerasFile) -> Description | None:
    config = content.training_config
    if config is None:
        return None
    optimizer = config.get("optimizer_config")
    name = optimizer.get("class_name") if isinstance(optimizer, Mapping) else optimizer
    return {"optimizer": name, "loss": config.get("loss"), "metrics": config.get("metrics")}
