"""Images varied by chance in training; in inference they stay as they are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from konnx import ops
from konnx.graph import Tensor, op
from konnx.layers.arguments import data_format_of, one_of, problem, spatial_axes
from konnx.layers.base import Layer
from konnx.layers.preprocessing.rescaling import as_floats
from konnx.layers.spec import InputSpec
from konnx.ops.convolution import from_channels_first, to_channels_first

Factor = float | Sequence[float]
_PADDINGS = {"reflect": "reflection", "nearest": "border", "constant": "zeros"}


class _RandomImages(Layer):
    """What these layers share: images, a seed, and a choice for each image of a batch."""

    def __init__(
        self, seed: int | None = None, data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.seed = seed
        self.data_format = data_format_of(self, data_format)
        self.input_spec = InputSpec(ndim=4)

    def call(self, inputs: Tensor) -> Tensor:
        images = as_floats(self, inputs)
        return ops.in_train_phase(self.varied(images), images)

    def varied(self, images: Tensor) -> Tensor:
        """Return the images as training has them."""
        raise TypeError(f"{type(self).__name__} must say how it varies images")

    def draw(self, images: Tensor, factor: Sequence[float], which: int = 0) -> Tensor:
        """Return an evenly distributed number for each image, (batch, 1, 1, 1)."""
        seed = None if self.seed is None else self.seed + which
        low, high = factor
        sizes = [ops.size_of(images, 0), 1, 1, 1]
        return ops.uniform(sizes, 0.0, 1.0, images.dtype, seed) * (high - low) + low

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "seed": self.seed, "data_format": self.data_format}


def bounds_of(layer: Layer, argument: str, factor: Any, least: float) -> tuple[float, float]:
    """Return the lower and the upper bound that a factor stands for.

    Raises:
        ValueError: it is neither a number, nor two ascending ones of at least `least`.
    """
    pair = (-factor, factor) if np.ndim(factor) == 0 else tuple(factor)
    if len(pair) != 2 or not least <= pair[0] <= pair[1]:
        demand = f"must be a number, or two ascending ones of at least {least}"
        raise problem(layer, argument, demand, factor)
    return float(pair[0]), float(pair[1])


class RandomFlip(_RandomImages):
    """In training, turns images around by chance.

    Args:
        mode: "horizontal", "vertical" or "horizontal_and_vertical".
        seed: makes the choice repeatable.
        data_format: "channels_last" or "channels_first"; None: `image_data_format()`.

    Example:
        >>> from konnx.layers import Input
        >>> RandomFlip("horizontal")(Input((8, 8, 3))).shape
        (None, 8, 8, 3)
    """

    def __init__(
        self,
        mode: str = "horizontal_and_vertical",
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed, data_format, **kwargs)
        modes = ("horizontal", "vertical", "horizontal_and_vertical")
        self.mode = one_of(self, "mode", mode, modes)

    def varied(self, images: Tensor) -> Tensor:
        for which, (name, axis) in enumerate(
            zip(("vertical", "horizontal"), spatial_axes(self.data_format, 2), strict=True)
        ):
            if name in self.mode:
                chosen = ops.less(self.draw(images, (0.0, 1.0), which), 0.5)
                images = ops.where(chosen, ops.reverse(images, axis), images)
        return images

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "mode": self.mode}


class RandomContrast(_RandomImages):
    """In training, draws each channel of an image away from its mean, or towards it.

    Args:
        factor: by what: from 1 - factor to 1 + factor, or from 1 - first to 1 + second.
        value_range: what values are cut to lie in; None: they are not cut.
        seed: makes the choice repeatable.
        data_format: "channels_last" or "channels_first"; None: `image_data_format()`.

    Example:
        >>> from konnx.layers import Input
        >>> RandomContrast(0.2)(Input((8, 8, 3))).shape
        (None, 8, 8, 3)
    """

    def __init__(
        self,
        factor: Factor,
        value_range: Sequence[float] | None = None,
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed, data_format, **kwargs)
        self.factor = factor if isinstance(factor, int | float) else list(factor)
        given = [self.factor] * 2 if isinstance(self.factor, int | float) else self.factor
        self.range = bounds_of(self, "factor", (-float(given[0]), float(given[1])), -1.0)
        self.value_range = None if value_range is None else list(value_range)

    def varied(self, images: Tensor) -> Tensor:
        mean = ops.mean(images, spatial_axes(self.data_format, 2), keepdims=True)
        varied = (images - mean) * (self.draw(images, self.range) + 1.0) + mean
        return varied if self.value_range is None else ops.clip(varied, *self.value_range)

    def get_config(self) -> dict[str, Any]:
        config = {**super().get_config(), "factor": self.factor}
        return config if self.value_range is None else {**config, "value_range": self.value_range}


class RandomBrightness(_RandomImages):
    """In training, adds a number to all of an image.

    Args:
        factor: how much of the range: from -factor to factor, or from the first to the second.
        value_range: of the values, which are cut to lie in it.
        seed: makes the choice repeatable.
        data_format: accepted, and without effect.

    Example:
        >>> from konnx.layers import Input
        >>> RandomBrightness(0.2)(Input((8, 8, 3))).shape
        (None, 8, 8, 3)
    """

    def __init__(
        self,
        factor: Factor,
        value_range: Sequence[float] = (0, 255),
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed, data_format, **kwargs)
        self.range = bounds_of(self, "factor", factor, -1.0)
        self.value_range = list(value_range)

    def varied(self, images: Tensor) -> Tensor:
        low, high = self.value_range
        return ops.clip(images + self.draw(images, self.range) * (high - low), low, high)

    def get_config(self) -> dict[str, Any]:
        config = {**super().get_config(), "factor": self.range, "value_range": self.value_range}
        del config["data_format"]
        return config


class _RandomAffine(_RandomImages):
    """Images of known size, taken from other places of themselves."""

    fill_mode: str
    fill_value: float
    interpolation: str

    def fill(self, fill_mode: str, interpolation: str, fill_value: float) -> None:
        """Check and keep what lies outside the image and between its elements."""
        self.fill_mode = one_of(self, "fill_mode", fill_mode, tuple(_PADDINGS))
        kinds = ("bilinear", "nearest")
        self.interpolation = one_of(self, "interpolation", interpolation, kinds)
        self.fill_value = float(fill_value)

    def places(self, images: Tensor, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Return from where the elements at x and y, counted from the middle, are taken."""
        raise TypeError(f"{type(self).__name__} must say where images are taken from")

    def varied(self, images: Tensor) -> Tensor:
        first = to_channels_first(images, self.data_format)
        height, width = first.shape[2:]
        if height is None or width is None:
            raise problem(self, "input_shape", "must have known sizes", images.shape)
        rows = np.arange(height).reshape(1, -1, 1, 1) - (height - 1) / 2
        columns = np.arange(width).reshape(1, 1, -1, 1) - (width - 1) / 2
        grid = [
            ops.as_tensor(np.broadcast_to(one, (1, height, width, 1)).copy(), images.dtype)
            for one in (columns, rows)
        ]
        x, y = self.places(first, *grid)
        halves = ops.as_tensor(np.array([2 / width, 2 / height]), images.dtype)
        taken = ops.concatenate([x, y], -1) * halves
        mode = "nearest" if self.interpolation == "nearest" else "bilinear"
        shift = self.fill_value if self.fill_mode == "constant" else 0.0
        source = first - shift if shift else first
        result = op("GridSample", source, taken, mode=mode, padding_mode=_PADDINGS[self.fill_mode])
        return from_channels_first(result + shift if shift else result, self.data_format)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "fill_mode": self.fill_mode,
            "interpolation": self.interpolation,
            "fill_value": self.fill_value,
        }


class RandomRotation(_RandomAffine):
    """In training, turns images about their middles.

    Args:
        factor: by which part of a full turn: from -factor to factor, or from the first to the
            second.
        fill_mode: what lies outside: "reflect", "nearest" or "constant".
        interpolation: "bilinear" or "nearest".
        seed: makes the choice repeatable.
        fill_value: what lies outside, if constant.
        data_format: "channels_last" or "channels_first"; None: `image_data_format()`.

    Example:
        >>> from konnx.layers import Input
        >>> RandomRotation(0.1)(Input((8, 8, 3))).shape
        (None, 8, 8, 3)
    """

    def __init__(
        self,
        factor: Factor,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed, data_format, **kwargs)
        self.range = bounds_of(self, "factor", factor, -1.0)
        self.fill(fill_mode, interpolation, fill_value)

    def places(self, images: Tensor, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        angle = self.draw(images, self.range) * (2 * math.pi)
        cos, sin = ops.cos(angle), ops.sin(angle)
        return x * cos - y * sin, x * sin + y * cos

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "factor": self.range}


class _RandomByAxis(_RandomAffine):
    """What has a factor for each axis; one factor may stand for both."""

    def __init__(
        self,
        height_factor: Factor,
        width_factor: Factor | None = None,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed, data_format, **kwargs)
        self.height_factor = bounds_of(self, "height_factor", height_factor, -1.0)
        self.width_factor = (
            None if width_factor is None else bounds_of(self, "width_factor", width_factor, -1.0)
        )
        self.fill(fill_mode, interpolation, fill_value)

    def factors(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Return the numbers of the axes of height and width."""
        high = self.draw(images, self.height_factor)
        if self.width_factor is None:
            return high, high
        return high, self.draw(images, self.width_factor, 1)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "height_factor": self.height_factor,
            "width_factor": self.width_factor,
        }


class RandomTranslation(_RandomByAxis):
    """In training, moves images down and right, or up and left.

    Args:
        height_factor: by which part of the height: from -factor to factor, or from the first to
            the second; positive ones down.
        width_factor: by which part of the width, positive ones right.
        fill_mode: what comes in: "reflect", "nearest" or "constant".
        interpolation: "bilinear" or "nearest".
        seed: makes the choice repeatable.
        fill_value: what comes in, if constant.
        data_format: "channels_last" or "channels_first"; None: `image_data_format()`.

    Example:
        >>> from konnx.layers import Input
        >>> RandomTranslation(0.1, 0.1)(Input((8, 8, 3))).shape
        (None, 8, 8, 3)
    """

    def places(self, images: Tensor, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        down, right = self.factors(images)
        height, width = (int(size or 0) for size in images.shape[2:])
        return x - right * float(width), y - down * float(height)


class RandomZoom(_RandomByAxis):
    """In training, makes images smaller or larger.

    Args:
        height_factor: by which part of the height more is seen: from -factor to factor, or from
            the first to the second; negative ones make larger.
        width_factor: likewise; None: as the height.
        fill_mode: what lies outside: "reflect", "nearest" or "constant".
        interpolation: "bilinear" or "nearest".
        seed: makes the choice repeatable.
        fill_value: what lies outside, if constant.
        data_format: "channels_last" or "channels_first"; None: `image_data_format()`.

    Example:
        >>> from konnx.layers import Input
        >>> RandomZoom(0.1)(Input((8, 8, 3))).shape
        (None, 8, 8, 3)
    """

    def places(self, images: Tensor, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        high, wide = self.factors(images)
        return x * (wide + 1.0), y * (high + 1.0)
