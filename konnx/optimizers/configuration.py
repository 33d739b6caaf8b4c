"""Optimizer configurations as later Keras versions write them, in the words of Keras 2.1."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Mapping
from typing import Any

_IGNORED = (
    "name",
    "is_legacy_optimizer",
    "jit_compile",
    "ema_momentum",
    "initial_accumulator_value",
)
"""Keys that have no effect on a step, or only together with one of those below.

The initial value is that of a state which files hold.
"""

_INERT: dict[str, tuple[Any, ...]] = {
    "weight_decay": (None, False, 0),
    "use_ema": (None, False),
    "ema_overwrite_frequency": (None, 100),  # as RMSprop has it by default
    "gradient_accumulation_steps": (None, 1),
    "loss_scale_factor": (None, 1),
    "global_clipnorm": (None,),
}
"""Keys that ask for nothing as long as they have one of these values."""

_INERT_OF_RMSPROP: dict[str, tuple[Any, ...]] = {"momentum": (None, 0), "centered": (None, False)}


def from_later_keras(class_name: str, config: Mapping[str, Any]) -> dict[str, Any]:
    """Return an optimizer's arguments from a configuration of any Keras version.

    Args:
        class_name: of the optimizer, for messages.
        config: what a file or `get_config` says.

    Raises:
        ValueError: the learning rate is a schedule, or the configuration asks for something that
            Keras 2.1 does not have.

    Example:
        >>> from_later_keras("SGD", {"name": "SGD", "learning_rate": 0.1, "use_ema": False})
        {'lr': 0.1}
    """
    arguments = {key: value for key, value in config.items() if key not in _IGNORED}
    later = "learning_rate" in arguments
    if later:
        arguments = {"lr": _constant_rate(class_name, arguments.pop("learning_rate")), **arguments}
    if later and class_name == "Nadam" and "decay" in arguments:
        arguments["schedule_decay"] = arguments.pop("decay")  # so tf.keras calls it
    _use_global_norm(class_name, arguments, later)
    inert = _INERT | (_INERT_OF_RMSPROP if class_name == "RMSprop" else {})
    for key, values in inert.items():
        if arguments.pop(key, None) not in values:
            raise ValueError(
                f"`{class_name}`: there is no `{key}` here. Load the model with compile=False and "
                f"compile it anew. Received: {key}={config[key]!r}"
            )
    for key in ("clipnorm", "clipvalue"):
        if arguments.get(key, 0) is None:
            del arguments[key]
    return arguments


def names(cls: type, argument: str) -> bool:
    """Tell whether a constructor has an argument of this name."""
    return argument in inspect.signature(cls).parameters


def takes(cls: type, argument: str) -> bool:
    """Tell whether a constructor accepts an argument, by its name or among others."""
    kinds = [one.kind for one in inspect.signature(cls).parameters.values()]
    return names(cls, argument) or inspect.Parameter.VAR_KEYWORD in kinds


def _constant_rate(class_name: str, rate: Any) -> float:
    if isinstance(rate, Mapping | str):
        raise ValueError(
            f"`{class_name}`: a learning rate that follows a schedule cannot be read. Load the "
            "model with compile=False, and change `optimizer.lr` from a callback. "
            f"Received: learning_rate={rate!r}"
        )
    return float(rate)


def _use_global_norm(class_name: str, arguments: dict[str, Any], later: bool) -> None:
    """What tf.keras calls `global_clipnorm` is `clipnorm` in Keras 2.1."""
    total, single = arguments.get("global_clipnorm"), arguments.get("clipnorm")
    if total is not None and single is None:
        arguments["clipnorm"] = arguments.pop("global_clipnorm")
    elif later and single is not None and total is None:
        warnings.warn(
            f"`{class_name}`: clipnorm={single!r} comes from a Keras version that clips each "
            "gradient by its own norm. Here, as in Keras 2.1, the norm is that of all gradients "
            "together.",
            stacklevel=2,
        )
