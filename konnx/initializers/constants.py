"""Initializers whose values are known."""

from __future__ import annotations

from typing import Any

import numpy as np

from konnx.initializers.base import Initializer, Shape, dtype_or_default


class Zeros(Initializer):
    """All elements are 0."""


class Ones(Initializer):
    """All elements are 1."""

    def __call__(self, shape: Shape, dtype: Any = None) -> np.ndarray:
        return np.ones(tuple(shape), dtype_or_default(dtype))


class Constant(Initializer):
    """All elements have one value.

    Args:
        value: a number, or an array that can be broadcast to the shape asked for.
    """

    def __init__(self, value: Any = 0) -> None:
        self.value = value

    def __call__(self, shape: Shape, dtype: Any = None) -> np.ndarray:
        return np.full(tuple(shape), self.value, dtype_or_default(dtype))

    def get_config(self) -> dict[str, Any]:
        value = self.value
        return {"value": value.tolist() if isinstance(value, np.ndarray | np.generic) else value}


class Identity(Initializer):
    """The identity matrix.

    Args:
        gain: the elements of the diagonal.
    """

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = gain

    def __call__(self, shape: Shape, dtype: Any = None) -> np.ndarray:
        """Make the array.

        Raises:
            ValueError: the shape is not that of a square matrix.
        """
        if len(shape) != 2 or shape[0] != shape[1]:
            raise ValueError(f"`Identity` makes square matrices only. Received: {shape=}")
        return np.asarray(self.gain * np.identity(shape[0]), dtype=dtype_or_default(dtype))

    def get_config(self) -> dict[str, Any]:
        return {"gain": self.gain}
