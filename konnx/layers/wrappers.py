"""Layers around another layer."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import signature
from typing import Any, Self

from konnx import ops
from konnx.graph import Tensor, name_scope, refine
from konnx.layers.base import Layer
from konnx.layers.composite import Composite
from konnx.layers.spec import InputSpec, Shape


class Wrapper(Composite):
    """A layer that applies another layer in a way of its own; the base of such layers.

    Args:
        layer: the layer within.

    Raises:
        TypeError: it is no layer.
    """

    def __init__(self, layer: Layer, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not isinstance(layer, Layer):
            raise TypeError(
                f"`{type(self).__name__}` '{self.name}': `layer` must be a layer. "
                f"Received: layer={layer!r}"
            )
        self.layer = layer

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make this layer again, as JSON can hold them."""
        from konnx.layers.registry import serialize

        return {**super().get_config(), "layer": serialize(self.layer)}

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None
    ) -> Self:
        """Make a layer from what `get_config` returned, or a later Keras' own."""
        from konnx.layers.registry import deserialize

        config = dict(config)
        layer = deserialize(config.pop("layer"), custom_objects)
        return super().from_config({**config, "layer": layer})


class TimeDistributed(Wrapper):
    """Applies a layer to each time step by itself.

    Input shape (batch, time, ...); the layer within sees (batch * time, ...), all steps at once. As
    in Keras it does not see a mask; the wrapper hands the mask on.

    Args:
        layer: the layer, or model, to apply.

    Raises:
        TypeError: `layer` is no layer.
        ValueError: the input has no time axis.

    Example:
        >>> from konnx.layers import Dense, Input
        >>> TimeDistributed(Dense(8))(Input((10, 16))).shape
        (None, 10, 8)
    """

    supports_masking = True

    def __init__(self, layer: Layer, **kwargs: Any) -> None:
        super().__init__(layer, **kwargs)
        self.input_spec = InputSpec(min_ndim=3)

    def build(self, input_shape: Shape) -> None:
        self.build_part(self.layer, _of_step(input_shape), self.weight_scope or self.name)
        self.input_spec = InputSpec(shape=(None, None, *input_shape[2:]))
        super().build(input_shape)

    def call(self, inputs: Tensor, training: bool | None = None) -> Tensor:
        arguments = {"training": training} if _takes(self.layer, "training") else {}
        with name_scope(self.layer.name), self.naming_errors():
            given = _merged_steps(inputs, f"{self.name}_steps")
            self.layer.check_inputs([given])
            steps = self.layer.call(given, **arguments)
        output = _split_steps(steps, inputs)
        if self.layer.activity_regularizer is not None:
            with name_scope("activity_regularizer"):
                self.add_loss(self.layer.activity_regularizer(output))
        return output

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        shape = self.layer.compute_output_shape(_of_step(input_shape))
        return (shape[0], input_shape[1], *shape[1:])


def _of_step(shape: Shape) -> Shape:
    return (shape[0], *shape[2:])


def _takes(layer: Layer, argument: str) -> bool:
    return argument in signature(layer.call).parameters


def _merged_steps(inputs: Tensor, name: str) -> Tensor:
    """(batch, time, ...) as (batch * time, ...); a size that varies gets a name."""
    sizes = inputs.shape[2:]
    if None not in sizes:
        merged = ops.reshape(inputs, [-1, *sizes])
    else:
        shape = ops.concatenate([ops.as_tensor([-1]), ops.shape(inputs)[2:]], 0)
        merged = ops.reshape(inputs, shape)
    dims = [name if merged.shape[0] is None else merged.shape[0], *(inputs.dims or ())[2:]]
    return refine(merged, dims)


def _split_steps(steps: Tensor, inputs: Tensor) -> Tensor:
    """(batch * time, ...) as (batch, time, ...), the first two as in `inputs`."""
    time, sizes = inputs.shape[1], steps.shape[1:]
    if time is not None and None not in sizes:
        return ops.reshape(steps, [-1, time, *sizes])
    shape = ops.concatenate([ops.shape(inputs)[:2], ops.shape(steps)[1:]], 0)
    return ops.reshape(steps, shape)
