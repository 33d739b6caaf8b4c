"""The largest or the mean element of windows, or of whole images."""

from __future__ import annotations

from typing import Any

from konnx import ops
from konnx.graph import Tensor
from konnx.layers.arguments import (
    Sizes,
    data_format_of,
    one_of,
    slid_shape,
    spatial_axes,
    whole_numbers,
)
from konnx.layers.base import Layer
from konnx.layers.spec import InputSpec, Shape


class _Pooling2D(Layer):
    """What the pooling layers share but the way to pool."""

    def __init__(
        self,
        pool_size: Sizes = (2, 2),
        strides: Sizes | None = None,
        padding: str = "valid",
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.pool_size = whole_numbers(self, "pool_size", pool_size, 2)
        self.strides = (
            self.pool_size if strides is None else whole_numbers(self, "strides", strides, 2)
        )
        self.padding = one_of(self, "padding", padding, ("valid", "same"))
        self.data_format = data_format_of(self, data_format)
        self.input_spec = InputSpec(ndim=4)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return slid_shape(
            self,
            input_shape,
            self.data_format,
            self.pool_size,
            self.padding,
            self.strides,
            (1, 1),
        )

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "pool_size": self.pool_size,
            "padding": self.padding,
            "strides": self.strides,
            "data_format": self.data_format,
        }


class MaxPooling2D(_Pooling2D):
    """The largest element of each window of an image.

    Args:
        pool_size: (rows, columns) of the window; one number for both.
        strides: by how much it moves; None: `pool_size`.
        padding: "valid" or "same".
        data_format: "channels_last" or "channels_first"; None: `image_data_format()`.

    Raises:
        ValueError: an argument is out of bounds, or the window does not fit into the input.

    Example:
        >>> from konnx.layers import Input
        >>> MaxPooling2D()(Input((8, 8, 3))).shape
        (None, 4, 4, 3)
    """

    def call(self, inputs: Tensor) -> Tensor:
        self.compute_output_shape(inputs.shape)
        return ops.max_pool(inputs, self.pool_size, self.strides, self.padding, self.data_format)


class AveragePooling2D(_Pooling2D):
    """The mean of each window of an image; padding does not count.

    Args:
        pool_size: (rows, columns) of the window; one number for both.
        strides: by how much it moves; None: `pool_size`.
        padding: "valid" or "same".
        data_format: "channels_last" or "channels_first"; None: `image_data_format()`.

    Raises:
        ValueError: an argument is out of bounds, or the window does not fit into the input.

    Example:
        >>> from konnx.layers import Input
        >>> AveragePooling2D(3, strides=2, padding="same")(Input((8, 8, 3))).shape
        (None, 4, 4, 3)
    """

    def call(self, inputs: Tensor) -> Tensor:
        self.compute_output_shape(inputs.shape)
        return ops.average_pool(
            inputs, self.pool_size, self.strides, self.padding, self.data_format
        )


class _GlobalPooling2D(Layer):
    """What the global pooling layers share but the way to pool."""

    def __init__(
        self, data_format: str | None = None, *, keepdims: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.data_format = data_format_of(self, data_format)
        self.keepdims = bool(keepdims)
        self.input_spec = InputSpec(ndim=4)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        pooled = spatial_axes(self.data_format, 2)
        if self.keepdims:
            return tuple(1 if axis in pooled else size for axis, size in enumerate(input_shape))
        return tuple(size for axis, size in enumerate(input_shape) if axis not in pooled)

    def get_config(self) -> dict[str, Any]:
        config = {**super().get_config(), "data_format": self.data_format}
        # A later Keras' argument: Keras 2.1 reads the config only without it.
        return {**config, "keepdims": True} if self.keepdims else config


class GlobalMaxPooling2D(_GlobalPooling2D):
    """The largest element of each channel of an image: (batch, channels).

    Args:
        data_format: "channels_last" or "channels_first"; None: `image_data_format()`.
        keepdims: keep the pooled axes with size 1.

    Example:
        >>> from konnx.layers import Input
        >>> GlobalMaxPooling2D()(Input((8, 8, 3))).shape
        (None, 3)
    """

    def call(self, inputs: Tensor) -> Tensor:
        return ops.max(inputs, spatial_axes(self.data_format, 2), self.keepdims)


class GlobalAveragePooling2D(_GlobalPooling2D):
    """The mean of each channel of an image: (batch, channels).

    Args:
        data_format: "channels_last" or "channels_first"; None: `image_data_format()`.
        keepdims: keep the pooled axes with size 1.

    Example:
        >>> from konnx.layers import Input
        >>> GlobalAveragePooling2D()(Input((8, 8, 3))).shape
        (None, 3)
    """

    def call(self, inputs: Tensor) -> Tensor:
        return ops.mean(inputs, spatial_axes(self.data_format, 2), self.keepdims)


MaxPool2D = MaxPooling2D
AvgPool2D = AveragePooling2D
GlobalMaxPool2D = GlobalMaxPooling2D
GlobalAvgPool2D = GlobalAveragePooling2D
