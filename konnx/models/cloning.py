"""Copies of models with weights of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from konnx.graph import Tensor
from konnx.layers import Input
from konnx.layers.base import Layer
from konnx.layers.input import InputLayer
from konnx.layers.node import history_of
from konnx.layers.spec import as_list, unpack
from konnx.models.config import is_frozen_elsewhere
from konnx.models.model import Model
from konnx.models.sequential import Sequential

CloneLayer = Callable[[Layer], Layer]


def clone_model(
    model: Model, input_tensors: Any = None, clone_function: CloneLayer | None = None
) -> Model:
    """Return a model of the same layers, called in the same way, with new weights.

    Layers that are shared stay shared, models within are cloned, too. The copy is not compiled.

    Args:
        model: a `Model` or `Sequential`.
        input_tensors: tensors of layers to build the copy on, one for each input; default: new
            inputs.
        clone_function: makes a layer of a layer; default: of its config.

    Raises:
        ValueError: another number of input tensors than the model has inputs.

    Example:
        >>> from konnx.layers import Dense
        >>> from konnx.models import Sequential
        >>> model = Sequential([Dense(2, input_shape=(3,), name="out")])
        >>> [layer.name for layer in clone_model(model).layers]
        ['out']
    """
    clone = clone_function or _from_config
    if isinstance(model, Sequential):
        return _cloned_stack(model, input_tensors, clone)
    inputs = _inputs_for(model, input_tensors)
    made: dict[Layer, Layer] = {}
    values = dict(zip(model.inputs, inputs, strict=True))
    for node in model.nodes:
        if all(tensor in values for tensor in node.outputs):
            continue
        if node.layer not in made:
            made[node.layer] = _cloned(node.layer, model, clone)
        called_on, arguments = node.on(values)
        outputs = made[node.layer](unpack(called_on), **arguments)
        values.update(zip(node.outputs, as_list(outputs), strict=True))
    return type(model)(inputs, [values[tensor] for tensor in model.outputs], name=model.name)


def _from_config(layer: Layer) -> Layer:
    return type(layer).from_config(layer.get_config())


def _cloned(layer: Layer, model: Model, clone: CloneLayer) -> Layer:
    if isinstance(layer, Model):
        return clone_model(layer)
    made = clone(layer)
    if is_frozen_elsewhere(layer, model):
        made.trainable = False
    return made


def _cloned_stack(model: Sequential, input_tensors: Any, clone: CloneLayer) -> Model:
    layers = [_cloned(layer, model, clone) for layer in model.layers]
    if input_tensors is None:
        stack = Sequential(layers, name=model.name)
        if model.built and not stack.built:  # its input was told by data, or by an input layer
            stack.build(model.inputs[0].shape)
        return stack
    [first] = _inputs_for(model, input_tensors)
    stack = Sequential(name=model.name)
    stack.add(history_of(first).layer)
    for layer in layers:
        stack.add(layer)
    return stack


def _inputs_for(model: Model, given: Any) -> list[Tensor]:
    """New inputs like those of the model, or what is given, as inputs."""
    if given is None:
        return [
            Input(batch_shape=one.shape, dtype=one.dtype, name=name)
            for one, name in zip(model.inputs, model.input_names, strict=True)
        ]
    tensors = as_list(given)
    if len(tensors) != len(model.inputs):
        raise ValueError(
            f"Model '{model.name}' has {len(model.inputs)} inputs. "
            f"Received: {len(tensors)} input tensors"
        )
    for tensor in tensors:
        if not isinstance(history_of(tensor).layer, InputLayer):
            raise ValueError(
                "`input_tensors` must come from Input(...), as a model begins there; to use a "
                f"model on other tensors, call it. Received: {tensor!r}"
            )
    return tensors
