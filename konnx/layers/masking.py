"""Masking: telling the layers that follow which time steps are missing."""

from __future__ import annotations

from typing import Any

from konnx import ops
from konnx.graph import Tensor
from konnx.layers.base import Layer
from konnx.layers.spec import Shape


class Masking(Layer):
    """Masks the time steps whose features all have one value, and sets them to 0.

    Recurrent layers skip masked steps, and losses leave them out. Input shape
    (batch, time, ..., features); the output has the same.

    Args:
        mask_value: the value that stands for "missing".

    Example:
        >>> from konnx.layers import Input
        >>> Masking(mask_value=-1.0)(Input((10, 3)))._keras_mask.shape
        (None, 10)
    """

    supports_masking = True

    def __init__(self, mask_value: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.mask_value = mask_value

    def compute_mask(self, inputs: Tensor, mask: Any = None) -> Tensor:
        return ops.greater(ops.max(self._differs(inputs), -1), 0.0)

    def call(self, inputs: Tensor) -> Tensor:
        return ops.multiply(inputs, ops.max(self._differs(inputs), -1, keepdims=True))

    def _differs(self, inputs: Tensor) -> Tensor:
        """1 for each element that is not the mask value, else 0."""
        return ops.cast(ops.not_equal(inputs, self.mask_value), inputs.dtype)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "mask_value": self.mask_value}


class ApplyMask(Layer):
    """Gives a tensor another tensor as its mask: what files say by `layer(x, mask=mask)`.

    Called with [x, mask]: x of shape (batch, time, ...), mask (batch, time); returns x.

    Example:
        >>> from konnx.layers import Input
        >>> masked = ApplyMask()([Input((10, 3)), Input((10,), dtype="bool")])
        >>> masked._keras_mask.shape
        (None, 10)
    """

    supports_masking = True

    def call(self, inputs: list[Tensor]) -> Tensor:
        return ops.identity(inputs[0])

    def compute_mask(self, inputs: list[Tensor], mask: Any = None) -> Tensor:
        return ops.cast(inputs[1], "bool")

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape[0]
