"""Evaluating a model layer by layer in plain NumPy: what its layers say, not what is exported.

Nothing here uses the graphs that the layers make, but where a layer has no plain evaluation, such
as code of the user's own: `Evaluation.not_independent` lists the layers whose own graph is run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from konnx.converters.verification import image_layers, plain_layers, recurrent_layers
from konnx.converters.verification.activations import UnsupportedError

if TYPE_CHECKING:
    from konnx.layers import Layer
    from konnx.layers.node import InboundNode
    from konnx.models import Model
    from konnx.models.network import Network

Array = np.ndarray[Any, Any]

_MASKABLE_MERGES = frozenset({
    "Add", "Average", "Maximum", "Minimum", "Multiply", "Subtract"
})  # fmt: skip


@dataclass(frozen=True)
class Value:
    """What a layer computes.

    Attributes:
        array: its output.
        mask: (batch, time), False for missing steps; None where none is missing.
    """

    array: Array
    mask: Array | None = None


@dataclass
class Evaluation:
    """What a model computes, and each of its layers.

    Attributes:
        outputs: those of the model, in order.
        layers: outputs by the layer's path, "model/layer" for a layer of a model within; of
            several calls the last one counts.
        not_independent: layers whose own graph was run.
    """

    outputs: list[Array] = field(default_factory=list)
    layers: dict[str, list[Array]] = field(default_factory=dict)
    not_independent: list[str] = field(default_factory=list)


def evaluate(model: Model, inputs: Sequence[Array]) -> Evaluation:
    """Compute a model's outputs for some inputs as its layers say.

    Args:
        model: a built model; its layers are asked for their configs and weights only.
        inputs: an array for each input, in order; they take the inputs' dtypes.

    Example:
        >>> from konnx.layers import Dense
        >>> from konnx.models import Sequential
        >>> model = Sequential([Dense(1, kernel_initializer="ones", input_shape=(2,))])
        >>> evaluate(model, [np.array([[1.0, 2.0]], np.float32)]).outputs
        [array([[3.]], dtype=float32)]
    """
    found = Evaluation()
    given = [
        Value(np.asarray(array, np.dtype(str(tensor.dtype))))
        for tensor, array in zip(model.inputs, inputs, strict=True)
    ]
    values = _network(model, given, "", found)
    found.outputs = [value.array for value in values]
    return found


def _network(network: Network, inputs: list[Value], scope: str, found: Evaluation) -> list[Value]:
    known = dict(zip(network.inputs, inputs, strict=True))
    for node in network.nodes:
        if all(tensor in known for tensor in node.outputs):
            continue
        given = [known[tensor] for tensor in node.inputs]
        path = f"{scope}{node.layer.name}"
        outputs = _call(node, given, path, found)
        known.update(zip(node.outputs, outputs, strict=True))
        found.layers.pop(path, None)
        found.layers[path] = [value.array for value in outputs]
    return [known[tensor] for tensor in network.outputs]


def _call(node: InboundNode, given: list[Value], path: str, found: Evaluation) -> list[Value]:
    from konnx.models.network import Network

    layer = node.layer
    if isinstance(layer, Network):
        return _network(layer, given, f"{path}/", found)
    try:
        if node.arguments:
            raise UnsupportedError("arguments of the call")
        arrays = [value.array for value in given]
        outputs = _layer(layer, arrays, given[0].mask if given else None, path, found)
    except UnsupportedError:
        found.not_independent.append(path)
        return _by_its_graph(node, given)
    masks = _masks(layer, given, len(outputs))
    return [Value(_as_declared(a), mask) for a, mask in zip(outputs, masks, strict=True)]


def _as_declared(array: Array) -> Array:
    """NumPy computes some things in float64; layers do not."""
    return array.astype(np.float32) if array.dtype == np.float64 else array


def _layer(
    layer: Layer, arrays: list[Array], mask: Array | None, path: str, found: Evaluation
) -> list[Array]:
    """Compute the outputs of a layer that is no network."""
    kind, config, weights = type(layer).__name__, layer.get_config(), layer.get_weights()
    if not type(layer).__module__.startswith("konnx."):
        raise UnsupportedError(f"layer class {kind}")
    if kind in recurrent_layers.KINDS:
        return recurrent_layers.recurrent(kind, config, weights, arrays, mask)
    if kind == "Bidirectional":
        return _bidirectional(layer, config, arrays, mask)
    if kind == "TimeDistributed":
        return [_time_distributed(layer, arrays[0], path, found)]
    if kind == "GlobalAveragePooling1D":
        return [_mean_of_steps(config, arrays[0], mask)]
    if kind in plain_layers.MERGES:
        return [plain_layers.MERGES[kind](config, arrays)]
    reference = plain_layers.REFERENCES.get(kind) or image_layers.REFERENCES.get(kind)
    if reference is None or len(arrays) != 1:
        raise UnsupportedError(f"layer class {kind}")
    return [reference(config, weights, arrays[0])]


def _bidirectional(
    layer: Any, config: dict[str, Any], arrays: list[Array], mask: Array | None
) -> list[Array]:
    sequence, *states = arrays
    half = len(states) // 2
    results = []
    for part, own in (
        (layer.forward_layer, states[:half]),
        (layer.backward_layer, states[half:]),
    ):
        kind = type(part).__name__
        if kind not in recurrent_layers.KINDS:
            raise UnsupportedError(f"layer class {kind}")
        inputs = [sequence, *own]
        results.append(
            recurrent_layers.recurrent(kind, part.get_config(), part.get_weights(), inputs, mask)
        )
    (there, *first), (back, *second) = results
    if layer.forward_layer.get_config()["return_sequences"]:
        back = back[:, ::-1]
    return [*recurrent_layers.joined(config["merge_mode"], there, back), *first, *second]


def _time_distributed(layer: Any, x: Array, path: str, found: Evaluation) -> Array:
    from konnx.models.network import Network

    steps = x.reshape(-1, *x.shape[2:])
    if isinstance(layer.layer, Network):
        result = _network(layer.layer, [Value(steps)], f"{path}/{layer.layer.name}/", found)
        array = result[0].array
    else:
        (array,) = _layer(layer.layer, [steps], None, path, found)
    return array.reshape(*x.shape[:2], *array.shape[1:])


def _mean_of_steps(config: dict[str, Any], x: Array, mask: Array | None) -> Array:
    axis = 2 if config.get("data_format") == "channels_first" else 1
    keep = bool(config.get("keepdims"))
    if mask is None:
        return np.asarray(x.mean(axis, keepdims=keep))
    counts = np.expand_dims(mask.astype(x.dtype), 3 - axis)
    return np.asarray((x * counts).sum(axis, keepdims=keep) / counts.sum(axis, keepdims=keep))


# Masks ----------------------------------------------------------------------------------------


def _masks(layer: Any, given: list[Value], count: int) -> list[Array | None]:
    """Return the masks of a layer's outputs: of the first, that which it makes or hands on."""
    kind, config = type(layer).__name__, layer.get_config()
    first = given[0] if given else None
    mask: Array | None = None
    if first is None:
        mask = None
    elif kind == "Masking":
        mask = (first.array != config["mask_value"]).any(-1)
    elif kind == "Embedding":
        mask = first.array != 0 if config["mask_zero"] else None
    elif kind == "Concatenate":
        mask = _joined_mask(config, given)
    elif kind in _MASKABLE_MERGES:
        masks = [value.mask for value in given if value.mask is not None]
        mask = np.logical_and.reduce(masks) if masks else None
    elif kind in recurrent_layers.KINDS or kind == "Bidirectional":
        part = getattr(layer, "forward_layer", layer)
        sequences = bool(part.get_config()["return_sequences"])
        both = kind == "Bidirectional" and config["merge_mode"] is None
        mask = first.mask if sequences else None
        return [mask, *([mask] if both else []), *[None] * (count - 1 - both)]
    elif layer.supports_masking and kind != "GlobalAveragePooling1D":
        mask = first.mask
    return [mask, *[None] * (count - 1)]


def _joined_mask(config: dict[str, Any], given: list[Value]) -> Array | None:
    """Steps are joined where the axis of time is; features where all have a step."""
    if all(value.mask is None for value in given):
        return None
    rank = given[0].array.ndim
    parts = []
    for value in given:
        mask = np.ones(value.array.shape[:2], bool) if value.mask is None else value.mask
        parts.append(
            np.broadcast_to(mask.reshape(*mask.shape, *[1] * (rank - 2)), value.array.shape)
        )
    whole = np.concatenate(parts, config["axis"])
    return np.asarray(whole.all(-1))


# Without a plain evaluation -------------------------------------------------------------------


def _by_its_graph(node: InboundNode, given: list[Value]) -> list[Value]:
    """Run the graph that a layer's call made, from its inputs and their masks on."""
    from konnx.function import Function
    from konnx.graph import stand_in, substitute

    replaced = {tensor: stand_in(tensor) for tensor in node.inputs}
    pairs = zip(node.inputs, given, strict=True)  # one tensor may be given twice
    feeds = {replaced[tensor]: value.array for tensor, value in pairs}
    for tensor, value in zip(node.inputs, given, strict=True):
        mask = tensor._keras_mask
        if mask is not None and value.mask is not None and mask not in replaced:
            replaced[mask] = stand_in(mask)
            feeds[replaced[mask]] = value.mask.astype(np.dtype(mask.dtype))
    masks = [tensor._keras_mask for tensor in node.outputs]
    wanted = [*node.outputs, *[mask for mask in masks if mask is not None]]
    outputs = Function(list(feeds), substitute(wanted, replaced))(list(feeds.values()))
    arrays, left = outputs[: len(node.outputs)], iter(outputs[len(node.outputs) :])
    return [
        Value(array, None if mask is None else next(left))
        for array, mask in zip(arrays, masks, strict=True)
    ]
