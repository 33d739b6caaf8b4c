"""What initializers have in common."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from konnx.config import floatx
from konnx.graph import Tensor, standardize_dtype
from konnx.utils import sampling

Shape = Sequence[int]


class Initializer:
    """A function from a shape to an array; derive your own from it."""

    def __call__(self, shape: Shape, dtype: Any = None) -> np.ndarray:
        """Make the array.

        Args:
            shape: its sizes.
            dtype: default: `konnx.config.floatx()`.
        """
        return np.zeros(tuple(shape), dtype_or_default(dtype))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Initializer:
        """Make an initializer from what `get_config` returned."""
        return cls(**{key: value for key, value in config.items() if key != "dtype"})


class RandomInitializer(Initializer):
    """The base of initializers that draw random numbers.

    Args:
        seed: equal seeds give equal arrays, call after call; None: one drawn for each call.
    """

    seed: int | None

    def __init__(self, seed: int | None = None) -> None:
        self.seed = seed

    def __call__(self, shape: Shape, dtype: Any = None) -> np.ndarray:
        """Make the array."""
        seed = sampling.draw_seed() if self.seed is None else int(self.seed)
        name = dtype_or_default(dtype)
        # NumPy draws no float16.
        drawn = np.float64 if name == "float64" else np.float32
        values = self.sample(np.random.default_rng(seed % 2**64), tuple(shape), np.dtype(drawn))
        return np.asarray(values, dtype=name)

    def sample(
        self, generator: np.random.Generator, shape: tuple[int, ...], dtype: np.dtype[Any]
    ) -> np.ndarray:
        """Draw the array: standard normal numbers, unless a subclass says otherwise.

        Args:
            generator: where random numbers come from.
            shape: sizes of the array.
            dtype: float32 or float64.
        """
        return generator.standard_normal(shape, dtype=dtype)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"seed": self.seed}


def deferred(
    initializer: Callable[..., Any], shape: Shape, dtype: Any = None
) -> Callable[[], np.ndarray]:
    """Return a function that makes the array later.

    The seed is drawn now, so that the values do not depend on when they are first needed.

    Args:
        initializer: an `Initializer`, or a function of a shape and, if it likes, a dtype.
        shape: the sizes of the array.
        dtype: default: `konnx.config.floatx()`.

    Raises:
        TypeError: the initializer returned a symbolic tensor (raised when the array is made).
    """
    name, sizes = dtype_or_default(dtype), tuple(shape)
    if isinstance(initializer, RandomInitializer):
        initializer = copy.copy(initializer)
        if initializer.seed is None:
            initializer.seed = sampling.draw_seed()
    arguments = {"dtype": name} if _takes_dtype(initializer) else {}

    def make() -> np.ndarray:
        value = initializer(sizes, **arguments)
        if isinstance(value, Tensor):
            raise TypeError(
                f"The initializer {initializer!r} returned a symbolic tensor. It must return a "
                f"NumPy array: use numpy in the place of the backend. Received: {value!r}"
            )
        return np.asarray(value, dtype=name)

    return make


def _takes_dtype(initializer: Callable[..., Any]) -> bool:
    try:
        parameters = inspect.signature(initializer).parameters.values()
    except ValueError:  # some functions written in C do not tell
        return False
    return any(one.name == "dtype" or one.kind is one.VAR_KEYWORD for one in parameters)


def dtype_or_default(dtype: Any) -> str:
    """Return a dtype's name; that of weights for None."""
    return floatx() if dtype is None else standardize_dtype(dtype)
