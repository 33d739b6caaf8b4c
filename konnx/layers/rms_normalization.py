"""Normalization of each sample by its root mean square."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from konnx import ops
from konnx.graph import Tensor, Variable
from konnx.layers.base import Layer
from konnx.layers.layer_normalization import axes_of, given_axes, spread
from konnx.layers.spec import InputSpec, Shape


class RMSNormalization(Layer):
    """scale * x / sqrt(mean(x²) + epsilon), with the mean of each sample.

    The layer is Keras 3's; Keras 2.1 has none.

    Args:
        axis: the axis, or axes, over which the mean is taken, counted with the batch.
        epsilon: added to the mean of the squares.

    Raises:
        ValueError: there is no such axis, or its size is not known.

    Source: Zhang and Sennrich, 2019 (arXiv 1910.07467).

    Example:
        >>> from konnx.layers import Input
        >>> RMSNormalization()(Input((10, 64))).shape
        (None, 10, 64)
    """

    supports_masking = True
    scale: Variable

    def __init__(
        self, axis: int | Sequence[int] = -1, epsilon: float = 1e-6, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        axes, self.epsilon = given_axes(self, axis, epsilon)
        self.axis = sorted(axes)

    def build(self, input_shape: Shape) -> None:
        sizes = axes_of(self, self.axis, input_shape)
        self.scale = self.add_weight("scale", list(sizes.values()), initializer="ones")
        self.input_spec = InputSpec(ndim=len(input_shape), axes=sizes)
        super().build(input_shape)

    def call(self, inputs: Tensor) -> Tensor:
        axes = [axis % inputs.ndim for axis in self.axis]
        mean = ops.mean(ops.square(inputs), axes, keepdims=True)
        outputs = ops.divide(inputs, ops.sqrt(ops.add(mean, self.epsilon)))
        return ops.multiply(outputs, spread(self.scale, axes, inputs.ndim))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis, "epsilon": self.epsilon}
