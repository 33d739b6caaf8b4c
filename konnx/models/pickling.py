"""Models in pickles and deep copies: config, weights, and how they are trained.

Graphs, sessions and what lies on a device stay behind. The user's own classes and functions go by
reference, as pickles hold all code. Layers that draw random numbers without a `seed` draw others.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from konnx.layers.base import Layer
from konnx.models.network import Network
from konnx.optimizers import Optimizer

if TYPE_CHECKING:
    from konnx.models.model import Model


class PickledOptimizer(NamedTuple):
    """An optimizer: its class and config, and what it keeps, unless its model has no weights."""

    cls: type[Optimizer]
    config: dict[str, Any]
    weights: list[np.ndarray] | None


class PickledModel(NamedTuple):
    """All that makes an equal model.

    Attributes:
        cls: Model, Sequential or a subclass.
        name: of the model.
        config: as `get_config` returns it.
        custom_objects: the user's own classes and functions in the config, by name.
        weights: as `get_weights` returns them; None if there are none yet.
        trainable: of the model and of those within it.
        training: the arguments of `compile`; None if it was not called.
    """

    cls: type[Model]
    name: str
    config: Any
    custom_objects: dict[str, Any]
    weights: list[np.ndarray] | None
    trainable: list[bool]
    training: dict[str, Any] | None


def reduce_model(model: Model) -> tuple[Callable[[PickledModel], Model], tuple[PickledModel]]:
    """Return what `pickle` and `copy` store of a model: how to make it again, and of what."""
    pickled = PickledModel(
        cls=type(model),
        name=model.name,
        config=_config(model),
        custom_objects=dict(_custom_objects(model)),
        weights=model.get_weights() if model.built else None,
        trainable=[network.trainable for network in _networks(model)],
        training=_training(model),
    )
    return restore_model, (pickled,)


def restore_model(pickled: PickledModel) -> Model:
    """Make the model again."""
    model = pickled.cls.from_config(pickled.config, custom_objects=pickled.custom_objects)
    model.name = pickled.name
    for network, trainable in zip(_networks(model), pickled.trainable, strict=True):
        network.trainable = trainable
    if pickled.weights is not None:
        model.set_weights(pickled.weights)
    if pickled.training is not None:
        _compile(model, **pickled.training)
    return model


def _config(model: Model) -> Any:
    config = model.get_config()
    if model.built and isinstance(config, list):  # a Sequential may know its input from data only
        return {"layers": config, "build_input_shape": model.inputs[0].shape}
    return config


def _networks(layer: Layer) -> list[Network]:
    """A network and those within it, from the outside in."""
    found = [layer] if isinstance(layer, Network) else []
    return found + [one for inner in _held_layers(layer) for one in _networks(inner)]


def _held_layers(layer: Layer) -> list[Layer]:
    if isinstance(layer, Network):
        return layer.layers
    return [value for value in _values(layer) if isinstance(value, Layer) and value is not layer]


def _values(layer: Layer) -> Iterator[Any]:
    """What a layer's attributes hold, lists opened."""
    for name, value in vars(layer).items():
        if name in ("frozen_by", "inbound_nodes", "outbound_nodes"):
            continue
        yield from value if isinstance(value, list | tuple) else [value]


def _custom_objects(layer: Layer) -> Iterator[tuple[str, Any]]:
    """The classes and functions that a config names and konnx does not know, by name."""
    if not isinstance(layer, Network):
        for value in (layer, *_values(layer)):
            named = value if inspect.isroutine(value) or inspect.isclass(value) else type(value)
            has_name = named is value or hasattr(value, "get_config")
            if has_name and not _is_own(named):
                yield named.__name__, named
    for inner in _held_layers(layer):
        yield from _custom_objects(inner)


def _is_own(item: Any) -> bool:
    return str(getattr(item, "__module__", "")).partition(".")[0] in ("konnx", "builtins", "numpy")


def _training(model: Model) -> dict[str, Any] | None:
    arguments = model.compile_arguments
    if arguments is None:
        return None
    if arguments["target_tensors"] is not None:
        raise ValueError(
            f"Model '{model.name}' is compiled with target_tensors, which cannot be pickled. "
            "Compile it without them."
        )
    optimizer: Optimizer = arguments["optimizer"]
    weights = None
    if model.built:
        model.compiled.make_optimizer_state()
        weights = optimizer.get_weights()
    pickled = PickledOptimizer(type(optimizer), optimizer.get_config(), weights)
    return {**arguments, "optimizer": pickled}


def _compile(model: Model, optimizer: PickledOptimizer, **arguments: Any) -> None:
    restored = optimizer.cls.from_config(optimizer.config)
    model.compile(optimizer=restored, **arguments)
    if optimizer.weights is not None:
        model.compiled.make_optimizer_state()
        restored.set_weights(optimizer.weights)
