"""What models of Keras 1 are made of, beside the names: stacks upon a Merge, its functions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from konnx.converters.configs.branches import join_branches
from konnx.converters.configs.walk import in_every_depth
from konnx.legacy import Change, to_keras_2
from konnx.models.conversion import Conversion

_WHY = "Keras 1 wrote it"


def from_keras_1(config: Mapping[str, Any], converted: list[Conversion]) -> dict[str, Any]:
    """Return a model's config in the words of Keras 2; notes what was converted.

    Raises:
        ValueError: it asks for what Keras 2 has no more.
    """
    known = in_every_depth(in_every_depth(config, _as_layer_of_keras_2), _without_merge_stack)
    if not isinstance(known.get("class_name"), str) or "config" not in known:
        return dict(known)  # no config of a model; whoever makes it says so
    try:
        class_name, arguments, changes = to_keras_2(known["class_name"], known["config"])
    except TypeError as error:
        raise ValueError(str(error)) from error
    converted += [Conversion(one.layer, _sentence(one), _WHY) for one in changes]
    return {**known, "class_name": class_name, "config": arguments}


def _sentence(change: Change) -> str:
    if change.new is None:
        return f"{change.old} left out"
    return change.new if " " in change.new else f"{change.old} is {change.new}"


def _as_layer_of_keras_2(value: dict[str, Any]) -> dict[str, Any]:
    """Replace a layer that Keras 2 has by another name or in another form."""
    arguments = value.get("config")
    if not isinstance(arguments, Mapping):
        return value
    if value.get("class_name") == "BatchNormalization" and arguments.get("mode") == 1:
        return {**value, **_layer_normalization(arguments)}
    if value.get("class_name") == "BatchNormalization" and arguments.get("mode") == 2:
        raise ValueError(
            f"Layer '{arguments.get('name')}' (BatchNormalization) has mode=2, which normalizes by "
            "the statistics of each batch at all times; what it computes for a sample depends on "
            "the others, so it has no place in a model for inference"
        )
    if value.get("class_name") == "Merge" and arguments.get("mode_type", "raw") != "raw":
        return {**value, **_function_of_several(arguments)}
    return value


def _layer_normalization(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Normalization of each sample over its last axis, which was mode 1 of another layer."""
    taken = ("name", "trainable", "epsilon", "batch_input_shape")
    kept = {key: arguments[key] for key in taken if key in arguments}
    return {"class_name": "LayerNormalization", "config": kept}


def _function_of_several(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The Lambda that computes what a Merge by a function does; the caller has the function."""
    taken = ("name", "trainable", "output_shape", "output_shape_type", "arguments")
    kept = {key: arguments[key] for key in taken if key in arguments}
    function = {"function": arguments.get("mode"), "function_type": arguments["mode_type"]}
    layers = {"layers": arguments["layers"]} if arguments.get("layers") else {}
    return {"class_name": "Lambda", "config": {**kept, **function, **layers}}


def _without_merge_stack(value: dict[str, Any]) -> dict[str, Any]:
    """Turn a Sequential that starts with a Merge of models into one graph of layers."""
    layers = value.get("config")
    if value.get("class_name") == "Sequential" and isinstance(layers, list) and layers:
        first = layers[0].get("config") if isinstance(layers[0], Mapping) else None
        if isinstance(first, Mapping) and isinstance(first.get("layers"), list):
            name = value.get("name")
            return {**value, "class_name": "Model", "config": join_branches(layers, name)}
    return value
