"""Activations in plain NumPy.

Source: the documentation of Keras 2 and, for those that it lacks, of tf.keras.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


class UnsupportedError(Exception):
    """There is no plain evaluation of this; the message says of what."""


def activation(name: Any) -> Callable[[Array], Array]:
    """Return the function that a layer's config names.

    Raises:
        UnsupportedError: it is none of these.
    """
    if name is None:
        return _linear
    if not isinstance(name, str) or name not in _ACTIVATIONS:
        raise UnsupportedError(f"activation {name!r}")
    return _ACTIVATIONS[name]


def _linear(x: Array) -> Array:
    return x


def sigmoid(x: Array) -> Array:
    """1 / (1 + exp(-x)), without overflow."""
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + small), small / (1 + small))


def softmax(x: Array, axis: int | Sequence[int] = -1) -> Array:
    """exp(x) / sum(exp(x)) along an axis, or several."""
    axis = axis if isinstance(axis, int) else tuple(axis)
    powers = np.exp(x - x.max(axis, keepdims=True))
    return np.asarray(powers / powers.sum(axis, keepdims=True))


def elu(x: Array, alpha: float = 1.0) -> Array:
    """x, or alpha (exp(x) - 1) where x is negative."""
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def _softplus(x: Array) -> Array:
    return np.logaddexp(x, 0)


def _selu(x: Array) -> Array:
    return 1.0507009873554805 * elu(x, 1.6732632423543772)


_ACTIVATIONS: Mapping[str, Callable[[Array], Array]] = {
    "elu": elu,
    "exponential": np.exp,
    "hard_sigmoid": lambda x: np.clip(0.2 * x + 0.5, 0, 1),
    "linear": _linear,
    "mish": lambda x: x * np.tanh(_softplus(x)),
    "relu": lambda x: np.maximum(x, 0),
    "relu6": lambda x: np.clip(x, 0, 6),
    "selu": _selu,
    "sigmoid": sigmoid,
    "silu": lambda x: x * sigmoid(x),
    "softmax": softmax,
    "softplus": _softplus,
    "softsign": lambda x: x / (1 + np.abs(x)),
    "swish": lambda x: x * sigmoid(x),
    "tanh": np.tanh,
}
