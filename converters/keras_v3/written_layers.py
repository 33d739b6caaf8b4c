"""Layers in the words of Keras 3."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from konnx import layers as layer_family
from konnx.converters.configs.keras_3_words import OWN_ACTIVATIONS
from konnx.layers.base import Layer

Config = dict[str, Any]

_LAYERS = "keras.layers"
_MODULES = {
    "initializer": "keras.initializers",
    "regularizer": "keras.regularizers",
    "constraint": "keras.constraints",
}
"""Where Keras 3 has what an argument names, by the end of the argument's name."""

_ACTIVATIONS = {own: name for name, own in OWN_ACTIVATIONS.items()}
"""Activations of Keras 3 by the names that konnx has for them."""

_OBJECTS = {"Orthogonal": "OrthogonalInitializer"}
"""Classes of other objects, by names that every Keras 3 knows them by."""

_DROPPED = frozenset({"batch_input_shape", "implementation", "input_length"})
"""Arguments without a meaning in Keras 3."""

_MISSING = frozenset(
    {
        "ConvLSTM2DCell",
        "ConvRNN2D",
        "LocallyConnected1D",
        "LocallyConnected2D",
        "ONNXGraph",
    }
)
"""Layers that Keras 3 does not have."""

_ONLY: Mapping[str, Mapping[str, tuple[Any, ...]]] = {
    "Cropping1D": {"data_format": ("channels_last",)},
    "SpatialDropout1D": {
        "data_format": ("channels_last",),
        "noise_shape": (None,),
        "trainable": (True, False),
    },
    "SpatialDropout2D": {"noise_shape": (None,), "trainable": (True, False)},
    "SpatialDropout3D": {"noise_shape": (None,), "trainable": (True, False)},
    "UpSampling1D": {"data_format": ("channels_last",)},
}
"""Arguments that Keras 3 lacks, with the values that it has for them, by class."""

_RENAMED: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "GroupedQueryAttention": ("GroupQueryAttention", {}),
    "LeakyReLU": ("LeakyReLU", {"alpha": "negative_slope"}),
    "ThresholdedReLU": ("ReLU", {"theta": "threshold"}),
}
"""Classes and arguments that are called otherwise in Keras 3."""


def input_object(layer: Layer) -> Config:
    """Return class and config of the layer behind an input."""
    return {
        "module": _LAYERS,
        "class_name": "InputLayer",
        "config": {
            "batch_shape": list(layer.batch_input_shape or ()),
            "dtype": layer.dtype,
            "sparse": False,
            "name": layer.name,
        },
        "registered_name": None,
    }


def in_words_of_keras_3(described: Mapping[str, Any]) -> Config:
    """Return class and config of a layer as Keras 3 writes them.

    Args:
        described: class and config as konnx has them, layers within included.

    Raises:
        ValueError: Keras 3 does not have the layer, or what it is asked to do.
    """
    class_name, config = described["class_name"], described["config"]
    if class_name in _MISSING:
        raise problem_with(config, class_name, "Keras 3 has no such layer")
    only = _ONLY.get(class_name, {})
    for key, values in only.items():
        if config.get(key, values[0]) not in values:
            raise problem_with(config, class_name, f"Keras 3 has no `{key}`", config[key])
    name, renamed = _RENAMED.get(class_name, (class_name, {}))
    kept = {key: value for key, value in config.items() if key not in {*_DROPPED, *only}}
    is_known = class_name in layer_family.LAYERS
    return {
        "module": _LAYERS if is_known else None,
        "class_name": name,
        "config": {
            renamed.get(key, key): _argument(class_name, config, key, value)
            for key, value in kept.items()
        },
        "registered_name": None if is_known else name,
    }


def _argument(class_name: str, config: Mapping[str, Any], key: str, value: Any) -> Any:
    """The value of an argument; what describes an object says where Keras 3 has its class."""
    special = _SPECIAL.get(key.rpartition("_")[2]) or _SPECIAL.get(key)
    if special is not None:
        special(class_name, config, key, value)
    if key.endswith("activation") and isinstance(value, str) and value in _ACTIVATIONS:
        return _ACTIVATIONS[value]
    if isinstance(value, list | tuple):
        return [_argument(class_name, config, key, one) for one in value]
    if not isinstance(value, Mapping) or "class_name" not in value or "module" in value:
        return value
    module = _MODULES.get(key.rpartition("_")[2])
    if module is None:
        return in_words_of_keras_3(value)
    name = _OBJECTS.get(value["class_name"], value["class_name"])
    return {"module": module, **value, "class_name": name, "registered_name": None}


def _check_activation(class_name: str, config: Mapping[str, Any], key: str, value: Any) -> None:
    if isinstance(value, str) and value in OWN_ACTIVATIONS:
        raise problem_with(
            config, class_name, f"the {value} of Keras 3 is another function", value, key
        )


def _check_centers(class_name: str, config: Mapping[str, Any], key: str, value: Any) -> None:
    if not value:
        raise problem_with(
            config, class_name, "Keras 3 interpolates between half pixels only", value, key
        )


def _check_function(class_name: str, config: Mapping[str, Any], key: str, value: Any) -> None:
    raise problem_with(config, class_name, "a function cannot be written")


Check = Callable[[str, Mapping[str, Any], str, Any], None]

_SPECIAL: Mapping[str, Check] = {
    "activation": _check_activation,
    "function": _check_function,
    "half_pixel_centers": _check_centers,
}
"""Checks of arguments by their name, or the end of it."""


def problem_with(
    config: Mapping[str, Any], class_name: str, problem: str, value: Any = None, key: str = ""
) -> ValueError:
    """Return the error for a layer that cannot be written."""
    received = f" Received: {key}={value!r}." if key else ""
    return ValueError(
        f"`{class_name}` '{config.get('name')}' cannot be written in the format of Keras 3: "
        f"{problem}.{received} Save the model as HDF5 (model.h5), or export it to ONNX."
    )
