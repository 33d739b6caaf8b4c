"""Noise in training, none in inference."""

from __future__ import annotations

import math
from typing import Any

from konnx import ops
from konnx.graph import Tensor
from konnx.layers.arguments import number, share
from konnx.layers.base import Layer
from konnx.layers.dropout import NoiseShape, shared_axes, with_single


class _Noise(Layer):
    """What the layers of noise share but the noise."""

    supports_masking = True

    def noised(self, inputs: Tensor) -> Tensor:
        """Return the inputs with noise."""
        raise TypeError(f"{type(self).__name__} must define `noised`")

    def is_silent(self) -> bool:
        """Tell whether there is no noise in training either."""
        return False

    def call(self, inputs: Tensor, training: bool | None = None) -> Tensor:
        if training is False or self.is_silent():
            return inputs
        noised = self.noised(inputs)
        return noised if training else ops.in_train_phase(noised, inputs)


class GaussianNoise(_Noise):
    """In training, adds normally distributed noise with mean 0.

    Args:
        stddev: standard deviation of the noise, 0 or more.
        seed: makes the noise repeatable, as in later versions.

    Raises:
        ValueError: `stddev` is negative.

    Example:
        >>> from konnx.layers import Input
        >>> GaussianNoise(0.1)(Input((8,))).shape
        (None, 8)
    """

    def __init__(self, stddev: float, *, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.stddev = number(self, "stddev", stddev)
        self.seed = seed

    def is_silent(self) -> bool:
        return self.stddev == 0

    def noised(self, inputs: Tensor) -> Tensor:
        return ops.add(inputs, _normal_like(inputs, 0.0, self.stddev, self.seed))

    def get_config(self) -> dict[str, Any]:
        config = {**super().get_config(), "stddev": self.stddev}
        return config if self.seed is None else {**config, "seed": self.seed}


class GaussianDropout(_Noise):
    """In training, multiplies with normally distributed noise with mean 1.

    Args:
        rate: that of a Dropout with noise of the same variance, rate / (1 - rate); at least 0 and
            below 1.
        seed: makes the noise repeatable, as in later versions.

    Raises:
        ValueError: `rate` is out of bounds.

    Source: Srivastava et al., Dropout, JMLR 15, 2014.

    Example:
        >>> from konnx.layers import Input
        >>> GaussianDropout(0.5)(Input((8,))).shape
        (None, 8)
    """

    def __init__(self, rate: float, *, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rate = share(self, "rate", rate)
        self.seed = seed

    def is_silent(self) -> bool:
        return self.rate == 0

    def noised(self, inputs: Tensor) -> Tensor:
        stddev = math.sqrt(self.rate / (1 - self.rate))
        return ops.multiply(inputs, _normal_like(inputs, 1.0, stddev, self.seed))

    def get_config(self) -> dict[str, Any]:
        config = {**super().get_config(), "rate": self.rate}
        return config if self.seed is None else {**config, "seed": self.seed}


class AlphaDropout(_Noise):
    """In training, drops a random part of the inputs so that mean and variance stay.

    What is dropped takes the lower bound of SELU; then everything is scaled and shifted.

    Args:
        rate: the part to drop, at least 0 and below 1.
        noise_shape: where it has a 1, all elements along that axis share their fate; None or the
            inputs' own size elsewhere. Default: each element by itself.
        seed: makes the choice repeatable.

    Raises:
        ValueError: `rate` is out of bounds, or `noise_shape` does not fit the inputs.

    Source: Klambauer et al., 2017 (arXiv 1706.02515).

    Example:
        >>> from konnx.layers import Input
        >>> AlphaDropout(0.1)(Input((8,))).shape
        (None, 8)
    """

    def __init__(
        self,
        rate: float,
        noise_shape: NoiseShape = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.rate = share(self, "rate", rate)
        self.noise_shape = None if noise_shape is None else tuple(noise_shape)
        self.seed = seed

    def is_silent(self) -> bool:
        return self.rate == 0

    def noised(self, inputs: Tensor) -> Tensor:
        like = with_single(inputs, shared_axes(self, inputs, self.noise_shape))
        kept = ops.keep_mask(like, self.rate, self.seed)
        scale = ((1 - self.rate) * (1 + self.rate * _SELU_BOUND**2)) ** -0.5
        shift = -scale * _SELU_BOUND * self.rate
        # scale * (x or the bound) + shift, where the choice is made by products
        summand = ops.add(ops.multiply(kept, -scale * _SELU_BOUND), scale * _SELU_BOUND + shift)
        return ops.add(ops.multiply(inputs, ops.multiply(kept, scale)), summand)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "rate": self.rate,
            "noise_shape": self.noise_shape,
            "seed": self.seed,
        }


_SELU_BOUND = -1.6732632423543772 * 1.0507009873554805


def _normal_like(inputs: Tensor, mean: float, stddev: float, seed: int | None) -> Tensor:
    """Normally distributed numbers in the inputs' shape."""
    sizes = [ops.size_of(inputs, axis) for axis in range(inputs.ndim)]
    return ops.normal(sizes, mean, stddev, inputs.dtype, seed)
