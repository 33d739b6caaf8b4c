"""What configs of Keras 1 write otherwise, beside the names of arguments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_PENALTIES_AND_LIMITS = ("_regularizer", "_constraint")

_CLASSES = {
    "ActivityRegularizer": "L1L2",
    "L1L2Regularizer": "L1L2",
    "L1Regularizer": "L1L2",
    "L2Regularizer": "L1L2",
    "WeightRegularizer": "L1L2",
}
"""Regularizers by the names of Keras 1."""

_ARGUMENTS = {"m": "max_value"}
"""Arguments of constraints by the names of Keras 1."""

_MERGE_MODES: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "ave": ("Average", {}),
    "concat": ("Concatenate", {"axis": "concat_axis"}),
    "cos": ("CosineMerge", {"axes": "dot_axes"}),
    "dot": ("Dot", {"axes": "dot_axes"}),
    "max": ("Maximum", {}),
    "mul": ("Multiply", {}),
    "sum": ("Add", {}),
}
"""The layer for each mode of `Merge`, and where its arguments stand."""


def in_keras_2_form(class_name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return a layer's config with its parts as Keras 2 writes them.

    Args:
        class_name: its name in Keras 2.
        arguments: by old or new names.
    """
    form = {key: _part(key, value) for key, value in arguments.items()}
    if "input_dtype" in form:
        dtype = form.pop("input_dtype")
        if class_name == "InputLayer" or form.get("batch_input_shape") is not None:
            form.setdefault("dtype", dtype)
    if class_name != "Embedding" and "input_dim" in form:
        if form.get("batch_input_shape") is not None or form["input_dim"] is None:
            del form["input_dim"]
            form.pop("input_length", None)
        elif class_name == "Dense" and "input_length" in form:  # once TimeDistributedDense
            form["input_shape"] = (form.pop("input_length"), form.pop("input_dim"))
    return form


def _part(key: str, value: Any) -> Any:
    """A regularizer or constraint, which Keras 1 wrote flat: {"name": class, argument: …}."""
    if not key.endswith(_PENALTIES_AND_LIMITS) or not isinstance(value, Mapping):
        return value
    if "class_name" in value or "name" not in value:
        return value
    arguments = {_ARGUMENTS.get(name, name): one for name, one in value.items() if name != "name"}
    return {"class_name": _CLASSES.get(value["name"], value["name"]), "config": arguments}


def merge_as_layer(class_name: str, arguments: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """Return the layer of Keras 2 that does what a `Merge` does, if there is one.

    A Merge that holds the layers before it, or whose mode is a function, stays.
    """
    mode = arguments.get("mode")
    if class_name != "Merge" or arguments.get("layers"):
        return class_name, arguments
    if not isinstance(mode, str) or mode not in _MERGE_MODES:
        return class_name, arguments
    name, taken = _MERGE_MODES[mode]
    kept = {key: arguments[key] for key in ("name", "trainable") if key in arguments}
    return name, {**kept, **{new: arguments[old] for new, old in taken.items() if old in arguments}}
