"""Activation functions, of the names and arguments of Keras 2.1 and of later versions."""

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
def relu(
    x: Tensor, alpha: float = 0.0, max_value: float | None = None, threshold: float = 0.0
) -> Tensor:
    """max(x, 0).

    Args:
        x: a float tensor.
        alpha: the slope for negative x.
        max_value: the largest value of the result; None: no limit.
        threshold: below it x counts as negative: there alpha * (x - threshold).
    """
    if threshold:
        above = ops.cast(ops.greater_equal(x, threshold), x.dtype)
        kept = x * above
        kept = kept if max_value is None else ops.minimum(kept, max_value)
        return kept + alpha * ((x - threshold) * (1.0 - above)) if alpha else kept
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


@ACTIVATIONS.register
def exponential(x: Tensor) -> Tensor:
    """e to the power of x."""
    return ops.exp(x)


@ACTIVATIONS.register
def hard_sigmoid_v3(x: Tensor) -> Tensor:
    """relu6(x + 3) / 6, which Keras 3 calls `hard_sigmoid`.

    Models from files of Keras 3 get it in place of Keras 2's.
    """
    return ops.relu6(x + 3.0) * (1 / 6)


@ACTIVATIONS.register
def leaky_relu(x: Tensor, negative_slope: float = 0.2) -> Tensor:
    """x, or negative_slope * x where x is negative."""
    return ops.relu(x, negative_slope)


@ACTIVATIONS.register
def log_softmax(x: Tensor, axis: int = -1) -> Tensor:
    """The logarithm of the softmax along an axis."""
    return ops.log_softmax(x, axis)


@ACTIVATIONS.register
def gelu(x: Tensor, approximate: bool = False) -> Tensor:
    """x times the part of a normal distribution below x.

    Args:
        x: a float tensor.
        approximate: whether to take the approximation by tanh.

    Source: Hendrycks and Gimpel, Gaussian error linear units, 2016 (arXiv 1606.08415).
    """
    return ops.gelu(x, approximate)


def silu(x: Tensor) -> Tensor:
    """x * sigmoid(x).

    Source: Ramachandran et al., Searching for activation functions, 2017 (arXiv 1710.05941).
    """
    return ops.silu(x)


swish = silu
ACTIVATIONS.register(silu, "swish")


@ACTIVATIONS.register
def mish(x: Tensor) -> Tensor:
    """x * tanh(softplus(x)).

    Source: Misra, Mish, 2019 (arXiv 1908.08681).
    """
    return ops.mish(x)


@ACTIVATIONS.register
def relu6(x: Tensor) -> Tensor:
    """x, cut to lie between 0 and 6."""
    return ops.relu6(x)


def hard_silu(x: Tensor) -> Tensor:
    """x * relu6(x + 3) / 6."""
    return ops.hard_silu(x)


hard_swish = hard_silu
ACTIVATIONS.register(hard_silu, "hard_swish")


@ACTIVATIONS.register
def hard_tanh(x: Tensor) -> Tensor:
    """x, cut to lie between -1 and 1."""
    return ops.clip(x, -1.0, 1.0)


@ACTIVATIONS.register
def hard_shrink(x: Tensor, threshold: float = 0.5) -> Tensor:
    """x where |x| is above the threshold, else 0."""
    return ops.hard_shrink(x, threshold)


@ACTIVATIONS.register
def soft_shrink(x: Tensor, threshold: float = 0.5) -> Tensor:
    """x moved towards 0 by the threshold, 0 where that would pass it."""
    return ops.soft_shrink(x, threshold)


@ACTIVATIONS.register
def tanh_shrink(x: Tensor) -> Tensor:
    """x - tanh(x)."""
    return ops.tanh_shrink(x)


@ACTIVATIONS.register
def celu(x: Tensor, alpha: float = 1.0) -> Tensor:
    """x, or alpha * (exp(x / alpha) - 1) where x is negative; alpha is positive."""
    return ops.celu(x, alpha)


@ACTIVATIONS.register
def glu(x: Tensor, axis: int = -1) -> Tensor:
    """The first half along an axis, times the sigmoid of the second."""
    return ops.glu(x, axis)


@ACTIVATIONS.register
def squareplus(x: Tensor, b: float = 4.0) -> Tensor:
    """(x + sqrt(x * x + b)) / 2."""
    return ops.squareplus(x, b)


@ACTIVATIONS.register
def sparse_plus(x: Tensor) -> Tensor:
    """0 below -1, (x + 1)^2 / 4 up to 1, x above."""
    return ops.sparse_plus(x)


@ACTIVATIONS.register
def sparse_sigmoid(x: Tensor) -> Tensor:
    """(x + 1) / 2, cut to lie between 0 and 1."""
    return ops.sparse_sigmoid(x)


@ACTIVATIONS.register
def log_sigmoid(x: Tensor) -> Tensor:
    """log(1 / (1 + exp(-x)))."""
    return ops.log_sigmoid(x)


@ACTIVATIONS.register
def threshold(x: Tensor, threshold: float, default_value: float) -> Tensor:
    """x where it is above the threshold, else the default value."""
    return ops.threshold(x, threshold, default_value)


@ACTIVATIONS.register
def sparsemax(x: Tensor, axis: int = -1) -> Tensor:
    """x less a threshold that its largest elements set, 0 below; as Keras 3 computes it.

    Source: Martins and Astudillo, From softmax to sparsemax, 2016 (arXiv 1602.02068).
    """
    return ops.sparsemax(x, axis)


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
