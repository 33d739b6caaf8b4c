"""Dropout: of single elements, and of whole channels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from konnx import ops
from konnx.graph import Tensor
from konnx.layers.arguments import data_format_of, problem, share, spatial_axes
from konnx.layers.base import Layer
from konnx.layers.spec import InputSpec

NoiseShape = Sequence[int | None] | None


def shared_axes(layer: Layer, inputs: Tensor, noise_shape: NoiseShape) -> list[int]:
    """Return the axes along which a random mask has one element for all.

    Raises:
        ValueError: `noise_shape` does not fit the inputs.
    """
    if noise_shape is None:
        return []
    shape = inputs.shape
    fits = len(noise_shape) == len(shape) and all(
        noise in (None, 1) or size in (None, noise)
        for noise, size in zip(noise_shape, shape, strict=True)
    )
    if not fits:
        demand = f"must hold 1 or the inputs' own size for each axis of {shape}"
        raise problem(layer, "noise_shape", demand, noise_shape)
    return [axis for axis, noise in enumerate(noise_shape) if noise == 1]


def with_single(inputs: Tensor, axes: Sequence[int]) -> Tensor:
    """Return the first slice of the inputs along some axes, which keep size 1."""
    return ops.slice_axes(inputs, [0] * len(axes), [1] * len(axes), axes) if axes else inputs


class Dropout(Layer):
    """In training, sets a random part of the inputs to 0 and scales up the rest.

    Args:
        rate: the part to drop, at least 0 and below 1.
        noise_shape: where it has a 1, all elements along that axis share their fate; None or the
            inputs' own size elsewhere. Default: each element by itself.
        seed: makes the choice repeatable.

    Raises:
        ValueError: `rate` is out of bounds, or `noise_shape` does not fit the inputs.

    Source: Srivastava et al., Dropout, JMLR 15, 2014.

    Example:
        >>> from konnx.layers import Input
        >>> Dropout(0.5)(Input((8,))).shape
        (None, 8)
    """

    supports_masking = True

    def __init__(
        self,
        rate: float,
        noise_shape: Sequence[int | None] | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.rate = share(self, "rate", rate)
        self.noise_shape = None if noise_shape is None else tuple(noise_shape)
        self.seed = seed

    def call(self, inputs: Tensor, training: bool | None = None) -> Tensor:
        if self.rate == 0 or training is False:
            return inputs
        mask = ops.keep_mask(self._noise_like(inputs), self.rate, self.seed)
        dropped = ops.multiply(inputs, ops.multiply(mask, 1 / (1 - self.rate)))
        return dropped if training else ops.in_train_phase(dropped, inputs)

    def _noise_like(self, inputs: Tensor) -> Tensor:
        """A tensor in the shape of the mask."""
        return with_single(inputs, shared_axes(self, inputs, self.noise_shape))

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "rate": self.rate,
            "noise_shape": self.noise_shape,
            "seed": self.seed,
        }


class _SpatialDropout(Dropout):
    """What drops whole channels: all elements of a channel share their fate."""

    rank: ClassVar[int]

    def __init__(
        self,
        rate: float,
        data_format: str | None = None,
        noise_shape: NoiseShape = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(rate, noise_shape, seed, **kwargs)
        self.data_format = data_format_of(self, data_format)
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def _noise_like(self, inputs: Tensor) -> Tensor:
        return with_single(inputs, spatial_axes(self.data_format, self.rank))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "data_format": self.data_format}


class SpatialDropout1D(_SpatialDropout):
    """In training, drops whole channels of sequences, (batch, steps, channels).

    Args:
        rate: the part to drop, at least 0 and below 1.
        noise_shape: accepted as in Keras, and without effect.
        seed: makes the choice repeatable.
        data_format: "channels_first" takes (batch, channels, steps).

    Raises:
        ValueError: `rate` is out of bounds.

    Source: Tompson et al., 2014 (arXiv 1411.4280).

    Example:
        >>> from konnx.layers import Input
        >>> SpatialDropout1D(0.5)(Input((10, 8))).shape
        (None, 10, 8)
    """

    rank = 1

    def __init__(
        self,
        rate: float,
        noise_shape: NoiseShape = None,
        seed: int | None = None,
        data_format: str = "channels_last",
        **kwargs: Any,
    ) -> None:
        super().__init__(rate, data_format, noise_shape, seed, **kwargs)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        if self.data_format == "channels_last":
            del config["data_format"]  # Keras 2.1 knows no other and stumbles over the key.
        return config


class SpatialDropout2D(_SpatialDropout):
    """In training, drops whole channels of images.

    Args:
        rate: the part to drop, at least 0 and below 1.
        data_format: "channels_last" or "channels_first"; None: `image_data_format()`.
        noise_shape: accepted as in Keras, and without effect.
        seed: makes the choice repeatable.

    Raises:
        ValueError: an argument is out of bounds.

    Source: Tompson et al., 2014 (arXiv 1411.4280).

    Example:
        >>> from konnx.layers import Input
        >>> SpatialDropout2D(0.5)(Input((8, 8, 3))).shape
        (None, 8, 8, 3)
    """

    rank = 2


class SpatialDropout3D(_SpatialDropout):
    """In training, drops whole channels of volumes.

    Args:
        rate: the part to drop, at least 0 and below 1.
        data_format: "channels_last" or "channels_first"; None: `image_data_format()`.
        noise_shape: accepted as in Keras, and without effect.
        seed: makes the choice repeatable.

    Raises:
        ValueError: an argument is out of bounds.

    Source: Tompson et al., 2014 (arXiv 1411.4280).

    Example:
        >>> from konnx.layers import Input
        >>> SpatialDropout3D(0.5)(Input((4, 8, 8, 3))).shape
        (None, 4, 8, 8, 3)
    """

    rank = 3
