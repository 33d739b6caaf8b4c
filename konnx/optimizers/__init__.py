"""Optimizers: graphs from gradients to new weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from konnx.optimizers.adaptive_moments import Adam, AdamW
from konnx.optimizers.adaptive_rates import Adadelta, Adagrad, RMSprop
from konnx.optimizers.base import Optimizer, clip_norm
from konnx.optimizers.gradient_descent import SGD
from konnx.optimizers.moment_variants import Adamax, Nadam
from konnx.optimizers.runtime_optimizer import RuntimeOptimizer, TFOptimizer
from konnx.utils.registry import CustomObjects, Registry

OPTIMIZERS: Registry[type[Optimizer]] = Registry("optimizer")

sgd = OPTIMIZERS.register(SGD, "sgd")
rmsprop = OPTIMIZERS.register(RMSprop, "rmsprop")
adagrad = OPTIMIZERS.register(Adagrad, "adagrad")
adadelta = OPTIMIZERS.register(Adadelta, "adadelta")
adam = OPTIMIZERS.register(Adam, "adam")
adamw = OPTIMIZERS.register(AdamW, "adamw")
adamax = OPTIMIZERS.register(Adamax, "adamax")
nadam = OPTIMIZERS.register(Nadam, "nadam")
OPTIMIZERS.register(RuntimeOptimizer, "runtimeoptimizer", "TFOptimizer", "tfoptimizer")


def serialize(optimizer: Optimizer) -> Any:
    """Return an optimizer's class and arguments, as files hold them; its weights are not there."""
    return OPTIMIZERS.serialize(optimizer)


def deserialize(config: Any, custom_objects: CustomObjects = None) -> Optimizer:
    """Make the optimizer that a name, in upper or lower case, or a configuration describes.

    Raises:
        ValueError: the name is unknown, or the arguments do not fit.
    """
    optimizer: Optimizer = OPTIMIZERS.deserialize(
        _with_known_case(config, custom_objects or {}), custom_objects
    )
    return optimizer


def get(identifier: Any) -> Optimizer:
    """Return the optimizer that a name, configuration, class or optimizer stands for.

    Raises:
        ValueError: the name is unknown, or it is nothing of the kind.

    Example:
        >>> type(get("adam")).__name__
        'Adam'
    """
    if isinstance(identifier, Optimizer):
        return identifier
    if isinstance(identifier, str | Mapping):
        return deserialize(identifier)
    if isinstance(identifier, type) and issubclass(identifier, Optimizer):
        return identifier()
    raise ValueError(
        "An optimizer must be given by name, by configuration or as an Optimizer. "
        f"Received: {identifier!r}"
    )


def _with_known_case(config: Any, custom_objects: Mapping[str, Any]) -> Any:
    """Keras reads optimizers' names in any case; the user's own are read as they are."""
    name = config.get("class_name") if isinstance(config, Mapping) else config
    if not isinstance(name, str) or name in custom_objects or name.lower() not in OPTIMIZERS:
        return config
    return {**config, "class_name": name.lower()} if isinstance(config, Mapping) else name.lower()


__all__ = [
    "OPTIMIZERS",
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Nadam",
    "Optimizer",
    "RMSprop",
    "RuntimeOptimizer",
    "TFOptimizer",
    "adadelta",
    "adagrad",
    "adam",
    "adamax",
    "adamw",
    "clip_norm",
    "deserialize",
    "get",
    "nadam",
    "rmsprop",
    "serialize",
    "sgd",
]
