"""Layer classes by name, and layers to and from configs."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from inspect import signature
from typing import Any, TypeVar

from konnx.layers.base import Layer
from konnx.layers.weighted import family_of
from konnx.utils.registry import CustomObjects, Registry

LAYERS: Registry[type[Layer]] = Registry("layer")
"""The classes that files may name; models, which are layers too, register themselves."""

AnyLayer = TypeVar("AnyLayer", bound=type[Layer])


def register(layer_class: AnyLayer, *aliases: str) -> AnyLayer:
    """Let files name a class by its name, or by an alias."""
    return LAYERS.register(layer_class, *aliases, name=layer_class.class_name)


def serialize(layer: Layer) -> dict[str, Any]:
    """Return a layer's class name and config.

    Example:
        >>> from konnx.layers import RepeatVector
        >>> serialize(RepeatVector(3, name="r"))["config"]
        {'name': 'r', 'trainable': True, 'n': 3}
    """
    name = layer.class_name or type(layer).__name__
    return {"class_name": name, "config": layer.get_config()}


def deserialize(config: Any, custom_objects: CustomObjects = None) -> Any:
    """Make the layer that a config describes.

    Args:
        config: {"class_name": name, "config": arguments}, as Keras 2.1 or a later Keras wrote it.
        custom_objects: the user's own classes and functions by name.

    Returns:
        A layer; a model, if the class is one.

    Raises:
        ValueError: the class is unknown, or its config does not fit it.

    Example:
        >>> deserialize({"class_name": "RepeatVector", "config": {"name": "r", "n": 3}})
        <RepeatVector 'r'>
    """
    name, arguments = _parts(config)
    layer_class: Any = LAYERS.resolve(name, custom_objects)
    if "custom_objects" in signature(layer_class.from_config).parameters:
        return layer_class.from_config(arguments, custom_objects=custom_objects)
    if not isinstance(arguments, Mapping):
        raise _no_config(config)
    try:
        return layer_class.from_config(_with_custom(arguments, custom_objects))
    except TypeError as error:
        raise ValueError(
            f"The layer '{arguments.get('name')}' ({name}) cannot be made from its config: {error}"
        ) from error


def _parts(config: Any) -> tuple[str, Any]:
    """Return class name and arguments; those of a Sequential may be a list of layers."""
    if isinstance(config, Mapping):
        name, arguments = config.get("class_name"), config.get("config", {})
        if isinstance(name, str) and isinstance(arguments, Mapping | list):
            return name, copy(arguments)
    raise _no_config(config)


def _no_config(config: Any) -> ValueError:
    return ValueError(
        "The config of a layer must be a dict with 'class_name', a name, and 'config', a dict "
        f"(of a Sequential also a list). Received: {config!r}"
    )


def _with_custom(arguments: Mapping[str, Any], custom_objects: CustomObjects) -> Mapping[str, Any]:
    """Replace names of the user's functions and classes by what they stand for."""
    if not custom_objects:
        return arguments
    return {key: _resolved(key, value, custom_objects) for key, value in arguments.items()}


def _resolved(key: str, value: Any, custom_objects: Mapping[str, Any]) -> Any:
    family = family_of(key)
    name = value.get("class_name") if isinstance(value, Mapping) else value
    if isinstance(value, Mapping) and isinstance(value.get("config"), str):
        name = value["config"]
    if family is None or not isinstance(name, str) or name.rpartition(">")[2] not in custom_objects:
        return value
    return family.deserialize(value, custom_objects)
