"""The largest or the mean element of windows."""

from __future__ import annotations

from typing import Any, ClassVar

from konnx import ops
from konnx.graph import Tensor
from konnx.layers.arguments import (
    Sizes,
    data_format_of,
    one_of,
    slid_shape,
    whole_numbers,
)
from konnx.layers.base import Layer
from konnx.layers.spec import InputSpec, Shape


class _Pooling(Layer):
    """What the pooling layers share but the way to pool."""

    rank: ClassVar[int]

    def __init__(
        self,
        pool_size: Sizes = 2,
        strides: Sizes | None = None,
        padding: str = "valid",
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.pool_size = whole_numbers(self, "pool_size", pool_size, self.rank)
        self.strides = (
            self.pool_size
            if strides is None
            else whole_numbers(self, "strides", strides, self.rank)
        )
        self.padding = one_of(self, "padding", padding, ("valid", "same"))
        self.data_format = data_format_of(self, data_format)
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return slid_shape(
            self,
            input_shape,
            self.data_format,
            self.pool_size,
            self.padding,
            self.strides,
            [1] * self.rank,
        )

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "pool_size": self.pool_size,
            "padding": self.padding,
            "strides": self.strides,
            "data_format": self.data_format,
        }


class _MaxPooling(_Pooling):
    """What takes the largest element."""

    def call(self, inputs: Tensor) -> Tensor:
        self.compute_output_shape(inputs.shape)
        return ops.max_pool(inputs, self.pool_size, self.strides, self.padding, self.data_format)


class _AveragePooling(_Pooling):
    """What takes the mean."""

    def call(self, inputs: Tensor) -> Tensor:
        self.compute_output_shape(inputs.shape)
        return ops.average_pool(
            inputs, self.pool_size, self.strides, self.padding, self.data_format
        )


class _OfSequences(_Pooling):
    """What differs for sequences: Keras 2.1 knows them with channels last only."""

    rank = 1

    def __init__(
        self,
        pool_size: Sizes = 2,
        strides: Sizes | None = None,
        padding: str = "valid",
        data_format: str = "channels_last",
        **kwargs: Any,
    ) -> None:
        super().__init__(pool_size, strides, padding, data_format, **kwargs)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        if self.data_format == "channels_last":
            del config["data_format"]
        return config


class MaxPooling1D(_OfSequences, _MaxPooling):
    """The largest element of each window of sequences.

    Args:
        pool_size: the length of the window.
        strides: by how much it moves; None: `pool_size`.
        padding: "valid" or "same".
        data_format: as in later versions, "channels_first" too.

    Raises:
        ValueError: an argument is out of bounds, or the window does not fit into the input.

    Example:
        >>> from konnx.layers import Input
        >>> MaxPooling1D()(Input((8, 3))).shape
        (None, 4, 3)
    """


class AveragePooling1D(_OfSequences, _AveragePooling):
    """The mean of each window of sequences; padding does not count.

    Args:
        pool_size: the length of the window.
        strides: by how much it moves; None: `pool_size`.
        padding: "valid" or "same".
        data_format: as in later versions, "channels_first" too.

    Raises:
        ValueError: an argument is out of bounds, or the window does not fit into the input.

    Example:
        >>> from konnx.layers import Input
        >>> AveragePooling1D()(Input((8, 3))).shape
        (None, 4, 3)
    """


class MaxPooling2D(_MaxPooling):
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

    rank = 2


class AveragePooling2D(_AveragePooling):
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
        >>> AveragePooling2D()(Input((8, 8, 3))).shape
        (None, 4, 4, 3)
    """

    rank = 2


class MaxPooling3D(_MaxPooling):
    """The largest element of each window of a volume.

    Args:
        pool_size: (depth, rows, columns) of the window; one number for all.
        strides: by how much it moves; None: `pool_size`.
        padding: "valid" or "same".
        data_format: "channels_last" or "channels_first"; None: `image_data_format()`.

    Raises:
        ValueError: an argument is out of bounds, or the window does not fit into the input.

    Example:
        >>> from konnx.layers import Input
        >>> MaxPooling3D()(Input((8, 8, 8, 3))).shape
        (None, 4, 4, 4, 3)
    """

    rank = 3


class AveragePooling3D(_AveragePooling):
    """The mean of each window of a volume; padding does not count.

    Args:
        pool_size: (depth, rows, columns) of the window; one number for all.
        strides: by how much it moves; None: `pool_size`.
        padding: "valid" or "same".
        data_format: "channels_last" or "channels_first"; None: `image_data_format()`.

    Raises:
        ValueError: an argument is out of bounds, or the window does not fit into the input.

    Example:
        >>> from konnx.layers import Input
        >>> AveragePooling3D()(Input((8, 8, 8, 3))).shape
        (None, 4, 4, 4, 3)
    """

    rank = 3


MaxPool1D = MaxPooling1D
MaxPool2D = MaxPooling2D
MaxPool3D = MaxPooling3D
AvgPool1D = AveragePooling1D
AvgPool2D = AveragePooling2D
AvgPool3D = AveragePooling3D
