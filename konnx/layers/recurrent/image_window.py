"""How the kernels of recurrent layers slide over images."""

from __future__ import annotations

from typing import Any

from konnx.layers.arguments import (
    Sizes,
    channel_axis,
    data_format_of,
    one_of,
    slid_shape,
    whole_numbers,
)
from konnx.layers.base import Layer
from konnx.layers.spec import Shape


class ImageWindow(Layer):
    """What a convolution of the images of a sequence takes, and the shape of what it gives."""

    filters: int

    def take_window(
        self,
        kernel_size: Sizes,
        strides: Sizes,
        padding: str,
        data_format: str | None,
        dilation_rate: Sizes,
    ) -> None:
        """Check the arguments of the constructor and keep them."""
        self.kernel_size = whole_numbers(self, "kernel_size", kernel_size, 2)
        self.strides = whole_numbers(self, "strides", strides, 2)
        self.padding = one_of(self, "padding", padding, ("valid", "same"))
        self.data_format = data_format_of(self, data_format)
        self.dilation_rate = whole_numbers(self, "dilation_rate", dilation_rate, 2)

    def image_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of output and states for images of a shape, (batch, ...)."""
        window = (self.kernel_size, self.padding, self.strides, self.dilation_rate)
        shape = list(slid_shape(self, input_shape, self.data_format, *window))
        shape[channel_axis(self.data_format)] = self.filters
        return tuple(shape)

    def window_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor, filters included."""
        names = ("filters", "kernel_size", "strides", "padding", "data_format", "dilation_rate")
        return {name: getattr(self, name) for name in names}
