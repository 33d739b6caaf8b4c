"""Models that are a stack of layers."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any, Self

from konnx.graph import Tensor
from konnx.layers.base import Layer
from konnx.layers.input import Input, InputLayer
from konnx.layers.spec import unpack
from konnx.models.config import sequential_config, sequential_from_config
from konnx.models.merging import stack_of_keras_1
from konnx.models.model import Model
from konnx.training.data import data_shape


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

    def __init__(self, layers: Sequence[Layer] | None = None, name: str | None = None) -> None:
        Layer.__init__(self, name=name)
        self._stack: list[Layer] = []
        self._first_inputs: list[Tensor] = []
        self._layers = self._stack
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
        first = self._first_inputs
        if not first and not self._stack:
            first = _inputs_for(layer)
        if first:
            self._set_graph(first, [self._next_output(layer, first)])
        self._first_inputs = first
        self._stack.append(layer)

    def _next_output(self, layer: Layer, first: list[Tensor]) -> Tensor:
        """Call the layer on the stack's output."""
        if isinstance(layer, InputLayer) and not self._stack:
            return first[0]
        below = self._outputs_of(self._stack[-1])[0] if self._stack else unpack(first)
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
        self._release(removed)
        if not self._first_inputs or not self._stack:
            self._wait_for_input(self._stack)
        else:
            self._set_graph(self._first_inputs, self._outputs_of(self._stack[-1]))

    def _release(self, layer: Layer) -> None:
        """Forget a layer that is taken off: its call, and that this model may freeze it."""
        if layer.inbound_nodes and layer.inbound_nodes[-1] in self._nodes:
            layer.inbound_nodes.pop()
        for one in layer.flattened_layers():
            one.frozen_by.discard(self)

    def _outputs_of(self, layer: Layer) -> list[Tensor]:
        return next(node.outputs for node in self._nodes if node.layer is layer)

    def _wait_for_input(self, stack: list[Layer]) -> None:
        """Become a model whose input's shape is not known."""
        self._stack, self._layers, self._nodes = stack, stack, []
        self._first_inputs, self.built = [], False
        self._compiled = None
        self._forget_functions()

    def build(self, input_shape: Any = None) -> None:
        """Make the weights for inputs of a shape, the batch (None) included."""
        if self.built or input_shape is None:
            return
        if not self._stack:
            raise ValueError(f"Model '{self.name}' has no layers, so it cannot be built.")
        stack, self._stack = self._stack, []
        try:
            first = stack[0]
            self._first_inputs = [Input(None, tuple(input_shape), _input_name(first), first.dtype)]
            for layer in stack:
                self.add(layer)
        except BaseException:
            self._wait_for_input(stack)
            raise
        self._compile_if_pending()

    def _build_for_data(self, x: Any) -> None:
        if not self.built and self._stack:
            self.build(data_shape(x, _input_name(self._stack[0])))

    def compile(  # type: ignore[override]  # Keras has another order here
        self,
        optimizer: Any,
        loss: Any = None,
        metrics: Any = None,
        sample_weight_mode: Any = None,
        weighted_metrics: Any = None,
        target_tensors: Any = None,
        loss_weights: Any = None,
        gradient_engine: str = "auto",
    ) -> None:
        """Set how to train; see `Model.compile`, whose arguments are in another order."""
        super().compile(
            optimizer,
            loss,
            metrics,
            loss_weights,
            sample_weight_mode,
            weighted_metrics,
            target_tensors,
            gradient_engine,
        )

    def train_on_batch(  # type: ignore[override]  # Keras has another order here
        self, x: Any, y: Any, class_weight: Any = None, sample_weight: Any = None
    ) -> Any:
        """Do one training step on the samples; returns the loss, or a list with the metrics.

        As in Keras 2.1, the weights of classes come before those of samples here, and behind them
        in `Model`.
        """
        return super().train_on_batch(x, y, sample_weight=sample_weight, class_weight=class_weight)

    def predict_proba(
        self, x: Any, batch_size: int | None = None, verbose: int = 0, steps: int | None = None
    ) -> Any:
        """Compute the probabilities of classes: what `predict` does, with a look at the range."""
        predicted = self.predict(x, batch_size, verbose, steps)
        if predicted.min() < 0.0 or predicted.max() > 1.0:
            warnings.warn(
                f"Model '{self.name}' returns values below 0 or above 1, which are no "
                "probabilities. Its last layer may lack a softmax or sigmoid activation.",
                UserWarning,
                stacklevel=2,
            )
        return predicted

    def predict_classes(
        self, x: Any, batch_size: int | None = None, verbose: int = 0, steps: int | None = None
    ) -> Any:
        """Compute the number of the class of each sample: the largest, or whether above 0.5."""
        predicted = self.predict(x, batch_size, verbose, steps)
        if predicted.shape[-1] > 1:
            return predicted.argmax(axis=-1)
        return (predicted > 0.5).astype("int32")

    def _set_graph(self, inputs: list[Tensor], outputs: list[Tensor]) -> None:
        super()._set_graph(inputs, outputs)
        self._layers = self._stack  # without the input's

    @property
    def layers(self) -> list[Layer]:
        """The layers, without the input's; see `Model.layers`."""
        if not any(isinstance(layer, InputLayer) for layer in self._stack):
            return self._stack
        return [layer for layer in self._stack if not isinstance(layer, InputLayer)]

    def get_config(self) -> Any:
        """Return the config: a list of layers, as Keras 2.1 writes it."""
        return sequential_config(self, self._stack)

    @classmethod
    def from_config(cls, config: Any, custom_objects: Mapping[str, Any] | None = None) -> Self:
        """Build a model from what `get_config` returned, or from a dict of later Keras."""
        model = sequential_from_config(cls, config, custom_objects)
        assert isinstance(model, cls)
        return model

    def legacy_get_config(self) -> list[dict[str, Any]]:
        """Return the config as Keras 1 had it: a list of layers, as `get_config` does."""
        return sequential_config(self, self._stack)

    @classmethod
    def legacy_from_config(
        cls, config: Sequence[Mapping[str, Any]], layer_cache: dict[str, Layer] | None = None
    ) -> Self:
        """Build a model from a list of layers as Keras 1 wrote it.

        Args:
            config: dicts of class name and config, or of the arguments with the class name as
                their "name"; one of `Merge` holds the models that it merges.
            layer_cache: layers by name to take in place of new ones; takes those that are made.

        Raises:
            ValueError: a class is unknown, or its config does not fit.
        """
        return stack_of_keras_1(cls, config, {} if layer_cache is None else layer_cache)


def _inputs_for(layer: Layer) -> list[Tensor]:
    """The inputs that the first layer tells of; none if it says no shape."""
    if isinstance(layer, InputLayer):
        return list(layer.inbound_nodes[0].outputs)
    if isinstance(layer, Model) and layer.built:
        one = len(layer.inputs) == 1
        names = [_input_name(layer)] if one else layer.input_names
        pairs = zip(layer.inputs, names, strict=True)
        return [Input(None, tensor.shape, name, tensor.dtype) for tensor, name in pairs]
    shape = layer.batch_input_shape
    return [] if shape is None else [Input(None, shape, _input_name(layer), layer.dtype)]


def _input_name(layer: Layer) -> str:
    return f"{layer.name}_input"
