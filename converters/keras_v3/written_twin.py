"""A model of layers that Keras 3 has, in place of one with layers that it computes otherwise.

Layers of cuDNN become LSTM and GRU. The `hard_sigmoid` of Keras 2, clip(0.2 z + 0.5, 0, 1), is
that of Keras 3, clip(z / 6 + 0.5, 0, 1), of 1.2 z; where z is linear in weights, they are scaled.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from konnx import layers as layer_family
from konnx.activations import hard_sigmoid
from konnx.converters.configs.keras_3_words import OWN_ACTIVATIONS
from konnx.converters.configs.walk import in_every_depth
from konnx.converters.recurrent_weights import fit_recurrent_weights
from konnx.graph import Variable
from konnx.layers.base import Layer
from konnx.layers.recurrent.cell import GatedCell
from konnx.models.model import Model
from konnx.models.saving import model_from_config
from konnx.models.sequential import Sequential

Config = dict[str, Any]

_STEEPER = 1.2  # 0.2 of 1 / 6
_OLD, _NEW = next(iter(OWN_ACTIVATIONS.items()))

_OF_CUDNN: Mapping[str, tuple[str, Config]] = {
    "CuDNNLSTM": ("LSTM", {"recurrent_activation": "sigmoid"}),
    "CuDNNGRU": ("GRU", {"recurrent_activation": "sigmoid", "reset_after": True}),
}
_LINEAR = frozenset({"Conv1D", "Conv2D", "Conv3D", "Dense"})
"""Layers whose activation is that of a sum of products with all of their weights."""


def with_layers_of_keras_3(model: Model, *, warn: bool) -> Model:
    """Return a model that predicts the same, of layers that Keras 3 has; the same one if it can be.

    Such a twin is not compiled, as its weights may be others.

    Args:
        model: a built model.
        warn: whether to say so, if the model is compiled.
    """
    changed: list[str] = []
    config = in_every_depth(model.get_config(), lambda one: _changed(one, changed))
    if not changed:
        return model
    kind = "Sequential" if isinstance(model, Sequential) else "Model"
    twin = model_from_config({"class_name": kind, "config": config}, _classes(model))
    weights = fit_recurrent_weights(twin, twin.weights, model.get_weights(), [])
    scales = dict(_scales(model, twin))
    twin.set_weights(
        [
            array * scales.get(variable, np.float32(1))
            for variable, array in zip(twin.weights, weights, strict=True)
        ]
    )
    if warn and model.is_compiled:
        warnings.warn(
            f"Model '{model.name}' is saved without its optimizer, as Keras 3 gets other weights "
            f"for {', '.join(sorted(set(changed)))}. Predictions are the same.",
            UserWarning,
            stacklevel=4,
        )
    return twin


def _changed(value: Config, changed: list[str]) -> Config:
    """The class and config of a layer as Keras 3 can have it; another dict as it is."""
    class_name, config = value.get("class_name"), value.get("config")
    if not isinstance(class_name, str) or not isinstance(config, Mapping):
        return value
    name, given = _OF_CUDNN.get(class_name, (class_name, {}))
    arguments = {**config, **given}
    if arguments.get("recurrent_activation") == _OLD:
        arguments["recurrent_activation"] = _NEW
    if class_name in _LINEAR and arguments.get("activation") == _OLD:
        arguments["activation"] = _NEW
    if arguments != config:
        changed.append(str(config.get("name")))
    return {**value, "class_name": name, "config": arguments}


def _classes(model: Model) -> dict[str, Callable[..., Any]]:
    """The user's own classes in a model."""
    classes = {type(layer) for layer in model.flattened_layers()}
    return {one.__name__: one for one in classes if one.__name__ not in layer_family.LAYERS}


def _scales(model: Model, twin: Model) -> list[tuple[Variable, np.ndarray]]:
    """What the weights of the twin are to be multiplied with."""
    found: list[tuple[Variable, np.ndarray]] = []
    pairs = zip(model.flattened_layers(), twin.flattened_layers(), strict=True)
    for layer, other in pairs:
        if isinstance(layer, GatedCell) and isinstance(other, GatedCell):
            if getattr(layer, "recurrent_activation", None) is hard_sigmoid:
                found += [(one, _of_gates(other)) for one in other.own_weights]
        elif _is_steeper(layer):
            found += [(one, np.asarray(_STEEPER, np.float32)) for one in other.own_weights]
    return found


def _is_steeper(layer: Layer) -> bool:
    return type(layer).__name__ in _LINEAR and getattr(layer, "activation", None) is hard_sigmoid


def _of_gates(cell: GatedCell) -> np.ndarray:
    """A factor for each column of the kernels: 1 for what goes into the state itself."""
    factors = np.full((cell.gates, cell.units), _STEEPER, np.float32)
    factors[2] = 1.0
    return factors.reshape(-1)
