"""A layer class with the arguments and the inputs to check it with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from konnx import config
from konnx.graph import Tensor
from konnx.layers import Input, Layer
from konnx.models import Model
from konnx.testing.evaluation import evaluate

Array = np.ndarray[Any, Any]
Arguments = Mapping[str, Any] | Callable[[], Mapping[str, Any]]


@dataclass(frozen=True)
class LayerCase:
    """A layer class with the arguments and the inputs to check it with.

    Args:
        layer_class: the class.
        arguments: of its constructor, or a function that makes them anew for each layer.
        arrays: one for each input.
        several: whether the layer takes a list of inputs.
        custom_objects: what configs name beside konnx' own classes and functions.
        open_axes: the axes, beside the batch, whose sizes may be unknown.
    """

    layer_class: type[Layer]
    arguments: Arguments
    arrays: list[Array]
    several: bool
    custom_objects: Mapping[str, Any]
    open_axes: Sequence[int] = ()

    def demand(self, holds: bool, promise: str) -> None:
        """Raise an AssertionError that names the layer and its promise unless it holds."""
        if not holds:
            arguments = self.arguments if isinstance(self.arguments, Mapping) else {}
            raise AssertionError(f"{self.layer_class.__name__}({dict(arguments)}): {promise}")

    def demand_close(
        self, received: Array, expected: Array, promise: str, tolerance: float = 2e-5
    ) -> None:
        """Demand that two arrays are of one shape, and equal but for rounding.

        Args:
            received: what a copy or a variant of the layer computes.
            expected: what the layer computes.
            promise: for the error.
            tolerance: relative to the largest element, or to 1 if all are smaller.
        """
        shapes = f"{promise}. Received: shape={received.shape}. Expected: shape={expected.shape}"
        self.demand(received.shape == expected.shape, shapes)
        scale = max(1.0, float(np.abs(expected).max(initial=0.0)))
        apart = float(np.abs(received - expected).max(initial=0.0))
        close = apart <= tolerance * scale  # false for NaN
        self.demand(close, f"{promise}. They are {apart:.3g} apart, of values up to {scale:.3g}")

    def layer(self, **more: Any) -> Layer:
        """Make a layer, with arguments beside those of the case, or in their place."""
        arguments = self.arguments if isinstance(self.arguments, Mapping) else self.arguments()
        return self.layer_class(**{**arguments, **more})

    def layer_of(self, dtype: str) -> Layer:
        """Make a layer whose weights, and those of the layers within, are of a dtype."""
        before = config.floatx()
        config.set_floatx(dtype)
        try:
            return self.layer(dtype=dtype)
        finally:
            config.set_floatx(before)

    def weights(self, layer: Layer, random: np.random.Generator) -> list[Array]:
        """Build a layer, give it weights between 0.2 and 0.8, and return them."""
        layer(self.given(self.inputs()))
        layer.set_weights([random.uniform(0.2, 0.8, one.shape) for one in layer.get_weights()])
        return layer.get_weights()

    def given(self, tensors: Sequence[Any]) -> Any:
        """Return tensors, shapes or arrays as the layer takes them."""
        return list(tensors) if self.several else tensors[0]

    def inputs(
        self, batch: int | None = None, open_axes: Sequence[int] = (), dtype: Any = None
    ) -> list[Tensor]:
        """Make an input for each array; the sizes of open axes are unknown."""
        return [
            Input(
                batch_shape=(batch, *_opened(array.shape, open_axes)[1:]),
                dtype=dtype or array.dtype,
            )
            for array in self.arrays
        ]

    def shapes(self, batch: int | None, open_axes: Sequence[int] = ()) -> Any:
        """Return the shapes of such inputs as the layer takes them."""
        opened = [_opened(array.shape, open_axes) for array in self.arrays]
        return self.given([(batch, *shape[1:]) for shape in opened])

    def run(
        self,
        layer: Layer,
        *,
        batch: int | None = None,
        open_axes: Sequence[int] = (),
        training: bool = False,
    ) -> Array:
        """Compute the output, and compare its shape with the one that the graph declares."""
        inputs = self.inputs(batch, open_axes)
        output = layer(self.given(inputs))
        feeds = dict(zip(inputs, self.arrays, strict=True))
        value: Array = evaluate([output], feeds, training=training)[0]
        self.demand_shape(output.shape, value.shape, "the graph")
        return value

    def demand_shape(self, declared: Sequence[int | None], real: Sequence[int], who: str) -> None:
        """Demand that a declared shape fits the real one; what is None fits anything."""
        fits = len(declared) == len(real) and all(
            size in (None, length) for size, length in zip(declared, real, strict=True)
        )
        self.demand(fits, f"{who} says {tuple(declared)}, the output has {tuple(real)}")

    def trained(self, layer: Layer, target: Array) -> list[Array]:
        """Return the weights after one training step towards the target."""
        inputs = self.inputs()
        model = Model(inputs, layer(self.given(inputs)))
        model.compile(optimizer="sgd", loss="mse")
        model.train_on_batch(self.given(self.arrays), target)
        return layer.get_weights()


def _opened(shape: Sequence[int], axes: Sequence[int]) -> tuple[int | None, ...]:
    return tuple(None if axis in axes else size for axis, size in enumerate(shape))
