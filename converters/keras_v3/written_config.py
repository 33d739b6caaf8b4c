"""The config of a model as Keras 3 writes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from konnx import layers as layer_family
from konnx.converters.keras_v3.words import OWN_ACTIVATIONS
from konnx.graph import Tensor
from konnx.layers.base import Layer
from konnx.layers.bidirectional import Bidirectional
from konnx.layers.input import InputLayer
from konnx.layers.masking import ApplyMask
from konnx.layers.node import InboundNode, history_of
from konnx.layers.recurrent import RNN
from konnx.layers.spec import unpack
from konnx.models.network import Network
from konnx.models.sequential import Sequential

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
        "CuDNNGRU",
        "CuDNNLSTM",
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
    "LeakyReLU": ("LeakyReLU", {"alpha": "negative_slope"}),
    "ThresholdedReLU": ("ReLU", {"theta": "threshold"}),
}
"""Classes and arguments that are called otherwise in Keras 3."""


def model_object(model: Network) -> Config:
    """Return class and config of a model, as a `.keras` archive holds them.

    Raises:
        ValueError: Keras 3 does not have a layer, or what it is asked to do.
    """
    for node in model.nodes:
        _check_masks(node)
    if isinstance(model, Sequential):
        return {
            "module": "keras",
            "class_name": "Sequential",
            "config": _sequential(model),
            "registered_name": None,
            "build_config": {"input_shape": list(model.inputs[0].shape)},
        }
    return {
        "module": "keras.src.models.functional",
        "class_name": "Functional",
        "config": _functional(model),
        "registered_name": "Functional",
        "build_config": {"input_shape": None},
    }


def _sequential(model: Sequential) -> Config:
    return {
        "name": model.name,
        "trainable": model.trainable,
        "layers": [
            _input(history_of(model.inputs[0]).layer),
            *(layer_object(layer) for layer in model.layers),
        ],
        "build_input_shape": list(model.inputs[0].shape),
    }


def _input(layer: Layer) -> Config:
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


def _functional(model: Network) -> Config:
    numbers = _call_numbers(model)
    return {
        "name": model.name,
        "trainable": model.trainable,
        "layers": [
            _entry(layer, numbers) for layer in model.layers if not isinstance(layer, ApplyMask)
        ],
        "input_layers": unpack([_place(tensor, numbers) for tensor in model.inputs]),
        "output_layers": unpack([_place(tensor, numbers) for tensor in model.outputs]),
    }


def _call_numbers(model: Network) -> dict[InboundNode, int]:
    """Number the calls of each layer that belong to the model, from 0."""
    own = set(model.nodes)
    return {
        node: index
        for layer in model.layers
        for index, node in enumerate(node for node in layer.inbound_nodes if node in own)
    }


def _place(tensor: Tensor, numbers: Mapping[InboundNode, int]) -> list[Any]:
    history = history_of(tensor)
    node = history.layer.inbound_nodes[history.node_index]
    return [history.layer.name, numbers[node], history.tensor_index]


def _entry(layer: Layer, numbers: Mapping[InboundNode, int]) -> Config:
    calls = [node for node in layer.inbound_nodes if node in numbers and node.inputs]
    described = _input(layer) if isinstance(layer, InputLayer) else layer_object(layer)
    return {
        **described,
        "name": layer.name,
        "inbound_nodes": [_call(node, numbers) for node in calls],
    }


def _call(node: InboundNode, numbers: Mapping[InboundNode, int]) -> Config:
    split = [_without_mask(tensor) for tensor in node.inputs]
    tensors = [_tensor(tensor, numbers) for tensor, _ in split]
    masks = [None if mask is None else _tensor(mask, numbers) for _, mask in split]
    kwargs = dict(node.arguments)
    if any(masks):
        kwargs["mask"] = unpack(masks)
    if isinstance(node.layer, RNN | Bidirectional) and len(tensors) > 1:
        return {"args": tensors[:1], "kwargs": {**kwargs, "initial_state": tensors[1:]}}
    return {"args": [unpack(tensors)], "kwargs": kwargs}


def _without_mask(tensor: Tensor) -> tuple[Tensor, Tensor | None]:
    """The tensor that a mask was applied to, and the mask, which is an argument in Keras 3."""
    history = history_of(tensor)
    if not isinstance(history.layer, ApplyMask):
        return tensor, None
    given, mask = history.layer.inbound_nodes[history.node_index].inputs
    return given, mask


def _check_masks(node: InboundNode) -> None:
    """Refuse a Bidirectional that shows zeros for masked steps in Keras 3, and does not here."""
    layer = node.layer
    if not isinstance(layer, Bidirectional) or node.inputs[0]._keras_mask is None:
        return
    parts = (layer.forward_layer, layer.backward_layer)
    if any(part.return_sequences and not part.zero_output_for_mask for part in parts):
        raise problem_with(
            layer.get_config(),
            "Bidirectional",
            "its input is masked, where Keras 3 returns zeros and Keras 2 repeats the last output",
        )


def _tensor(tensor: Tensor, numbers: Mapping[InboundNode, int]) -> Config:
    return {
        "class_name": "__keras_tensor__",
        "config": {
            "shape": list(tensor.shape),
            "dtype": tensor.dtype,
            "keras_history": _place(tensor, numbers),
        },
    }


def layer_object(layer: Layer) -> Config:
    """Return class and config of a layer.

    Raises:
        ValueError: Keras 3 does not have it, or what it is asked to do.
    """
    if isinstance(layer, Network):
        return model_object(layer)
    given = layer_family.serialize(layer)
    inner = getattr(layer, "layer", None)
    if isinstance(inner, Network):
        given = {**given, "config": {**given["config"], "layer": model_object(inner)}}
    described = _layer(given)
    described["config"].setdefault("dtype", layer.dtype)
    return described


def _layer(described: Mapping[str, Any]) -> Config:
    """Class and config of a layer in the words of Keras 3."""
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
        return _layer(value)
    name = _OBJECTS.get(value["class_name"], value["class_name"])
    return {"module": module, **value, "class_name": name, "registered_name": None}


def _check_activation(class_name: str, config: Mapping[str, Any], key: str, value: Any) -> None:
    if value in OWN_ACTIVATIONS:
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
