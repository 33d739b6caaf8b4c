"""Checking that copies of a layer compute what it does: by config, in HDF5 and in ONNX files."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from konnx import layers
from konnx.converters import to_onnx
from konnx.layers import Layer
from konnx.models import Model, Sequential, load_model
from konnx.runtime import Program
from konnx.testing.layer_case import Array, LayerCase


def check_config(case: LayerCase) -> None:
    """Demand that a config is the same after the way to JSON, to a layer and back."""
    config = as_json(case.layer(name="checked"))
    again = as_json(layers.deserialize(config, case.custom_objects))
    case.demand(again == config, f"the config {config} comes back as {again}")


def check_copies(case: LayerCase, random: np.random.Generator) -> None:
    """Demand that copies by config, in HDF5 and in ONNX files compute what the layer does.

    The copy by config is the first layer of a Sequential model, if the layer has one input.
    """
    layer = case.layer(name="checked")
    weights = case.weights(layer, random)
    expected = case.run(layer)
    model = _model(case, layers.deserialize(_first_config(case, layer), case.custom_objects))
    model.set_weights(weights)
    _check_stored(case, model, expected)
    _check_exported(case, model, expected)


def as_json(layer: Layer) -> Any:
    """Return a layer's config as JSON gives it back."""
    return json.loads(json.dumps(layers.serialize(layer)))


def _first_config(case: LayerCase, layer: Layer) -> Any:
    config = as_json(layer)
    if not case.several:
        config["config"]["batch_input_shape"] = (None, *case.arrays[0].shape[1:])
        config["config"]["dtype"] = str(case.arrays[0].dtype)
    return config


def _model(case: LayerCase, layer: Layer) -> Model:
    if not case.several:
        return Sequential([layer])
    inputs = case.inputs()
    return Model(inputs, layer(inputs))


def _check_stored(case: LayerCase, model: Model, expected: Array) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.h5"
        model.save(path)
        loaded = load_model(path, case.custom_objects)
    case.demand(
        json.loads(loaded.to_json()) == json.loads(model.to_json()),
        f"an HDF5 file must bring {model.to_json()} back. Received: {loaded.to_json()}",
    )
    result = loaded.predict(case.given(case.arrays))
    case.demand_close(
        result, expected, "a copy that went through an HDF5 file must compute the same"
    )


def _check_exported(case: LayerCase, model: Model, expected: Array) -> None:
    """`to_onnx` has the file checked by onnx; here a runtime runs it."""
    exported = to_onnx(model)
    names = [[one.name for one in ports] for ports in (exported.graph.input, exported.graph.output)]
    result = Program(exported, feeds=names[0], fetches=names[1])(*case.arrays)[0]
    case.demand_close(result, expected, "an exported copy must compute the same")
    dims = exported.graph.output[0].type.tensor_type.shape.dim
    case.demand_shape(
        [dim.dim_value if dim.HasField("dim_value") else None for dim in dims],
        expected.shape,
        "the exported graph",
    )
