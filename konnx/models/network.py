"""A graph of layers that is itself a layer: what Model and Sequential have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, TypeVar, runtime_checkable

import numpy as np

from konnx import ops
from konnx.graph import Tensor, Variable, assign_all, has_phase, name_scope
from konnx.layers.base import Layer, Update
from konnx.layers.dependence import within_inputs
from konnx.layers.input import InputLayer
from konnx.layers.node import InboundNode, history_of
from konnx.layers.spec import InputSpec, as_list, unpack
from konnx.legacy.calls import accept_keras_1
from konnx.legacy.table import MODEL
from konnx.models.topology import trace
from konnx.utils.naming import did_you_mean, free_name

_T = TypeVar("_T")


@runtime_checkable
class _HasStates(Protocol):
    def reset_states(self) -> None: ...


class Network(Layer):
    """A graph of layers from inputs to outputs.

    Args:
        inputs: a tensor of `Input`, or a list of them.
        outputs: a tensor that depends on them, or a list.
        name: default: "model_1", …
    """

    @accept_keras_1(MODEL)
    def __init__(self, inputs: Any, outputs: Any, name: str | None = None) -> None:
        super().__init__(name=name)
        self._set_graph(as_list(inputs), as_list(outputs))

    def _set_graph(self, inputs: list[Tensor], outputs: list[Tensor]) -> None:
        _check_inputs(inputs, self.name)
        topology = trace(inputs, outputs, self.name)
        self.inputs, self._outputs = inputs, outputs
        self._layers, self._nodes = topology.layers, topology.nodes
        self.input_names = [history_of(tensor).layer.name for tensor in inputs]
        self.output_names = _output_names(inputs, outputs)
        self.input_spec = [InputSpec(shape=tensor.shape) for tensor in inputs]
        self.built = True
        self.stateful = any(layer.stateful for layer in self._layers)
        # As in Keras, a network's own creation is its node 0: files count on it.
        self.inbound_nodes.clear()
        InboundNode(self, inputs, outputs)
        self.trainable = self._trainable  # freezes layers that came later, too

    @property
    def outputs(self) -> list[Tensor]:
        """The tensors that are computed; others of the same layers may be set in their place."""
        return self._outputs

    @outputs.setter
    def outputs(self, outputs: Sequence[Tensor]) -> None:
        self._set_graph(self.inputs, list(outputs))

    @property
    def layers(self) -> list[Layer]:
        """The layers, inputs first.

        As in Keras it is the model's own list: `model.layers.pop()` takes the last one from it, and
        the outputs stay as they are until they are set.
        """
        return self._layers

    @property
    def nodes(self) -> list[InboundNode]:
        """The calls of layers that make up the network, inputs first."""
        return list(self._nodes)

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """Return a layer by its name or by its place in `layers`.

        Raises:
            ValueError: there is no such layer.
        """
        if index is not None:
            if not -len(self.layers) <= index < len(self.layers):
                raise ValueError(
                    f"Model '{self.name}' has {len(self.layers)} layers. Received: index={index}"
                )
            return self.layers[index]
        for layer in self.layers:
            if layer.name == name:
                return layer
        known = [layer.name for layer in self.layers]
        raise ValueError(
            f"Model '{self.name}' has no layer '{name}'. Its layers: {', '.join(known)}."
            f"{did_you_mean(str(name), known)}"
        )

    # As a layer

    def compute(
        self, inputs: Any, arguments: dict[str, Any]
    ) -> tuple[list[Tensor], list[Tensor | None]]:
        """Apply every layer anew to other inputs; return outputs and masks."""
        given = as_list(inputs)
        if all(new is old for new, old in zip(given, self.inputs, strict=True)):
            # New tensors, as the old ones must go on telling which layers within made them.
            same = [ops.identity(tensor) for tensor in self.outputs]
            return same, [tensor._keras_mask for tensor in self.outputs]
        values = dict(zip(self.inputs, given, strict=True))
        for node in self._nodes:
            if not all(tensor in values for tensor in node.outputs):
                values.update(_repeat_call(node, values))
        outputs = [self._refined(values[tensor], given, i) for i, tensor in enumerate(self.outputs)]
        return outputs, [values[tensor]._keras_mask for tensor in self.outputs]

    def call(self, inputs: Any, **kwargs: Any) -> Any:
        """Apply the network to other inputs."""
        return unpack(self.compute(inputs, kwargs)[0])

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the shape of the outputs as the layers compute it."""
        shapes = input_shape if isinstance(input_shape, list) else [input_shape]
        known = dict(zip(self.inputs, shapes, strict=True))
        for node in self._nodes:
            if all(tensor in known for tensor in node.outputs):
                continue
            incoming = [known[tensor] for tensor in node.called_on]
            outgoing = node.layer.compute_output_shape(unpack(incoming))
            outgoing = outgoing if isinstance(outgoing, list) else [outgoing]
            known.update(zip(node.outputs, outgoing, strict=True))
        return unpack([known[tensor] for tensor in self.outputs])

    # Weights, losses, updates

    @property
    def parts(self) -> list[Layer]:
        """None: a network consists of its layers, and holds no others."""
        return []

    def flattened_layers(self) -> list[Layer]:
        """Return the layers of this network and of those within it, without the networks."""
        flat: list[Layer] = []
        for layer in getattr(self, "_layers", []):
            flat += layer.flattened_layers()
        return flat

    @property  # type: ignore[misc]  # which cannot be set, as in Keras
    def trainable_weights(self) -> list[Variable]:
        """The variables that an optimizer may change now, layer by layer.

        A layer that any model holds which is frozen has none, also where it is part of another one.
        """
        frozen = self._frozen_weights()
        return [variable for variable in _trained_if_free(self) if variable not in frozen]

    @property  # type: ignore[misc]  # which cannot be set, as in Keras
    def non_trainable_weights(self) -> list[Variable]:
        """The other variables; of a frozen network all, those of trainable layers first."""
        trainable = set(self.trainable_weights)
        return [variable for variable in self.weights if variable not in trainable]

    @property
    def weights(self) -> list[Variable]:
        """All variables in the order of Keras' files, which other models that are frozen leave."""
        return _unique(_trained_if_free(self) + _others(self))

    def _frozen_weights(self) -> set[Variable]:
        layers = self.flattened_layers()
        frozen = {one for layer in layers if layer.is_frozen for one in layer.own_weights}
        return frozen.difference(*(layer.own_weights for layer in layers if not layer.is_frozen))

    def get_weights(self) -> list[np.ndarray]:
        """Return copies of the weights, layer by layer."""
        return [variable.numpy() for variable in self._weights_by_layer()]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Replace all weights, given layer by layer.

        Raises:
            ValueError: another number of arrays, or an array of another shape; nothing is changed.
        """
        assign_all(self.name, self._weights_by_layer(), weights)

    def _weights_by_layer(self) -> list[Variable]:
        return _unique([variable for layer in self._layers for variable in layer.weights])

    def collect_losses(self) -> list[Tensor]:
        """Return the losses of every call of every layer within."""
        inner = [loss for layer in self._layers for loss in layer.collect_losses()]
        return _unique(super().collect_losses() + inner)

    def collect_updates(self) -> list[Update]:
        """Return the updates of every call of every layer within that is not frozen."""
        inner = [update for layer in self._layers for update in layer.collect_updates()]
        return _unique(super().collect_updates() + inner)

    def collect_state_updates(self) -> list[Update]:
        """Return the updates of every call within that carry a state from batch to batch."""
        inner = [update for layer in self._layers for update in layer.collect_state_updates()]
        return _unique(inner)

    @property
    def losses(self) -> list[Tensor]:
        """The losses that the layers add where they are part of this network."""
        losses = self.collect_losses()
        kept = within_inputs(losses, self.inputs)
        return [loss for loss, keep in zip(losses, kept, strict=True) if keep]

    @property
    def updates(self) -> list[Update]:
        """The updates of the layers where they are part of this network."""
        return _within(self.collect_updates(), self.inputs)

    @property
    def state_updates(self) -> list[Update]:
        """Those of the updates that carry a state from batch to batch, in inference too."""
        return self.state_updates_of(self.inputs)

    def state_updates_of(self, inputs: Sequence[Tensor]) -> list[Update]:
        """Return those that belong to the call of the network on some inputs."""
        return _within(self.collect_state_updates(), inputs)

    @property
    def uses_learning_phase(self) -> bool:
        """Whether the outputs differ between training and inference."""
        return has_phase(self.outputs)

    def reset_states(self) -> None:
        """Set the states of all stateful layers to zero."""
        for layer in self._layers:
            if layer.stateful and isinstance(layer, _HasStates):
                layer.reset_states()


def _trained_if_free(layer: Layer) -> list[Variable]:
    """Return the weights that are trained unless another model which holds them is frozen."""
    if not isinstance(layer, Network):
        return layer.trainable_weights
    inner = [one for part in layer._layers for one in _trained_if_free(part)]
    return _unique(inner) if layer.trainable else []


def _others(layer: Layer) -> list[Variable]:
    """The weights beside those; of a frozen network all, those of trainable layers first."""
    if not isinstance(layer, Network):
        return layer.non_trainable_weights
    rest = [one for part in layer._layers for one in _others(part)]
    if not layer.trainable:
        rest = [one for part in layer._layers for one in _trained_if_free(part)] + rest
    return rest


def _within(updates: Sequence[Update], inputs: Sequence[Tensor]) -> list[Update]:
    """Those whose new values need no other inputs than these."""
    kept = within_inputs([value for _, value in updates], inputs)
    return [update for update, keep in zip(updates, kept, strict=True) if keep]


def _repeat_call(node: InboundNode, values: dict[Tensor, Tensor]) -> dict[Tensor, Tensor]:
    """Call a layer as it was called, on other tensors; return the outputs by the old ones."""
    layer = node.layer
    inputs, arguments = node.on(values)
    with name_scope(layer.name):
        outputs, masks = layer.compute(unpack(inputs), arguments)
    for output, mask in zip(outputs, masks, strict=True):
        output._keras_mask = mask
    return dict(zip(node.outputs, outputs, strict=True))


def _unique(items: Sequence[_T]) -> list[_T]:
    return list(dict.fromkeys(items))


def _check_inputs(inputs: Sequence[Tensor], name: str) -> None:
    for tensor in inputs:
        if not isinstance(history_of(tensor).layer, InputLayer):
            raise ValueError(
                f"Model '{name}': inputs must come from Input(...). Received: {tensor!r}, made "
                f"by layer '{history_of(tensor).layer.name}'. To cut a model there, make an "
                "Input of that shape and call the rest of the layers on it."
            )
    if len(set(inputs)) != len(inputs):
        raise ValueError(f"Model '{name}': an input occurs twice. Received: inputs={inputs}")


def _output_names(inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> list[str]:
    """The names of the layers, with _1, _2, … where an output or input has the name already."""
    names: list[str] = []
    given = {tensor: history_of(tensor).layer.name for tensor in inputs}
    for tensor in outputs:
        taken = names if tensor in given else [*names, *given.values()]
        names.append(free_name(history_of(tensor).layer.name, taken.__contains__))
    return names
