"""Enlarging sequences, images and volumes by whole factors."""

from __future__ import annotations

from typing import Any, ClassVar

from konnx import ops
from konnx.graph import Tensor
from konnx.layers.arguments import (
    Sizes,
    data_format_of,
    one_of,
    spatial_axes,
    whole_numbers,
)
from konnx.layers.base import Layer
from konnx.layers.spec import InputSpec, Shape


class _UpSampling(Layer):
    """What the layers share: factors of the spatial axes."""

    rank: ClassVar[int]
    interpolation = "nearest"
    half_pixel_centers = True

    def __init__(self, size: Sizes = 2, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.size = whole_numbers(self, "size", size, self.rank)
        self.data_format = data_format_of(self, data_format)
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def call(self, inputs: Tensor) -> Tensor:
        return ops.enlarge(
            inputs, self.size, self.data_format, self.interpolation, self.half_pixel_centers
        )

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        shape = list(input_shape)
        for axis, factor in zip(spatial_axes(self.data_format, self.rank), self.size, strict=True):
            size = shape[axis]
            shape[axis] = None if size is None else size * factor
        return tuple(shape)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "size": self.size, "data_format": self.data_format}


class UpSampling1D(_UpSampling):
    """Each step of sequences, (batch, steps, channels), several times.

    Args:
        size: how many times.
        data_format: "channels_first" takes (batch, channels, steps).

    Raises:
        ValueError: an argument is out of bounds.

    Example:
        >>> from konnx.layers import Input
        >>> UpSampling1D(3)(Input((8, 4))).shape
        (None, 24, 4)
    """

    rank = 1

    def __init__(self, size: int = 2, data_format: str = "channels_last", **kwargs: Any) -> None:
        super().__init__(size, data_format, **kwargs)

    def get_config(self) -> dict[str, Any]:
        config = {**super().get_config(), "size": self.size[0]}
        if self.data_format == "channels_last":
            del config["data_format"]  # Keras 2.1 knows no other and stumbles over the key.
        return config


class UpSampling2D(_UpSampling):
    """Images with rows and columns enlarged.

    Args:
        size: factors of (rows, columns); one number for both.
        data_format: "channels_last" or "channels_first"; None: `image_data_format()`.
        interpolation: "nearest" repeats each element; "bilinear" draws straight lines between them.
        half_pixel_centers: whether these lines run between the centres of elements, as in
            TensorFlow 2 and Keras 3, or between their upper left corners, as in Keras 2.2.3 to
            2.3.1. (Keras 2.1 has neither argument.)

    Raises:
        ValueError: an argument is out of bounds.

    Example:
        >>> from konnx.layers import Input
        >>> UpSampling2D((2, 3))(Input((8, 8, 3))).shape
        (None, 16, 24, 3)
    """

    rank = 2

    def __init__(
        self,
        size: Sizes = (2, 2),
        data_format: str | None = None,
        interpolation: str = "nearest",
        *,
        half_pixel_centers: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(size, data_format, **kwargs)
        self.half_pixel_centers = bool(half_pixel_centers)
        self.interpolation = one_of(self, "interpolation", interpolation, ("nearest", "bilinear"))

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        if self.interpolation == "nearest":
            return config  # Keras 2.1 knows no other and stumbles over the key.
        config["interpolation"] = self.interpolation
        return config if self.half_pixel_centers else {**config, "half_pixel_centers": False}


class UpSampling3D(_UpSampling):
    """Volumes with their three axes enlarged by repeating elements.

    Args:
        size: a factor for each axis; one number for all.
        data_format: "channels_last" or "channels_first"; None: `image_data_format()`.

    Raises:
        ValueError: an argument is out of bounds.

    Example:
        >>> from konnx.layers import Input
        >>> UpSampling3D(2)(Input((4, 8, 8, 3))).shape
        (None, 8, 16, 16, 3)
    """

    rank = 3

    def __init__(
        self, size: Sizes = (2, 2, 2), data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(size, data_format, **kwargs)
