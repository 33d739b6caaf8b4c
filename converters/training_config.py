"""How a model was compiled, to and from files."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from konnx import losses, metrics, optimizers
from konnx.converters.hdf5 import KerasFile
from konnx.converters.optimizer_state import restore_optimizer
from konnx.training.outputs import per_output_lists

if TYPE_CHECKING:
    from konnx.models import Model

Custom = Mapping[str, Any] | None


def training_config(model: Model) -> dict[str, Any] | None:
    """Return how a model was compiled as Keras 2.1 writes it; None if it was not."""
    if not model.is_compiled:
        return None
    compiled = model.compiled
    return {
        "optimizer_config": optimizers.serialize(compiled.optimizer),
        "loss": _to_names(compiled.loss, losses.serialize),
        "metrics": _metric_names(compiled.metrics, model),
        "weighted_metrics": _metric_names(compiled.weighted_metrics, model) or None,
        "sample_weight_mode": compiled.sample_weight_mode,
        "loss_weights": compiled.loss_weights,
    }


def _metric_names(given: Any, model: Model) -> Any:
    """Return metrics as Keras 2.1 reads them: one list for all outputs, or a dict by output."""
    listed = per_output_lists(given, model.output_names)
    if isinstance(given, Mapping) or any(one != listed[0] for one in listed):
        given = {name: one for name, one in zip(model.output_names, listed, strict=True) if one}
    else:
        given = listed[0]
    return _to_names(given, metrics.serialize)


def _to_names(value: Any, serialize: Any) -> Any:
    """Replace functions by their names, in lists and dicts too."""
    if isinstance(value, Mapping):
        return {key: _to_names(one, serialize) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_to_names(one, serialize) for one in value]
    return serialize(value) if callable(value) else value


ODD_CONFIG = (ValueError, TypeError, KeyError, AttributeError)
"""What reading the config of a compilation raises if it is not as Keras writes it."""


def restore_training(model: Model, content: KerasFile, custom_objects: Custom) -> None:
    """Compile a model as a file says, and restore its optimizer's state where that fits.

    What cannot be restored is warned about, as in Keras: the model itself is whole without it.
    """
    config = content.training_config
    if config is None:
        return
    try:
        _compile(model, config, custom_objects)
    except ODD_CONFIG as error:
        warn_not_compiled(model, error)
        return
    if content.optimizer_weights:
        restore_optimizer(model, content)


def warn_not_compiled(model: Model, error: Exception) -> None:
    """Say that a model is loaded, but not compiled, and why."""
    warnings.warn(
        f"Model '{model.name}' is loaded, but how it was compiled cannot be restored: {error} "
        "Call model.compile(...).",
        stacklevel=5,
    )


def _compile(model: Model, config: Mapping[str, Any], custom_objects: Custom) -> None:
    optimizer = dict(config["optimizer_config"])
    optimizer["class_name"] = str(optimizer["class_name"]).rpartition(">")[2]
    model.compile(
        optimizer=optimizers.deserialize(optimizer, custom_objects),
        loss=_with_custom(config.get("loss"), custom_objects),
        metrics=_metrics(config.get("metrics"), model, custom_objects),
        loss_weights=config.get("loss_weights"),
        sample_weight_mode=config.get("sample_weight_mode"),
        weighted_metrics=_metrics(config.get("weighted_metrics"), model, custom_objects),
    )


def _with_custom(value: Any, custom_objects: Custom) -> Any:
    """Replace the names of the user's functions by what they stand for, in lists and dicts too."""
    if isinstance(value, Mapping):
        return {key: _with_custom(one, custom_objects) for key, one in value.items()}
    if isinstance(value, list):
        return [_with_custom(one, custom_objects) for one in value]
    return (custom_objects or {}).get(value, value)


def _metrics(value: Any, model: Model, custom_objects: Custom) -> list[list[Any]]:
    """Read metrics by output: names in Keras 2; in tf.keras wrappers that say name and function."""
    if isinstance(value, list) and len(value) == len(model.outputs) == 1:
        value = value[0] if isinstance(value[0], list) else value
    return [
        [_metric(one, custom_objects) for one in listed if one is not None]
        for listed in per_output_lists(value or [], model.output_names)
    ]


_STATEFUL = {one.__name__ for one in metrics.STATEFUL}


def _metric(value: Any, custom_objects: Custom) -> Any:
    """Return a name, the user's own function, or a metric that keeps sums."""
    if isinstance(value, Mapping) and "config" in value:
        inner = value["config"]
        if value["class_name"] in {*_STATEFUL, *(custom_objects or {})}:
            return metrics.deserialize(value, custom_objects)
        is_accuracy = inner.get("name") in ("accuracy", "acc")
        value = "accuracy" if is_accuracy else inner.get("fn", value["class_name"])
    return _with_custom(value, custom_objects)
