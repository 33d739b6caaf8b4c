"""A factor and a summand."""

from __future__ import annotations

from typing import Any

import numpy as np

from konnx import ops
from konnx.graph import Tensor, is_float
from konnx.layers.base import Layer


def as_floats(layer: Layer, inputs: Tensor) -> Tensor:
    """Return the inputs, in the layer's dtype if they hold no floats."""
    return inputs if is_float(inputs.dtype) else ops.cast(inputs, layer.dtype)


class Rescaling(Layer):
    """The input times `scale`, plus `offset`; whole numbers become floats.

    Args:
        scale: a number, or one for each channel of the last axis.
        offset: likewise.

    Example:
        >>> from konnx.layers import Input
        >>> Rescaling(1 / 255)(Input((8, 8, 3), dtype="uint8")).dtype
        'float32'
    """

    supports_masking = True

    def __init__(self, scale: Any, offset: Any = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale = _plain(scale)
        self.offset = _plain(offset)

    def call(self, inputs: Tensor) -> Tensor:
        scaled = ops.multiply(as_floats(self, inputs), np.asarray(self.scale))
        return ops.add(scaled, np.asarray(self.offset))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "scale": self.scale, "offset": self.offset}


def _plain(value: Any) -> Any:
    """A number or a list of them; Keras 3 writes arrays as dicts."""
    if isinstance(value, dict):
        value = value.get("config", {}).get("value")
    return np.asarray(value, float).tolist()
