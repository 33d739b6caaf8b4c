"""Which operators the training build may be given: those whose gradients were found right.

onnxruntime-training 1.19.2 differentiates some operators wrongly without a word, and ends the
process on others. So this is a list of what is allowed; everything else is lowered or refused.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from itertools import zip_longest

from konnx.graph import Node, Tensor

Reason = str | None
"""Why a node cannot be given to the training build; None: it can."""


class UnsupportedError(Exception):
    """The training build cannot differentiate a graph; names the operator and its node."""

    def __init__(self, node: Node, reason: str) -> None:
        super().__init__(f"{node.op_type} (node '{node.name}'): {reason}")


_FIRST_ONLY = frozenset({"Clip", "Pad"})
"""Operators that pass a gradient to their first input only."""

ALWAYS = frozenset(
    {
        "Abs",
        "Add",
        "Clip",
        "Concat",
        "Cos",
        "Div",
        "Erf",
        "Exp",
        "Expand",
        "Flatten",
        "GatherElements",
        "Gather",
        "GatherND",
        "Gemm",
        "GlobalAveragePool",
        "Identity",
        "LeakyRelu",
        "Log",
        "LogSoftmax",
        "Mul",
        "Neg",
        "Relu",
        "Reshape",
        "Sigmoid",
        "Sin",
        "Softmax",
        "Squeeze",
        "Sub",
        "Tanh",
        "TopK",
        "Transpose",
        "Trilu",
        "Unsqueeze",
    }
)
"""Operators that are right with all inputs and attributes."""


def _conv(node: Node) -> Reason:
    padding = node.attributes.get("auto_pad", "NOTSET")
    return (
        None if padding in ("NOTSET", "VALID") else f"its gradient with auto_pad={padding} is wrong"
    )


def _slice(node: Node) -> Reason:
    steps = node.inputs[4] if len(node.inputs) > 4 else None
    if steps is None:
        return None
    value = steps.constant_value
    backwards = value is None or bool((value < 0).any())
    return "its gradient with negative steps may fail" if backwards else None


def _pad(node: Node) -> Reason:
    mode = node.attributes.get("mode", "constant")
    if mode != "constant":
        return f"it has no gradient with mode={mode}"
    return "its gradient with `axes` is wrong" if len(node.inputs) > 3 else None


def _scatter(node: Node) -> Reason:
    reduction = node.attributes.get("reduction", "none")
    return None if reduction == "none" else f"its gradient with reduction={reduction} is wrong"


def _matrix_product(node: Node) -> Reason:
    has_vector = any(tensor is not None and len(tensor.dims or ()) < 2 for tensor in node.inputs)
    return "it has no gradient for a vector" if has_vector else None


def reduction(node: Node) -> Reason:
    """Why a reduction cannot be given, nor written as a sum."""
    axes = node.inputs[1] if len(node.inputs) > 1 else None
    if axes is None:
        return "it may reduce nothing" if node.attributes.get("noop_with_empty_axes") else None
    value = axes.constant_value
    return "its axes are not known" if value is None or not value.size else None


def _tile(node: Node) -> Reason:
    repeats = node.inputs[1]
    known = repeats is not None and repeats.constant_value is not None
    return None if known else "its repeats are not known"


BROADCASTING = frozenset({"Add", "Div", "Expand", "Gemm", "MatMul", "Mul", "Sub"})
"""Operators that repeat an input along axes where it has the size 1."""

SOMETIMES: dict[str, Callable[[Node], Reason]] = {
    "Conv": _conv,
    "MatMul": _matrix_product,
    "Pad": _pad,
    "ReduceMean": reduction,
    "ReduceSum": reduction,
    "ScatterElements": _scatter,
    "ScatterND": _scatter,
    "Slice": _slice,
    "Tile": _tile,
}
"""Operators that are right in some forms."""


def broadcasts_unseen(node: Node) -> bool:
    """Tell whether only a run shows if the node repeats an input along some axis.

    Where sizes have names, the builder takes different ones for equal.
    """
    if node.op_type not in BROADCASTING:
        return False
    shapes = [tensor.dims or () for tensor in (*node.inputs, *node.outputs) if tensor is not None]
    if node.op_type == "Expand":
        shapes = [shapes[0], shapes[2]]
    if node.op_type == "MatMul":
        shapes = [dims[:-2] for dims in shapes]
    columns = zip_longest(*(dims[::-1] for dims in shapes), fillvalue=1)
    return any(
        len(sizes) > 1 and any(isinstance(size, str) for size in sizes)
        for sizes in ({size for size in column if size not in (1, None)} for column in columns)
    )


def is_native(node: Node) -> bool:
    """Tell whether the training build may be given the node as it is."""
    if node.domain or node.op_type not in ALWAYS | SOMETIMES.keys():
        return False
    allowed = SOMETIMES.get(node.op_type)
    return allowed is None or allowed(node) is None


def why_not(node: Node) -> str:
    """Return why a node is not native."""
    if node.domain:
        return f"operators of the domain '{node.domain}' have no gradient"
    allowed = SOMETIMES.get(node.op_type)
    return (allowed and allowed(node)) or "it has no gradient, and nothing stands for it"


def check_inputs(node: Node, differentiated: Collection[Tensor]) -> None:
    """Check that gradients can pass through the tensors of a node.

    Raises:
        UnsupportedError: they cannot.
    """
    for tensor in differentiated:
        if tensor.dtype != "float32":
            raise UnsupportedError(node, f"only float32 is differentiated, not {tensor.dtype}")
    if node.op_type in _FIRST_ONLY and any(t in differentiated for t in node.inputs[1:]):
        raise UnsupportedError(node, "only its first input can have a gradient")
