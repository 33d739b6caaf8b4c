"""Initializers that draw weights the smaller, the more of them meet in a unit."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from konnx.initializers.base import RandomInitializer, Shape
from konnx.utils import sampling

_MODES = ("fan_in", "fan_out", "fan_avg")
_DISTRIBUTIONS = {
    "normal": "normal",
    "uniform": "uniform",
    "truncated_normal": "normal",  # what later versions call it
    "untruncated_normal": "untruncated_normal",
}


class VarianceScaling(RandomInitializer):
    """Elements whose spread depends on the number of units that a weight connects.

    Args:
        scale: the variance of an element times n, positive.
        mode: what n is: "fan_in", the number of inputs of a unit, "fan_out", that of the outputs
            that an input feeds, or "fan_avg", their mean.
        distribution: "normal" (truncated as in `TruncatedNormal`), "uniform" or
            "untruncated_normal".
        seed: see `RandomInitializer`.

    Raises:
        ValueError: an argument has another value.

    Example:
        >>> VarianceScaling(mode="fan_avg", distribution="uniform", seed=0)((64, 32)).shape
        (64, 32)
    """

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "normal",
        seed: int | None = None,
    ) -> None:
        super().__init__(seed)
        if not scale > 0:
            raise ValueError(f"`VarianceScaling`: `scale` must be positive. Received: {scale=}")
        self.scale = scale
        self.mode = _choice("mode", mode, dict(zip(_MODES, _MODES, strict=True)))
        self.distribution = _choice("distribution", distribution, _DISTRIBUTIONS)

    def sample(
        self, generator: np.random.Generator, shape: tuple[int, ...], dtype: np.dtype[Any]
    ) -> np.ndarray:
        variance = self.scale / max(1.0, self._units(shape))
        if self.distribution == "uniform":
            limit = math.sqrt(3 * variance)
            return sampling.uniform(generator, shape, dtype, -limit, limit)
        if self.distribution == "normal":
            return sampling.truncated_normal(generator, shape, dtype, math.sqrt(variance))
        return sampling.scaled(generator.standard_normal(shape, dtype=dtype), math.sqrt(variance))

    def _units(self, shape: tuple[int, ...]) -> float:
        fan_in, fan_out = compute_fans(shape)
        return {"fan_in": fan_in, "fan_out": fan_out}.get(self.mode, (fan_in + fan_out) / 2)

    def get_config(self) -> dict[str, Any]:
        return {
            "scale": self.scale,
            "mode": self.mode,
            "distribution": self.distribution,
            "seed": self.seed,
        }


def compute_fans(shape: Shape) -> tuple[float, float]:
    """Return how many inputs a unit has and how many outputs an input feeds.

    Args:
        shape: that of a matrix (in, out), or of a convolution kernel (*spatial, in, out). For one
            axis, or more than five, both are the root of the number of elements.

    Example:
        >>> compute_fans((3, 3, 16, 32))
        (144.0, 288.0)
    """
    if not 2 <= len(shape) <= 5:
        fan = math.sqrt(math.prod(shape))
        return fan, fan
    field = float(math.prod(shape[:-2]))
    return shape[-2] * field, shape[-1] * field


def _choice(argument: str, value: Any, meanings: Mapping[str, str]) -> str:
    lowered = value.lower() if isinstance(value, str) else value
    if lowered not in meanings:
        raise ValueError(
            f"`VarianceScaling`: `{argument}` must be one of {tuple(meanings)}. "
            f"Received: {argument}={value!r}"
        )
    return meanings[lowered]


def lecun_uniform(seed: int | None = None) -> VarianceScaling:
    """Return the initializer uniform within ±sqrt(3 / fan_in).

    Source: LeCun et al., Efficient BackProp, 1998.
    """
    return VarianceScaling(1.0, "fan_in", "uniform", seed)


def lecun_normal(seed: int | None = None) -> VarianceScaling:
    """Return the initializer truncated normal, stddev sqrt(1 / fan_in); for `selu`.

    Source: Klambauer et al., Self-normalizing neural networks, 2017.
    """
    return VarianceScaling(1.0, "fan_in", "normal", seed)


def glorot_uniform(seed: int | None = None) -> VarianceScaling:
    """Return the initializer uniform within ±sqrt(6 / (fan_in + fan_out)), Xavier's.

    Source: Glorot and Bengio, Understanding the difficulty of training, AISTATS 2010.
    """
    return VarianceScaling(1.0, "fan_avg", "uniform", seed)


def glorot_normal(seed: int | None = None) -> VarianceScaling:
    """Return the initializer truncated normal, stddev sqrt(2 / (fan_in + fan_out)), Xavier's.

    Source: Glorot and Bengio, Understanding the difficulty of training, AISTATS 2010.
    """
    return VarianceScaling(1.0, "fan_avg", "normal", seed)


def he_uniform(seed: int | None = None) -> VarianceScaling:
    """Return the initializer uniform within ±sqrt(6 / fan_in).

    Source: He et al., Delving deep into rectifiers, 2015.
    """
    return VarianceScaling(2.0, "fan_in", "uniform", seed)


def he_normal(seed: int | None = None) -> VarianceScaling:
    """Return the initializer truncated normal, stddev sqrt(2 / fan_in); for `relu`.

    Source: He et al., Delving deep into rectifiers, 2015.
    """
    return VarianceScaling(2.0, "fan_in", "normal", seed)
