"""Activations that konnx emits nowhere but that ONNX files hold, as what they are composed of."""

from __future__ import annotations

from collections.abc import Sequence

from konnx import ops
from konnx.autodiff.rules._table import Gradients, inputs_of, lowering, present, rule
from konnx.graph import Node, Tensor, op


@lowering("PRelu")
def prelu(node: Node) -> Sequence[Tensor]:
    """x, or slope * x for negative x; at 0 the gradient is 0, as that of Keras' PReLU."""
    x, slope = inputs_of(node)
    return [ops.relu(x) - slope * ops.relu(-x)]


@lowering("Celu")
def celu(node: Node) -> Sequence[Tensor]:
    """x, or alpha * (exp(x / alpha) - 1) for negative x."""
    x, alpha = present(node.inputs[0]), node.attributes.get("alpha", 1.0)
    return [op("Elu", x * (1.0 / alpha), alpha=1.0) * alpha]


@lowering("HardSwish")
def hard_swish(node: Node) -> Sequence[Tensor]:
    """The input times (x / 6 + 0.5, cut to lie between 0 and 1)."""
    x = present(node.inputs[0])
    return [x * op("HardSigmoid", x, alpha=1.0 / 6.0, beta=0.5)]


@lowering("Mish")
def mish(node: Node) -> Sequence[Tensor]:
    """The input times tanh(softplus(x))."""
    x = present(node.inputs[0])
    return [x * ops.tanh(ops.softplus(x))]


@rule("ThresholdedRelu")
def thresholded_relu(node: Node, dy: Tensor) -> Gradients:
    """1 above the threshold."""
    x = present(node.inputs[0])
    return [dy * ops.positive_mask(x - node.attributes.get("alpha", 1.0))]


@rule("Shrink")
def shrink(node: Node, dy: Tensor) -> Gradients:
    """1 outside of the band that becomes 0."""
    x, lambd = present(node.inputs[0]), node.attributes.get("lambd", 0.5)
    return [dy * (ops.positive_mask(x - lambd) + ops.positive_mask(-x - lambd))]
