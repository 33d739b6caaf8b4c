"""Activation functions, of Keras 2.1's names and arguments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from konnx import ops
from konnx.graph import ShapeError, Tensor
from konnx.utils.registry import CustomObjects, FunctionRegistry

Activation = Callable[..., Tensor]

ACTIVATIONS: FunctionRegistry[Activation] = FunctionRegistry("activation function")


@ACTIVATIONS.register
def softmax(x: Tensor, axis: int = -1) -> Tensor:
    """exp(x) divided by its sum along an axis.

    Args:
        x: a float tensor with two or more axes.
        axis: the axis whose elements add up to 1.

    Raises:
        ShapeError: x has fewer than two axes.
    """
    if x.ndim < 2:
        raise ShapeError(f"`softmax` takes a tensor with 2 axes or more. Received: {x!r}")
    return ops.softmax(x, axis)


@ACTIVATIONS.register
def elu(x: Tensor, alpha: float = 1.0) -> Tensor:
    """x, or alpha * (exp(x) - 1) where x is negative.

    Source: Clevert et al., Fast and accurate deep network learning by ELUs, 2015.
    """
    return ops.elu(x, alpha)


@ACTIVATIONS.register
def selu(x: Tensor) -> Tensor:
    """The scaled ELU that keeps mean and variance; meant for the initializer `lecun_normal`.

    Source: Klambauer et al., Self-normalizing neural networks, 2017.
    """
    return ops.selu(x)


@ACTIVATIONS.register
def softplus(x: Tensor) -> Tensor:
    """log(exp(x) + 1)."""
    return ops.softplus(x)


@ACTIVATIONS.register
def softsign(x: Tensor) -> Tensor:
    """x / (|x| + 1)."""
    return ops.softsign(x)


@ACTIVATIONS.register
def relu(x: Tensor, alpha: float = 0.0, max_value: float | None = None) -> Tensor:
    """max(x, 0).

    Args:
        x: a float tensor.
        alpha: the slope for negative x.
        max_value: the largest value of the result; None: no limit.
    """
    return ops.relu(x, alpha, max_value)


@ACTIVATIONS.register
def tanh(x: Tensor) -> Tensor:
    """The hyperbolic tangent."""
    return ops.tanh(x)


@ACTIVATIONS.register
def sigmoid(x: Tensor) -> Tensor:
    """1 / (1 + exp(-x))."""
    return ops.sigmoid(x)


@ACTIVATIONS.register
def hard_sigmoid(x: Tensor) -> Tensor:
    """0.2 * x + 0.5, cut to lie between 0 and 1."""
    return ops.hard_sigmoid(x)


@ACTIVATIONS.register
def linear(x: Tensor) -> Tensor:
    """X itself."""
    return x


def serialize(activation: Activation) -> Any:
    """Return the name of an activation function, as files hold it."""
    return ACTIVATIONS.serialize(activation)


def deserialize(name: Any, custom_objects: CustomObjects = None) -> Activation:
    """Return the activation function of a name.

    Raises:
        ValueError: there is none of that name.
    """
    function: Activation = ACTIVATIONS.deserialize(name, custom_objects)
    return function


def get(identifier: Any) -> Activation:
    """Return the activation function that a name or a function stands for; None: `linear`.

    Raises:
        ValueError: the name is unknown, or it is neither.

    Example:
        >>> get("relu").__name__
        'relu'
    """
    function: Activation = linear if identifier is None else ACTIVATIONS.get(identifier)
    return function
