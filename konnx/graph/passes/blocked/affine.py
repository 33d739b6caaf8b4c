"""Products and sums with one value for each channel, as in batch normalization.

A depthwise convolution of one pixel multiplies each channel by a value, adds another, and, in the
same pass over memory, adds a whole tensor and rectifies.
"""

from __future__ import annotations

from collections.abc import Sequence

from konnx.graph.leaves import int64s
from konnx.graph.operators import op
from konnx.graph.passes.blocked.nodes import DOMAIN, blocked_node
from konnx.graph.passes.blocked.state import Blocking
from konnx.graph.tensor import Node, Tensor
from konnx.graph.types import TensorType


def affine(
    state: Blocking, node: Node, whole: list[Tensor], values: list[Tensor], type_: TensorType
) -> Tensor | None:
    """Return a Mul or Add as such a convolution; None where it is none.

    Args:
        state: what the graph's tensors have become.
        node: the operator.
        whole: its operands that are blocked and as large as the result.
        values: its operands with one value for each channel.
        type_: of the result, channels second.
    """
    if len(whole) + len(values) != 2 or not whole:
        return None
    if node.op_type == "Mul" and values:
        factor = op("Reshape", state.as_plain(values[0]), int64s([-1, 1, 1, 1]))
        return _convolution([state.blocked[whole[0]].tensor, factor], type_, node.name)
    inputs = _with_sum(state, whole, values) if node.op_type == "Add" else None
    return None if inputs is None else _convolution(inputs, type_, node.name)


def _with_sum(
    state: Blocking, whole: list[Tensor], values: list[Tensor]
) -> list[Tensor | None] | None:
    """The inputs of a convolution that is among the summands, with the other summand added."""
    for x, other in zip(whole, whole[::-1], strict=True):
        made = state.blocked[x].tensor.node
        if not _is_affine(made) or not state.is_read_once(x):
            continue
        image, factor, bias, total = [*made.inputs, None, None][:4]
        if values and bias is None:
            return [image, factor, op("Reshape", state.as_plain(values[0]), int64s([-1])), total]
        # The sum is taken in the memory of the other summand, which otherwise is copied first.
        if not values and total is None and state.is_read_once(other):
            return [image, factor, bias, state.blocked[other].tensor]
    return None


def _convolution(inputs: Sequence[Tensor | None], type_: TensorType, name: str) -> Tensor:
    attributes = {"group": (type_.dims or ())[1], "kernel_shape": [1, 1]}
    return blocked_node("Conv", inputs, attributes, type_, name)


def _is_affine(node: Node) -> bool:
    """Tell whether a node is such a convolution, to which more can be added."""
    attributes = node.attributes
    return (
        node.domain == DOMAIN
        and node.op_type == "Conv"
        and attributes["kernel_shape"] == [1, 1]
        and attributes["group"] > 1
        and "activation" not in attributes
    )
