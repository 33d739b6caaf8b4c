"""Activations, normalization and other parts of neural networks."""

from __future__ import annotations

from typing import Any

from konnx.graph import Tensor, op
from konnx.ops._convert import as_tensor, canonical_axis, scalar
from konnx.ops.elementwise import add, clip, divide, minimum, multiply, subtract
from konnx.ops.reduction import sum as reduce_sum


def relu(x: Any, alpha: float = 0.0, max_value: float | None = None) -> Tensor:
    """max(x, 0), or alpha * x for negative x, cut at `max_value`."""
    tensor = as_tensor(x)
    rectified = op("LeakyRelu", tensor, alpha=float(alpha)) if alpha else op("Relu", tensor)
    return rectified if max_value is None else minimum(rectified, scalar(max_value, tensor))


def elu(x: Any, alpha: float = 1.0) -> Tensor:
    """x, or alpha * (exp(x) - 1) for negative x."""
    return op("Elu", as_tensor(x), alpha=float(alpha))


def selu(x: Any) -> Tensor:
    """The self-normalizing ELU of Klambauer et al., 2017 (arXiv 1706.02515)."""
    return op("Selu", as_tensor(x), alpha=1.6732632423543772, gamma=1.0507009873554805)


def softplus(x: Any) -> Tensor:
    """log(exp(x) + 1)."""
    return op("Softplus", as_tensor(x))


def softsign(x: Any) -> Tensor:
    """x / (|x| + 1)."""
    return op("Softsign", as_tensor(x))


def sigmoid(x: Any) -> Tensor:
    """1 / (1 + exp(-x))."""
    return op("Sigmoid", as_tensor(x))


def hard_sigmoid(x: Any) -> Tensor:
    """0.2 * x + 0.5, cut to lie between 0 and 1: Keras' cheap sigmoid."""
    return op("HardSigmoid", as_tensor(x), alpha=0.2, beta=0.5)


def tanh(x: Any) -> Tensor:
    """The hyperbolic tangent."""
    return op("Tanh", as_tensor(x))


def softmax(x: Any, axis: int = -1) -> Tensor:
    """exp(x) divided by its sum along an axis."""
    tensor = as_tensor(x)
    return op("Softmax", tensor, axis=canonical_axis(axis, tensor.ndim))


def l2_normalize(x: Any, axis: int | None = None, epsilon: float = 1e-12) -> Tensor:
    """x divided by its Euclidean norm along an axis."""
    tensor = as_tensor(x)
    square_sum = reduce_sum(multiply(tensor, tensor), axis, keepdims=True)
    return divide(tensor, op("Sqrt", clip(square_sum, min_value=epsilon)))


def dense(x: Tensor, kernel: Tensor, bias: Tensor | None = None) -> Tensor:
    """x @ kernel + bias over the last axis of x."""
    if bias is not None and x.ndim == 2 and kernel.ndim == 2:
        return op("Gemm", x, kernel, bias)
    product = op("MatMul", x, kernel)
    return product if bias is None else add(product, bias)


def normalize(
    x: Tensor, mean: Tensor, variance: Tensor, gamma: Any, beta: Any, epsilon: float
) -> Tensor:
    """gamma * (x - mean) / sqrt(variance + epsilon) + beta, as one product and one sum.

    In inference the factor and the summand are constants, so that a convolution before them can
    take them over.
    """
    inverse = op("Reciprocal", op("Sqrt", add(variance, scalar(epsilon, variance))))
    factor = inverse if gamma is None else multiply(gamma, inverse)
    shift = multiply(mean, factor)
    shift = op("Neg", shift) if beta is None else subtract(beta, shift)
    return add(multiply(x, factor), shift)
