"""Models that are a stack of layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

from konnx.graph import Tensor
from konnx.layers.base import Layer
from konnx.layers.input import Input, InputLayer
from konnx.layers.spec import as_list, unpack
from konnx.models.config import sequential_config, sequential_from_config
from konnx.models.model import Model


class Sequential(Model):
    """A stack of layers, each with one input and one output.

    The first layer tells the shape of the input (`input_shape`); otherwise the model is built from
    the first data that it sees.

    Args:
        layers: to start from.
        name: default: "sequential_1", …

    Example:
        >>> from konnx.layers import Dense
        >>> model = Sequential([Dense(10, activation="softmax", input_shape=(64,))])
        >>> model.output_shape
        (None, 10)
    """

    def __init__(self, layers: Sequence[Layer] = (), name: str | None = None) -> None:
        Layer.__init__(self, name=name)
        self._stack: list[Layer] = []
        self._layers = []
        self._nodes = []
        for layer in layers or ():
            self.add(layer)

    def add(self, layer: Layer) -> None:
        """Put a layer on top.

        Raises:
            TypeError: it is no layer.
            ValueError: it has several outputs, or its name is taken.
        """
        if not isinstance(layer, Layer):
            raise TypeError(f"Model '{self.name}': only layers can be added. Received: {layer!r}")
        if any(layer is one for one in self._stack):
            raise ValueError(
                f"Model '{self.name}': layer '{layer.name}' is in the stack already. To use a "
                "layer twice, build a Model from Input."
            )
        output = self._next_output(layer)
        self._stack.append(layer)
        self._layers = list(self._stack)
        if output is not None and self._first_input is not None:
            self._set_graph([self._first_input], [output])

    _first_input: Tensor | None = None

    def _next_output(self, layer: Layer) -> Tensor | None:
        """Call the layer on the stack's output; None while the input's shape is unknown."""
        if isinstance(layer, InputLayer) and not self._stack:
            self._first_input = layer.inbound_nodes[0].outputs[0]
            return self._first_input
        if self._first_input is None:
            if self._stack or not _input_shape(layer):
                return None
            self._first_input = Input(
                batch_shape=_input_shape(layer), dtype=layer.dtype, name=f"{layer.name}_input"
            )
        below = self.outputs[0] if self._stack else self._first_input
        return self._single(layer, layer(below))

    def _single(self, layer: Layer, output: Any) -> Tensor:
        if not isinstance(output, Tensor):
            raise ValueError(
                f"Model '{self.name}': layer '{layer.name}' has {len(output)} outputs; layers of "
                "a Sequential have one. Build a Model from Input instead."
            )
        return output

    def pop(self) -> None:
        """Take the top layer off.

        Raises:
            IndexError: there is none.
        """
        if not self._stack:
            raise IndexError(f"Model '{self.name}' has no layers")
        removed = self._stack.pop()
        self._layers = list(self._stack)
        if self._first_input is None:
            return
        if removed.inbound_nodes:
            removed.inbound_nodes.pop()
        if not self._stack:
            self._first_input, self.built = None, False
            return
        self._set_graph([self._first_input], as_list(self._stack[-1].get_output_at(-1)))

    def build(self, input_shape: Any = None) -> None:
        """Make the weights for inputs of a shape, the batch (None) included."""
        if self.built or input_shape is None:
            return
        stack, self._stack = self._stack, []
        shape = tuple(input_shape)
        self._first_input = Input(batch_shape=shape, name=f"{stack[0].name}_input")
        for layer in stack:
            self.add(layer)

    def _set_graph(self, inputs: list[Tensor], outputs: list[Tensor]) -> None:
        super()._set_graph(inputs, outputs)
        self._compiled = None
        self._forget_functions()

    @property
    def layers(self) -> list[Layer]:
        """The layers, without the input's."""
        return [layer for layer in self._stack if not isinstance(layer, InputLayer)]

    def get_config(self) -> Any:
        """Return the config: a list of layers, as Keras 2.1 writes it."""
        return sequential_config(self._stack)

    @classmethod
    def from_config(cls, config: Any, custom_objects: Mapping[str, Any] | None = None) -> Self:
        """Build a model from what `get_config` returned, or from a dict of later Keras."""
        model = sequential_from_config(cls, config, custom_objects)
        assert isinstance(model, cls)
        return model


def _input_shape(layer: Layer) -> tuple[int | None, ...] | None:
    """The shape that the first layer tells, its own or that of its first layer."""
    if layer.batch_input_shape is not None:
        return layer.batch_input_shape
    if isinstance(layer, Model) and layer.built:
        shape: tuple[int | None, ...] = unpack([tensor.shape for tensor in layer.inputs])
        return shape
    return None
