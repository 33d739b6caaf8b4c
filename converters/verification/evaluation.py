"""Evaluating a model layer by layer in plain NumPy: what its layers say, not what is exported.

Nothing here uses the graphs that the layers make, but where a layer has no plain evaluation, such
as code of the user's own: `Evaluation.not_independent` lists the layers whose own graph is run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from konnx.converters.verification import attention, image_layers, plain_layers, recurrent_layers
from konnx.converters.verification.activations import UnsupportedError
from konnx.converters.verification.masks import Value, masks_of
from konnx.converters.verification.operations import operation
from konnx.converters.verification.own_graph import by_its_graph
from konnx.layers.operation import Operation

if TYPE_CHECKING:
    from konnx.layers import Layer
    from konnx.layers.node import InboundNode
    from konnx.models import Model
    from konnx.models.network import Network

Array = np.ndarray[Any, Any]


@dataclass
class Evaluation:
    """What a model computes, and each of its layers.

    Attributes:
        outputs: those of the model, in order.
        layers: outputs by the layer's path, "model/layer" for a layer of a model within; of
            several calls the last one counts; None where they were not asked for.
        not_independent: layers whose own graph was run.
    """

    outputs: list[Array] = field(default_factory=list)
    layers: dict[str, list[Array]] | None = None
    not_independent: list[str] = field(default_factory=list)


def evaluate(model: Model, inputs: Sequence[Array], *, layers: bool = True) -> Evaluation:
    """Compute a model's outputs for some inputs as its layers say.

    Args:
        model: a built model; its layers are asked for their configs and weights only.
        inputs: an array for each input, in order; they take the inputs' dtypes.
        layers: whether to keep what each layer gives, which takes memory.

    Example:
        >>> from konnx.layers import Dense
        >>> from konnx.models import Sequential
        >>> model = Sequential([Dense(1, kernel_initializer="ones", input_shape=(2,))])
        >>> evaluate(model, [np.array([[1.0, 2.0]], np.float32)]).outputs
        [array([[3.]], dtype=float32)]
    """
    found = Evaluation(layers={} if layers else None)
    given = [
        Value(np.asarray(array, np.dtype(str(tensor.dtype))))
        for tensor, array in zip(model.inputs, inputs, strict=True)
    ]
    values = _network(model, given, "", found)
    found.outputs = [value.array for value in values]
    return found


def _network(network: Network, inputs: list[Value], scope: str, found: Evaluation) -> list[Value]:
    known = dict(zip(network.inputs, inputs, strict=True))
    waiting = Counter(tensor for node in network.nodes for tensor in node.inputs)
    waiting.update(network.outputs)
    for node in network.nodes:
        given = [known[tensor] for tensor in node.inputs]
        if not all(tensor in known for tensor in node.outputs):
            path = f"{scope}{node.layer.name}"
            outputs = _call(node, given, path, found)
            known.update(zip(node.outputs, outputs, strict=True))
            if found.layers is not None:
                found.layers.pop(path, None)
                found.layers[path] = [value.array for value in outputs]
        waiting.subtract(node.inputs)
        for tensor in node.inputs:
            if not waiting[tensor]:
                known.pop(tensor, None)
    return [known[tensor] for tensor in network.outputs]


def _call(node: InboundNode, given: list[Value], path: str, found: Evaluation) -> list[Value]:
    from konnx.models.network import Network

    layer = node.layer
    if isinstance(layer, Network):
        return _network(layer, given, f"{path}/", found)
    try:
        outputs = _layer(layer, given, node.arguments, path, found)
    except UnsupportedError:
        found.not_independent.append(path)
        return by_its_graph(node, given)
    masks = masks_of(layer, given, len(outputs))
    return [Value(_as_declared(a), mask) for a, mask in zip(outputs, masks, strict=True)]


def _as_declared(array: Array) -> Array:
    """NumPy computes some things in float64; layers do not."""
    return array.astype(np.float32) if array.dtype == np.float64 else array


def _layer(
    layer: Layer, given: list[Value], arguments: Mapping[str, Any], path: str, found: Evaluation
) -> list[Array]:
    """Compute the outputs of a layer that is no network."""
    kind = type(layer).__name__
    if not type(layer).__module__.startswith("konnx."):
        raise UnsupportedError(f"layer class {kind}")
    arrays = [value.array for value in given]
    if isinstance(layer, Operation):
        return operation(layer.symbol, layer.bound(arrays, **arguments))
    masks = [value.mask for value in given]
    if kind in attention.KINDS:
        return attention.attention(layer, arrays, masks, arguments)
    if kind == "ReversibleEmbedding":
        config, weights = layer.get_config(), layer.get_weights()
        return [plain_layers.reversible_embedding(config, weights, arrays[0], **arguments)]
    if arguments:
        raise UnsupportedError("arguments of the call")
    if kind in recurrent_layers.KINDS:
        return recurrent_layers.recurrent(layer, arrays, masks[0])
    if kind == "TimeDistributed":
        return [_time_distributed(layer, arrays[0], path, found)]
    if kind == "GlobalAveragePooling1D":
        return [_mean_of_steps(layer.get_config(), arrays[0], masks[0])]
    return [_by_tables(layer, arrays)]


def _by_tables(layer: Layer, arrays: list[Array]) -> Array:
    """Compute the output of a layer for which neither masks nor layers within count."""
    kind, config = type(layer).__name__, layer.get_config()
    if kind in plain_layers.MERGES:
        return plain_layers.MERGES[kind](config, arrays)
    reference = plain_layers.REFERENCES.get(kind) or image_layers.REFERENCES.get(kind)
    if reference is None or len(arrays) != 1:
        raise UnsupportedError(f"layer class {kind}")
    return reference(config, layer.get_weights(), arrays[0])


def _time_distributed(layer: Any, x: Array, path: str, found: Evaluation) -> Array:
    from konnx.models.network import Network

    steps = x.reshape(-1, *x.shape[2:])
    if isinstance(layer.layer, Network):
        result = _network(layer.layer, [Value(steps)], f"{path}/{layer.layer.name}/", found)
        array = result[0].array
    else:
        (array,) = _layer(layer.layer, [Value(steps)], {}, path, found)
    return array.reshape(*x.shape[:2], *array.shape[1:])


def _mean_of_steps(config: dict[str, Any], x: Array, mask: Array | None) -> Array:
    axis = 2 if config.get("data_format") == "channels_first" else 1
    keep = bool(config.get("keepdims"))
    if mask is None:
        return np.asarray(x.mean(axis, keepdims=keep))
    counts = np.expand_dims(mask.astype(x.dtype), 3 - axis)
    return np.asarray((x * counts).sum(axis, keepdims=keep) / counts.sum(axis, keepdims=keep))
