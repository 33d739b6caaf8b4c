"""How a model was compiled, and its optimizer's state, as Keras 3 writes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from konnx import metrics, optimizers
from konnx.converters.training_config import training_config
from konnx.models.model import Model
from konnx.optimizers import Optimizer

Config = dict[str, Any]

_OPTIMIZERS = frozenset(
    {"Adadelta", "Adagrad", "Adam", "AdamW", "Adamax", "Nadam", "RMSprop", "SGD"}
)
_NAMES = {
    "cosine": "cosine_similarity",
    "cosine_proximity": "cosine_similarity",
    "kullback_leibler_divergence": "kl_divergence",
    "logcosh": "log_cosh",
}
"""Losses and metrics that are called otherwise in Keras 3."""


def compile_config(model: Model) -> Config | None:
    """Return how a model was compiled in the words of Keras 3; None: it was not.

    Raises:
        ValueError: Keras 3 has no such optimizer.
    """
    compiled = training_config(model)
    if compiled is None:
        return None
    return {
        "optimizer": _optimizer(model.optimizer),
        "loss": _renamed(compiled["loss"]),
        "loss_weights": compiled["loss_weights"],
        "metrics": _renamed(compiled["metrics"]),
        "weighted_metrics": _renamed(compiled["weighted_metrics"]),
        "run_eagerly": False,
        "steps_per_execution": 1,
        "jit_compile": False,
    }


def _renamed(value: Any) -> Any:
    """Names, and objects, of losses and metrics in the words of Keras 3, in lists and dicts too."""
    if isinstance(value, Mapping) and "class_name" in value:
        is_known = hasattr(metrics, value["class_name"])
        module, name = ("keras.metrics", None) if is_known else (None, value["class_name"])
        return {"module": module, **value, "registered_name": name}
    if isinstance(value, Mapping):
        return {key: _renamed(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_renamed(one) for one in value]
    return _NAMES.get(value, value) if isinstance(value, str) else value


def _optimizer(optimizer: Optimizer) -> Config:
    described = optimizers.serialize(optimizer)
    name, config = described["class_name"], dict(described["config"])
    is_other = config.pop("schedule_decay", 1.0) != 1.0
    if name not in _OPTIMIZERS or is_other:
        raise ValueError(
            f"Keras 3 has no optimizer like {described}. Save the model with "
            "include_optimizer=False, or as HDF5 (model.h5)."
        )
    return {
        "module": "keras.optimizers",
        "class_name": name,
        "config": {**_rate(config), **config},
        "registered_name": None,
    }


def _rate(config: Config) -> Config:
    """Take learning rate, its decay and the limit of norms out of a config, in other words."""
    rate, decay = config.pop("lr"), config.pop("decay", 0.0)
    limit = {"global_clipnorm": config.pop("clipnorm")} if "clipnorm" in config else {}
    if not decay:
        return {"learning_rate": rate, **limit}
    schedule = {
        "module": "keras.optimizers.schedules",
        "class_name": "InverseTimeDecay",
        "config": {
            "initial_learning_rate": rate,
            "decay_steps": 1,
            "decay_rate": decay,
            "staircase": False,
        },
        "registered_name": None,
    }
    return {"learning_rate": schedule, **limit}


def optimizer_arrays(model: Model) -> list[NDArray[Any]]:
    """Return the state of a compiled model's optimizer in the order of Keras 3.

    These are the number of iterations, the learning rate, where it follows no schedule, and for
    each weight its slots; a third slot of all weights stands behind those.
    """
    optimizer = model.optimizer
    model.compiled.make_optimizer_state()
    params = model.compiled.trainable_weights
    slots = optimizer.used_slots()
    groups = [slots[:2], slots[2:]]
    first = [np.asarray(optimizer.iterations.numpy(), "int32")]
    if not optimizer.decay.numpy():
        first.append(np.asarray(optimizer.lr.numpy(), "float32"))
    return first + [
        optimizer.slots_of(param)[slot].numpy()
        for group in groups
        for param in params
        for slot in group
    ]
