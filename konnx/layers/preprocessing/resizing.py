"""Images in other sizes."""

from __future__ import annotations

from typing import Any

from konnx import ops
from konnx.graph import Tensor
from konnx.layers.arguments import (
    data_format_of,
    one_of,
    problem,
    spatial_axes,
    whole_number,
)
from konnx.layers.base import Layer
from konnx.layers.preprocessing.resampling import INTERPOLATIONS, resized
from konnx.layers.preprocessing.rescaling import as_floats
from konnx.layers.spec import InputSpec, Shape
from konnx.ops.convolution import from_channels_first, to_channels_first


class OfOneSize(Layer):
    """What layers share whose images come out in one size."""

    height: int
    width: int
    data_format: str

    def keep(self, height: int, width: int, data_format: str | None) -> None:
        """Check and keep the size."""
        self.height = whole_number(self, "height", height)
        self.width = whole_number(self, "width", width)
        self.data_format = data_format_of(self, data_format)
        self.input_spec = InputSpec(ndim=4)

    def sizes(self, inputs: Tensor, purpose: str) -> tuple[int, int]:
        """Return height and width of the inputs.

        Raises:
            ValueError: they vary.
        """
        axes = spatial_axes(self.data_format, 2)
        height, width = (inputs.shape[axis] for axis in axes)
        if height is None or width is None:
            raise problem(self, purpose, "needs inputs of known size", inputs.shape)
        return height, width

    def cropped(self, inputs: Tensor, height: int, width: int) -> Tensor:
        """Return the middle of images."""
        sizes = self.sizes(inputs, "height")
        starts = [(one - kept) // 2 for one, kept in zip(sizes, (height, width), strict=True)]
        ends = [start + kept for start, kept in zip(starts, (height, width), strict=True)]
        return ops.slice_axes(inputs, starts, ends, spatial_axes(self.data_format, 2))

    def filled(self, inputs: Tensor) -> Tensor:
        """Return the largest middle that has the ratio of the output."""
        height, width = self.sizes(inputs, "crop_to_aspect_ratio")
        kept = (
            int(float(width * self.height) / self.width),
            int(float(height * self.width) / self.height),
        )
        return self.cropped(inputs, min(height, kept[0]), min(width, kept[1]))

    def resized(self, inputs: Tensor, interpolation: str, antialias: bool = False) -> Tensor:
        """Return images in the size of the output."""
        first = to_channels_first(as_floats(self, inputs), self.data_format)
        y = resized(first, (self.height, self.width), interpolation, antialias)
        return from_channels_first(y, self.data_format)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        shape = list(input_shape)
        for axis, size in zip(
            spatial_axes(self.data_format, 2), (self.height, self.width), strict=True
        ):
            shape[axis] = size
        return tuple(shape)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "height": self.height,
            "width": self.width,
            "data_format": self.data_format,
        }


class Resizing(OfOneSize):
    """Images in another size.

    Args:
        height: of the output.
        width: of the output.
        interpolation: "bilinear", "nearest", "bicubic", "area", "lanczos3", "lanczos5", "gaussian"
            or "mitchellcubic"; all but the first two need inputs of known size.
        crop_to_aspect_ratio: whether to cut what does not fit the ratio of the output.
        pad_to_aspect_ratio: whether to add borders instead.
        fill_mode: "constant".
        fill_value: of the borders.
        antialias: whether shrinking takes all elements into account; needs inputs of known size.
        data_format: "channels_last" or "channels_first"; None: `image_data_format()`.

    Raises:
        ValueError: an argument is out of bounds, or the sizes of the input must be known.

    Example:
        >>> from konnx.layers import Input
        >>> Resizing(4, 6)(Input((None, None, 3))).shape
        (None, 4, 6, 3)
    """

    def __init__(
        self,
        height: int,
        width: int,
        interpolation: str = "bilinear",
        crop_to_aspect_ratio: bool = False,
        pad_to_aspect_ratio: bool = False,
        fill_mode: str = "constant",
        fill_value: float = 0.0,
        antialias: bool = False,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.keep(height, width, data_format)
        self.interpolation = one_of(self, "interpolation", interpolation, INTERPOLATIONS)
        self.crop_to_aspect_ratio = crop_to_aspect_ratio
        self.pad_to_aspect_ratio = pad_to_aspect_ratio
        if crop_to_aspect_ratio and pad_to_aspect_ratio:
            raise problem(self, "pad_to_aspect_ratio", "and the other exclude each other", True)
        self.fill_mode = one_of(self, "fill_mode", fill_mode, ("constant",))
        self.fill_value = float(fill_value)
        self.antialias = antialias

    def call(self, inputs: Tensor) -> Tensor:
        if self.crop_to_aspect_ratio:
            inputs = self.filled(inputs)
        if self.pad_to_aspect_ratio:
            inputs = self._framed(as_floats(self, inputs))
        return self.resized(inputs, self.interpolation, self.antialias)

    def _framed(self, inputs: Tensor) -> Tensor:
        """The images with borders, so that they have the ratio of the output."""
        height, width = self.sizes(inputs, "pad_to_aspect_ratio")
        whole = (
            max(height, int(float(width * self.height) / self.width)),
            max(width, int(float(height * self.width) / self.height)),
        )
        pads: list[tuple[int, int]] = [(0, 0)] * 4
        for axis, size, kept in zip(
            spatial_axes(self.data_format, 2), whole, (height, width), strict=True
        ):
            pads[axis] = (
                (size - kept) // 2,
                (size - kept) // 2,
            )  # of an odd border Keras leaves out one row
        return ops.pad(inputs, pads, self.fill_value)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "interpolation": self.interpolation,
            "crop_to_aspect_ratio": self.crop_to_aspect_ratio,
            "pad_to_aspect_ratio": self.pad_to_aspect_ratio,
            "fill_mode": self.fill_mode,
            "fill_value": self.fill_value,
            "antialias": self.antialias,
        }


class CenterCrop(OfOneSize):
    """The middle of images; of smaller ones, what is left after enlarging them.

    Args:
        height: of the output.
        width: of the output.
        data_format: "channels_last" or "channels_first"; None: `image_data_format()`.

    Raises:
        ValueError: an argument is out of bounds, or the sizes of the input vary.

    Example:
        >>> from konnx.layers import Input
        >>> CenterCrop(4, 4)(Input((8, 8, 3))).shape
        (None, 4, 4, 3)
    """

    def __init__(
        self, height: int, width: int, data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.keep(height, width, data_format)

    def call(self, inputs: Tensor) -> Tensor:
        height, width = self.sizes(inputs, "height")
        if height >= self.height and width >= self.width:
            return as_floats(self, self.cropped(inputs, self.height, self.width))
        return self.resized(self.filled(inputs), "bilinear")
