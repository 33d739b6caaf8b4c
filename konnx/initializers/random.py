"""Initializers that draw from a distribution that does not depend on the shape."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from konnx.initializers.base import RandomInitializer
from konnx.utils import sampling


class RandomNormal(RandomInitializer):
    """Elements are normally distributed.

    Args:
        mean: the mean.
        stddev: the standard deviation.
        seed: see `RandomInitializer`.

    Example:
        >>> RandomNormal(seed=1)((2, 3)).dtype
        dtype('float32')
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: int | None = None) -> None:
        super().__init__(seed)
        self.mean = mean
        self.stddev = stddev

    def sample(
        self, generator: np.random.Generator, shape: tuple[int, ...], dtype: np.dtype[Any]
    ) -> np.ndarray:
        return sampling.scaled(
            generator.standard_normal(shape, dtype=dtype), self.stddev, self.mean
        )

    def get_config(self) -> dict[str, Any]:
        return {"mean": self.mean, "stddev": self.stddev, "seed": self.seed}


class RandomUniform(RandomInitializer):
    """Elements are evenly distributed.

    Args:
        minval: the lower bound.
        maxval: the upper bound.
        seed: see `RandomInitializer`.
    """

    def __init__(
        self, minval: float = -0.05, maxval: float = 0.05, seed: int | None = None
    ) -> None:
        super().__init__(seed)
        self.minval = minval
        self.maxval = maxval

    def sample(
        self, generator: np.random.Generator, shape: tuple[int, ...], dtype: np.dtype[Any]
    ) -> np.ndarray:
        return sampling.uniform(generator, shape, dtype, self.minval, self.maxval)

    def get_config(self) -> dict[str, Any]:
        return {"minval": self.minval, "maxval": self.maxval, "seed": self.seed}


class TruncatedNormal(RandomNormal):
    """Elements are normally distributed, and drawn again if two deviations or more off the mean.

    As in Keras 2.1, `stddev` is that before truncation: that of the elements is 0.88 of it.

    Args:
        mean: the mean.
        stddev: the standard deviation before truncation.
        seed: see `RandomInitializer`.
    """

    def sample(
        self, generator: np.random.Generator, shape: tuple[int, ...], dtype: np.dtype[Any]
    ) -> np.ndarray:
        return sampling.truncated_normal(generator, shape, dtype, self.stddev, self.mean)


class Orthogonal(RandomInitializer):
    """A random orthogonal matrix, or part of one if the shape is not square.

    A kernel of more axes counts as a matrix whose columns are its last axis.

    Args:
        gain: a factor for all elements.
        seed: see `RandomInitializer`.

    Source: Saxe et al., Exact solutions to the nonlinear dynamics of learning, 2013.
    """

    def __init__(self, gain: float = 1.0, seed: int | None = None) -> None:
        super().__init__(seed)
        self.gain = gain

    def sample(
        self, generator: np.random.Generator, shape: tuple[int, ...], dtype: np.dtype[Any]
    ) -> np.ndarray:
        """Draw the array.

        Raises:
            ValueError: the shape has fewer than two axes.
        """
        if len(shape) < 2:
            raise ValueError(f"`Orthogonal` needs two axes or more. Received: {shape=}")
        rows, columns = math.prod(shape[:-1]), shape[-1]
        matrix = sampling.orthogonal(generator, rows, columns)
        return (self.gain * matrix).reshape(shape).astype(dtype)

    def get_config(self) -> dict[str, Any]:
        return {"gain": self.gain, "seed": self.seed}
