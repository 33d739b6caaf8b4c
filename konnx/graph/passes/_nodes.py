"""What several passes need: who uses a tensor, constants as integers, nodes of known type."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from konnx.graph.tensor import Node, Tensor
from konnx.graph.types import Dim, TensorType
from konnx.graph.walk import topological_order

# fmt: off
UNARY = frozenset({
    "Abs", "Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "Cast", "Ceil", "Celu", "Cos",
    "Cosh", "Elu", "Erf", "Exp", "Floor", "HardSigmoid", "HardSwish", "Identity", "IsInf",
    "IsNaN", "LeakyRelu", "Log", "Mish", "Neg", "Not", "Reciprocal", "Relu", "Round", "Selu",
    "Sigmoid", "Sign", "Sin", "Sinh", "Softplus", "Softsign", "Sqrt", "Tan", "Tanh",
    "ThresholdedRelu",
})
"""Operators of one input that treat each element by itself."""

BROADCASTING = frozenset({
    "Add", "And", "BitShift", "Clip", "Div", "Equal", "Greater", "GreaterOrEqual", "Less",
    "LessOrEqual", "Max", "Mean", "Min", "Mod", "Mul", "Or", "PRelu", "Pow", "Sub", "Sum",
    "Where", "Xor",
})
"""Operators of several inputs that treat each element by itself, once shapes are broadcast."""

REDUCTIONS = frozenset({
    "ReduceL1", "ReduceL2", "ReduceLogSumExp", "ReduceMax", "ReduceMean", "ReduceMin",
    "ReduceProd", "ReduceSum", "ReduceSumSquare",
})
"""Operators that sum up some axes, which they are given as an input."""
# fmt: on


def make(
    op_type: str,
    inputs: Sequence[Tensor | None],
    attributes: Mapping[str, Any],
    types: Sequence[TensorType],
    name: str,
) -> Node:
    """Make a node whose output types the pass knows from the node that it replaces."""
    given = list(inputs)
    while given and given[-1] is None:
        given.pop()
    return Node(op_type, given, attributes, types, name=name)


def count_uses(outputs: Sequence[Tensor]) -> Counter[Tensor]:
    """How often each tensor is an input of a node or an output of the graph."""
    uses = Counter(outputs)
    for node in topological_order(outputs):
        uses.update(tensor for tensor in node.inputs if tensor is not None)
    return uses


def find_users(outputs: Sequence[Tensor]) -> dict[Tensor, list[Node]]:
    """The nodes that take each tensor as an input; a graph's outputs count for nothing."""
    users: dict[Tensor, list[Node]] = defaultdict(list)
    for node in topological_order(outputs):
        for tensor in node.inputs:
            if tensor is not None:
                users[tensor].append(node)
    return users


def count_op(outputs: Sequence[Tensor], op_type: str) -> int:
    """How many nodes of one type the outputs need."""
    return sum(node.op_type == op_type for node in topological_order(outputs))


def value_of(inputs: Sequence[Tensor | None], index: int) -> np.ndarray | None:
    """The value of an input if it is given and constant."""
    tensor = inputs[index] if index < len(inputs) else None
    return None if tensor is None else tensor.constant_value


def ints_of(inputs: Sequence[Tensor | None], index: int) -> list[int] | None:
    """The value of an input that holds sizes, axes or pads, if it is given and constant."""
    value = value_of(inputs, index)
    return None if value is None else [int(item) for item in value.reshape(-1)]


def known_sizes(dims: Sequence[Dim] | None) -> list[int] | None:
    """The sizes if every one of them is a number."""
    sizes = [dim for dim in dims or () if isinstance(dim, int)]
    return sizes if dims is not None and len(sizes) == len(dims) else None


def broadcasts_into(value: np.ndarray, dims: Sequence[Dim] | None) -> bool:
    """Tell whether a constant meets a tensor of these sizes without making it larger."""
    if dims is None or value.ndim > len(dims):
        return value.size == 1 and value.ndim == 0
    tail = dims[len(dims) - value.ndim :]
    return all(size in (1, dim) for size, dim in zip(value.shape, tail, strict=True))


def says_as_much(tensor: Tensor, other: Tensor) -> bool:
    """Tell whether no size that is known of `other` is lost where `tensor` takes its place."""
    if other.dims is None:
        return True
    if tensor.dims is None or len(tensor.dims) != len(other.dims):
        return False
    return all(
        isinstance(mine, int) or mine == theirs or theirs is None
        for mine, theirs in zip(tensor.dims, other.dims, strict=True)
    )
