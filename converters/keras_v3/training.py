"""How a model was compiled, and its optimizer's state, from a `.keras` archive."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from numpy.typing import NDArray

from konnx import losses, metrics
from konnx.converters.configs.keras_3 import to_keras_2
from konnx.converters.hdf5 import KerasFile
from konnx.converters.keras_v3.places import Config, layers_of, snake_case
from konnx.converters.keras_v3.tree import WeightsTree
from konnx.converters.optimizer_state import is_untrained, warn_starting_anew
from konnx.converters.training_config import (
    ODD_CONFIG,
    restore_training,
    warn_not_compiled,
)
from konnx.graph import Variable
from konnx.models.model import Model
from konnx.models.network import Network
from konnx.utils.registry import Registry

Custom = Mapping[str, Any] | None

OPTIMIZER = "optimizer"
"""Where the state of the optimizer is."""

_INERT: dict[str, tuple[Any, ...]] = {
    "axis": (-1, None),
    "delta": (1.0,),
    "dtype": (None, "float32"),
    "from_logits": (False,),
    "ignore_class": (None,),
    "k": (5,),
    "label_smoothing": (0, 0.0),
    "reduction": ("auto", "sum_over_batch_size", None),
    "threshold": (0.5,),
}
"""Arguments of the classes of losses and metrics, with the values that their functions have."""

_FUNCTIONS = {"CosineSimilarity": "cosine_proximity"}
"""Classes of losses whose function is not called after them."""


def restore_compilation(
    model: Model,
    config: Mapping[str, Any],
    tree: WeightsTree,
    custom_objects: Custom,
) -> None:
    """Compile a model as its file says, and restore its optimizer's state where that fits.

    What cannot be restored is warned about.

    Args:
        model: a built model, with the weights of the file.
        config: of the file.
        tree: what the file holds.
        custom_objects: the user's own functions by name.
    """
    try:
        compiled = training_config(config)
    except ODD_CONFIG as error:
        warn_not_compiled(model, error)
        return
    if compiled is None:
        return
    content = KerasFile("model", training_config=compiled)
    restore_training(model, content, custom_objects)
    saved = tree.saved(OPTIMIZER)
    if model.is_compiled and saved is not None and saved.arrays:
        params = ordered_weights(model, config["config"], model.compiled.trainable_weights)
        restore_state(model, saved.arrays, params)


def training_config(config: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return how a model was compiled in the words of Keras 2; None: it was not."""
    compiled = config.get("compile_config")
    if not isinstance(compiled, Mapping) or not compiled.get("optimizer"):
        return None
    plain = to_keras_2(compiled)
    return {
        "optimizer_config": _optimizer(plain["optimizer"]),
        "loss": _names(plain.get("loss"), losses.LOSSES),
        "loss_weights": plain.get("loss_weights"),
        "metrics": _names(plain.get("metrics"), metrics.METRICS),
        "weighted_metrics": _names(plain.get("weighted_metrics"), metrics.METRICS),
        "sample_weight_mode": None,
    }


def _optimizer(described: Any) -> Any:
    """Class and config of an optimizer in the words of Keras 2, as far as it has them."""
    if isinstance(described, str):
        return {"class_name": described, "config": {}}
    config = dict(described["config"])
    rate = config.get("learning_rate")
    if isinstance(rate, Mapping) and rate.get("class_name") == "InverseTimeDecay":
        schedule = rate["config"]
        if not schedule.get("staircase"):
            del config["learning_rate"]
            config["lr"] = schedule["initial_learning_rate"]
            config["decay"] = schedule["decay_rate"] / schedule["decay_steps"]
    if described["class_name"] == "Nadam":
        config["schedule_decay"] = 1.0  # in these versions the momentum grows so fast
    return {**described, "config": config}


def _names(value: Any, family: Registry[Any]) -> Any:
    """Replace what describes a loss or metric by its name, in lists and dicts too."""
    if isinstance(value, list):
        return [_names(one, family) for one in value]
    if not isinstance(value, Mapping):
        return value
    if "class_name" not in value:
        return {key: _names(one, family) for key, one in value.items()}
    return _name(value, family)


def _name(described: Mapping[str, Any], family: Registry[Any]) -> Any:
    """The name of a function; what has none is left as it is, to be refused by what reads it."""
    class_name, config = described["class_name"], described.get("config")
    if isinstance(config, str):  # a function of the user's
        return config
    config = config or {}
    if "fn" in config:
        return _names(config["fn"], family)
    name = _FUNCTIONS.get(class_name, snake_case(class_name))
    is_plain = all(config[key] in values for key, values in _INERT.items() if key in config)
    return name if is_plain and name in family else described


def restore_state(model: Model, arrays: Sequence[NDArray[Any]], params: Sequence[Variable]) -> None:
    """Give a compiled model's optimizer a state; warn where it does not fit."""
    optimizer, compiled = model.optimizer, model.compiled
    compiled.make_optimizer_state()
    try:
        state = _by_slot(arrays, params, compiled.trainable_weights)
        if not is_untrained(state):
            optimizer.set_weights(state)
    except ValueError as error:
        warn_starting_anew(model, error)


def _by_slot(
    arrays: Sequence[NDArray[Any]], params: Sequence[Variable], wanted: Sequence[Variable]
) -> list[NDArray[Any]]:
    """Return a state as Keras 2 orders it: the number of iterations, then slot by slot.

    Keras 3 writes the two slots of a weight side by side; a third one of all weights follows.

    Args:
        arrays: as in the file.
        params: the weights that are trained, in the order of the file.
        wanted: the same in the order of the model.
    """
    count = len(params)
    first, slots = list(arrays[:1]), list(arrays[1:])
    if count and (len(slots) - 1) % count == 0 and slots[0].shape == ():
        del slots[0]  # the learning rate, which tf.keras does not write
    if not count or len(slots) % count:
        raise ValueError(f"it holds {len(slots)} arrays for {count} weights")
    side_by_side = min(len(slots), 2 * count)
    step = side_by_side // count
    blocks = [slots[start:side_by_side:step] for start in range(step)]
    blocks += [slots[start : start + count] for start in range(side_by_side, len(slots), count)]
    places = [list(params).index(param) for param in wanted]
    return first + [block[place] for block in blocks for place in places]


def ordered_weights(model: Network, config: Config, trained: Sequence[Variable]) -> list[Variable]:
    """Return the weights that are trained, in the order of the layers in a file's config."""
    chosen = set(trained)
    return list(dict.fromkeys(one for one in _weights(model, config) if one in chosen))


def _weights(network: Network, config: Config | None) -> Iterator[Variable]:
    for one in layers_of(network, config):
        if isinstance(one.layer, Network):
            yield from _weights(one.layer, one.config)
        else:
            yield from one.layer.weights
