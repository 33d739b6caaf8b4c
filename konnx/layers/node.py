"""The record that each call of a layer leaves: which tensors came in and which went out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from konnx.graph import Tensor

if TYPE_CHECKING:
    from konnx.layers.base import Layer


class History(NamedTuple):
    """Where a tensor comes from: the layer, the number of its call, the number of the output."""

    layer: Layer
    node_index: int
    tensor_index: int


class InboundNode:
    """One call of a layer, numbered and kept by the layer.

    Args:
        layer: the layer that was called.
        inputs: the tensors it was called on; each has a history unless the layer starts a graph.
        outputs: the tensors it returned.
        arguments: further arguments of the call, tensors among them.

    Attributes:
        called_on: the tensors it was called on; of one that starts a graph, its own.
        inputs: these, and behind them the arguments that layers made.
    """

    def __init__(
        self,
        layer: Layer,
        inputs: Sequence[Tensor],
        outputs: Sequence[Tensor],
        arguments: Mapping[str, Any] | None = None,
    ) -> None:
        self.layer = layer
        self.called_on = list(inputs or outputs)
        self.outputs = list(outputs)
        self.arguments = dict(arguments or {})
        further = [one for one in tensors_in(self.arguments) if one._keras_history is not None]
        self.inputs = [*inputs, *further]
        self.index = len(layer.inbound_nodes)
        layer.inbound_nodes.append(self)

    def on(self, values: Mapping[Tensor, Tensor]) -> tuple[list[Tensor], dict[str, Any]]:
        """Return what the layer is called on, and with, where other tensors stand for these."""
        arguments = with_tensors(self.arguments, lambda tensor: values.get(tensor, tensor))
        return [values[tensor] for tensor in self.called_on], arguments


def tensors_in(value: Any) -> Iterator[Tensor]:
    """Yield the tensors in a value, which may be lists and dicts of them."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, Mapping):
        yield from tensors_in(list(value.values()))
    elif isinstance(value, list | tuple):
        for one in value:
            yield from tensors_in(one)


def with_tensors(value: Any, replace: Callable[[Tensor], Any]) -> Any:
    """Return a value with something else for each tensor in it."""
    if isinstance(value, Tensor):
        return replace(value)
    if isinstance(value, dict):
        return {key: with_tensors(one, replace) for key, one in value.items()}
    if type(value) in (list, tuple):
        return type(value)(with_tensors(one, replace) for one in value)
    return value


def record_call(
    layer: Layer,
    inputs: Sequence[Tensor],
    outputs: Sequence[Tensor],
    arguments: Mapping[str, Any] | None = None,
) -> None:
    """Keep a call of a layer, and tell the tensors where they come from and where they went."""
    node = InboundNode(layer, inputs, outputs, arguments)
    for tensor in node.inputs:
        history_of(tensor).layer.outbound_nodes.append(node)
    for tensor_index, tensor in enumerate(outputs):
        tensor._keras_history = History(layer, node.index, tensor_index)


def history_of(tensor: Tensor) -> History:
    """Return where a tensor comes from.

    Raises:
        ValueError: no layer made it.
    """
    history = tensor._keras_history
    if history is None:
        raise ValueError(
            f"{tensor!r} was not made by a layer, so a model cannot be traced through it. "
            "Wrap the operations that made it in a layer of your own."
        )
    assert isinstance(history, History)
    return history


def node_of(tensor: Tensor) -> InboundNode:
    """Return the call that made a tensor."""
    history = history_of(tensor)
    node: InboundNode = history.layer.inbound_nodes[history.node_index]
    return node
