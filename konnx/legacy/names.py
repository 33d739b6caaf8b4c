"""Arguments, calls and configs of Keras 1, put into the words of Keras 2."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from konnx.legacy.adapters import Changes
from konnx.legacy.configs import in_keras_2_form, merge_as_layer
from konnx.legacy.table import CLASSES, LAYERS, VALUES, Interface


class Change(NamedTuple):
    """What was changed in a config.

    Attributes:
        layer: its name, or its class where it has none.
        old: the name of the class or argument as Keras 1 wrote it.
        new: the name in Keras 2; a sentence, if that does not say all; None: it is no more.
    """

    layer: str
    old: str
    new: str | None


class Translation(NamedTuple):
    """A class name and arguments in the words of Keras 2.

    Attributes:
        class_name: of the layer or model.
        arguments: its config.
        changes: everything that was written otherwise, in order.
    """

    class_name: str
    arguments: Any
    changes: list[Change]


def translate(interface: Interface, arguments: Mapping[str, Any]) -> tuple[dict[str, Any], Changes]:
    """Return the arguments of a call with new names and values, and what was changed.

    Args:
        interface: how Keras 1 called it.
        arguments: by old or new names.

    Raises:
        TypeError: an argument is given by both of its names, or asks for what is no more.

    Example:
        >>> from konnx.legacy.table import LAYERS
        >>> translate(LAYERS["Dense"], {"output_dim": 3, "bias": False})[0]
        {'units': 3, 'use_bias': False}
    """
    renamed, changes = dict(arguments), Changes()
    for adapt in interface.adapters:
        adapt(renamed, changes)
    for old, new in interface.renamed.items():
        if old not in renamed:
            continue
        if new in renamed:
            raise TypeError(
                f"`{new}` was given twice: also by its Keras 1 name `{old}`. Keep `{new}`."
            )
        value = renamed.pop(old)
        renamed[new] = _value(old, value)
        changes.renamed.append((old, new))
    return renamed, changes


def _value(name: str, value: Any) -> Any:
    values = VALUES.get(name, {})
    return values.get(value, value) if isinstance(value, str) else value


def to_keras_2(class_name: str, arguments: Any) -> Translation:
    """Return the config of a layer or model of Keras 1 as Keras 2 writes it; pure.

    What it holds (layers of a model, the layer of a wrapper) is put into new words, too. A config
    that Keras 2 wrote comes back equal, and so does that of a class that Keras 1 does not know.

    Args:
        class_name: "Dense", "Sequential", …
        arguments: its config: a dict; of a Sequential also the list of its layers.

    Raises:
        TypeError: an argument asks for what Keras 2 has no more, or is given twice.

    Example:
        >>> to_keras_2("Convolution2D", {"name": "c", "nb_filter": 8, "nb_row": 3, "nb_col": 3})[:2]
        ('Conv2D', {'name': 'c', 'kernel_size': (3, 3), 'filters': 8})
    """
    changes: list[Change] = []
    new_name, new_arguments = _to_keras_2(class_name, arguments, changes)
    return Translation(new_name, new_arguments, changes)


def _to_keras_2(class_name: str, arguments: Any, changes: list[Change]) -> tuple[str, Any]:
    if not isinstance(arguments, Mapping):
        return class_name, _inner(arguments, changes)
    layer = str(arguments.get("name") or class_name)
    name, given = merge_as_layer(CLASSES.get(class_name, class_name), arguments)
    if name != class_name:
        changes.append(Change(layer, class_name, name))
    given = in_keras_2_form(name, given)
    if name in LAYERS:
        given, made = translate(LAYERS[name], given)
        changes += [Change(layer, *pair) for pair in made.renamed]
        changes += [Change(layer, class_name, remark) for remark in made.remarks]
    held = {key: _inner(given[key], changes) for key in ("layer", "layers") if key in given}
    return name, {**given, **held}


def _inner(held: Any, changes: list[Change]) -> Any:
    """The layer of a wrapper, or the layers of a model, in new words."""
    if isinstance(held, list):
        return [_inner(one, changes) for one in held]
    if not (isinstance(held, Mapping) and isinstance(held.get("class_name"), str)):
        return held
    name, arguments = _to_keras_2(held["class_name"], held.get("config", {}), changes)
    return {**held, "class_name": name, "config": arguments}
