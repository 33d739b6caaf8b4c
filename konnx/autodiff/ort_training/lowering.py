"""Operators that the training build cannot differentiate, written in others that it can.

A gradient needs of a node only what stands for it at one place: the node's own output stays in the
graph. So an elementwise function may be written as a product, x times its derivative at x, and an
extreme as a sum over what it picked: their gradients are the same.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence

from konnx import ops
from konnx.autodiff.ort_training import compositions, windows
from konnx.autodiff.ort_training.support import reduction
from konnx.autodiff.rules import RULES
from konnx.autodiff.rules._table import Gradients, RuleFunction
from konnx.graph import Node, Tensor, op

Lowered = Sequence[Tensor] | None
"""A tensor for each output of a node; None: this form of the node cannot be written so."""

ELEMENTWISE = frozenset(
    {
        "Acos",
        "Acosh",
        "Asin",
        "Asinh",
        "Atan",
        "Atanh",
        "Celu",
        "Cosh",
        "Elu",
        "HardSigmoid",
        "HardSwish",
        "Max",
        "Min",
        "Mish",
        "Mod",
        "PRelu",
        "Pow",
        "Reciprocal",
        "Selu",
        "Shrink",
        "Sinh",
        "Softplus",
        "Softsign",
        "Sqrt",
        "Tan",
        "ThresholdedRelu",
        "Where",
    }
)
REDUCTIONS = frozenset(
    {
        "ReduceL1",
        "ReduceL2",
        "ReduceLogSum",
        "ReduceLogSumExp",
        "ReduceMax",
        "ReduceMin",
        "ReduceProd",
        "ReduceSumSquare",
    }
)


def _elementwise(node: Node, rule: RuleFunction, active: Container[Tensor]) -> Lowered:
    """The sum of each input times the derivative for it."""
    y = node.outputs[0]
    products = [
        ops.multiply(x, derivative)
        for x, derivative in zip(node.inputs, _held(rule(node, ops.scalar(1, y))), strict=True)
        if x is not None and x in active and derivative is not None
    ]
    if not products:
        return None
    total = products[0]
    for product in products[1:]:
        total = ops.add(total, product)
    # Where the other side of a choice is larger, what is left may be smaller than y.
    return [total if total.dims == y.dims else ops.expand_like(total, y)]


def _reduction(node: Node, rule: RuleFunction) -> Lowered:
    """The sum of x times the derivative, over the same axes."""
    x, *axes = node.inputs
    y = node.outputs[0]
    derivative = _held(rule(node, ops.expand_like(ops.scalar(1, y), y)))[0]
    assert x is not None
    assert derivative is not None
    keepdims = node.attributes.get("keepdims", 1)
    return [op("ReduceSum", ops.multiply(x, derivative), *axes, keepdims=keepdims)]


def _held(derivatives: Gradients) -> list[Tensor | None]:
    """Derivatives, not to be differentiated themselves."""
    return [None if tensor is None else ops.stop_gradient(tensor) for tensor in derivatives]


COMPOSED: dict[str, Callable[[Node], Lowered]] = {
    "AveragePool": windows.average_pool,
    "ConvTranspose": windows.transposed_convolution,
    "CumSum": compositions.cumulative_sum,
    "Dropout": compositions.dropout,
    "MatMul": compositions.matrix_product,
    "MaxPool": windows.max_pool,
    "Mean": compositions.mean,
    "Pad": compositions.pad,
    "Resize": windows.resize,
    "ScatterElements": compositions.scatter_sum,
    "ScatterND": compositions.scatter_sum,
    "Slice": compositions.slice_,
    "Split": compositions.split,
    "Sum": compositions.sum_,
}


def lower(node: Node, active: Container[Tensor]) -> Lowered:
    """Return tensors with the gradients of a node's outputs; None: there are none known.

    Args:
        node: an operator that the training build does not differentiate rightly.
        active: the inputs that gradients are wanted for are among these.
    """
    if node.domain:
        return None
    compose = COMPOSED.get(node.op_type)
    lowered = compose(node) if compose is not None else None
    rule = RULES.get(node.op_type)
    if lowered is not None or rule is None:
        return lowered
    if rule.function is not None and node.op_type in ELEMENTWISE:
        return _elementwise(node, rule.function, active)
    if rule.function is not None and node.op_type in REDUCTIONS and reduction(node) is None:
        return _reduction(node, rule.function)
    return None if rule.lowering is None else rule.lowering(node)
