"""The table of gradient rules, and what is declared to have no gradient."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from konnx.graph import Node, Tensor

Gradients = Sequence[Tensor | None]
"""For each input of a node its gradient, or None where there is none."""

RuleFunction = Callable[..., Gradients]


Lowering = Callable[[Node], Sequence[Tensor] | None]
"""What a node computes, written in other operators; None: it has its rule's plain form."""


class Context(Protocol):
    """What the driver tells, and does for, the rule of an operator that holds bodies."""

    @property
    def needed(self) -> Sequence[bool]:
        """For each input of the node, whether its gradient is asked for."""

    def depend(self, results: Sequence[Tensor], sources: Sequence[Tensor]) -> list[bool]:
        """Tell for each result whether gradients pass from it to one of the sources."""

    def pull_back(
        self, outputs: Sequence[Tensor], dys: Sequence[Tensor], wrt: Sequence[Tensor]
    ) -> list[Tensor | None]:
        """Return the gradient for each of `wrt`, given that of each output."""


ControlRule = Callable[[Node, Sequence[Tensor | None], Context], Gradients]


@dataclass(frozen=True)
class Rule:
    """How gradients pass backwards through an operator.

    Args:
        function: called with the node and the gradient of each of its outputs (None: unused).
        broadcasts: the operator broadcasts its inputs, so that a gradient may have the shape of
            the output; the driver then sums it down.
        lowering: asked first; the driver differentiates the tensors that it returns, one for each
            output of the node, in the place of the node.
        control: in place of `function` for an operator that holds bodies; called with the node,
            the gradients of its outputs and a `Context`.
    """

    function: RuleFunction | None = None
    broadcasts: bool = False
    lowering: Lowering | None = None
    control: ControlRule | None = None


RULES: dict[str, Rule] = {}

ZERO_GRADIENT = frozenset(
    {
        "And",
        "ArgMax",
        "ArgMin",
        "Bernoulli",
        "BitShift",
        "BitwiseAnd",
        "BitwiseNot",
        "BitwiseOr",
        "BitwiseXor",
        "BlackmanWindow",
        "Ceil",
        "Constant",
        "ConstantOfShape",
        "ConvInteger",
        "DynamicQuantizeLinear",
        "Equal",
        "EyeLike",
        "Floor",
        "Greater",
        "GreaterOrEqual",
        "HammingWindow",
        "HannWindow",
        "Hardmax",
        "IsInf",
        "IsNaN",
        "LabelEncoder",
        "Less",
        "LessOrEqual",
        "MatMulInteger",
        "MelWeightMatrix",
        "Multinomial",
        "NonMaxSuppression",
        "NonZero",
        "Not",
        "Or",
        "QLinearConv",
        "QLinearMatMul",
        "QuantizeLinear",
        "RandomNormal",
        "RandomNormalLike",
        "RandomUniform",
        "RandomUniformLike",
        "Round",
        "Shape",
        "Sign",
        "Size",
        "StringNormalizer",
        "TfIdfVectorizer",
        "Xor",
    }
)
"""Operators that are constant in pieces, random, or of whole numbers: gradients end there."""


def rule(op_type: str, *, broadcasts: bool = False) -> Callable[[RuleFunction], RuleFunction]:
    """Register the function below as the gradient rule of an operator."""

    def register(function: RuleFunction) -> RuleFunction:
        known = RULES.get(op_type, Rule())
        RULES[op_type] = replace(known, function=function, broadcasts=broadcasts)
        return function

    return register


def lowering(op_type: str) -> Callable[[Lowering], Lowering]:
    """Register the function below as what an operator, or some form of it, is composed of."""

    def register(function: Lowering) -> Lowering:
        RULES[op_type] = replace(RULES.get(op_type, Rule()), lowering=function)
        return function

    return register


def present(tensor: Tensor | None) -> Tensor:
    """Return an input that the operator always has."""
    assert tensor is not None
    return tensor


def inputs_of(node: Node) -> list[Tensor]:
    """Return the inputs of a node that has all of them."""
    return [present(tensor) for tensor in node.inputs]
