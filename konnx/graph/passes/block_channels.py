"""Convolutions and what is between them on blocked channels, ONNX Runtime's fastest layout on CPU.

ONNX Runtime does this by itself for models whose weights are constants. In a training step they
are not, so that convolutions there take a third longer. The result is no standard ONNX: it is for
a graph that is loaded at once, never for a file.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from konnx.graph.passes._nodes import BROADCASTING, UNARY
from konnx.graph.passes.blocked import (
    convolutions,
    elementwise,
    kernel_gradient,
    pixels,
    pool_gradient,
)
from konnx.graph.passes.blocked.state import Blocking
from konnx.graph.tensor import Node, Tensor, is_composite, name_scope
from konnx.graph.walk import rewrite, topological_order


def block_channels(outputs: Sequence[Tensor], block: int) -> list[Tensor]:
    """Return the outputs with two-dimensional convolutions on blocked channels.

    Operators that treat each element by itself, pooling and enlarging follow where their input is
    blocked. All that has other types or sizes stays as it is.

    Args:
        outputs: tensors of a graph without phases.
        block: the number of channels in a block, as `runtime.channel_block` tells it.
    """
    state = Blocking(_choose_composites(outputs, block), block)
    order = topological_order(state.outputs)
    state.wanted = _find_wanted(state, order)
    if not state.wanted:
        return state.outputs
    for node in order:
        with name_scope(node.scope):
            if not _apply_rule(state, node):
                state.copy(node)
    return [state.as_plain(tensor) for tensor in state.outputs]


def _choose_composites(outputs: Sequence[Tensor], block: int) -> list[Tensor]:
    """Return the outputs with composites alone, where that is fastest, otherwise without any."""

    def replace(node: Node, inputs: list[Tensor | None]) -> Sequence[Tensor] | None:
        if not node.outputs or not is_composite(node.outputs[0]):
            return None
        if node.attributes["kind"] == "SumToLastAxis":
            return None
        if kernel_gradient.is_worth_it(node, block) or pool_gradient.is_worth_it(node, block):
            return node.with_inputs([None, *inputs[1:]]).outputs
        assert inputs[0] is not None
        return [inputs[0]]

    return rewrite(outputs, replace)


def _find_wanted(state: Blocking, order: Sequence[Node]) -> set[Tensor]:
    """The tensors from which a way of followers leads to a convolution that is worth it."""
    wanted: set[Tensor] = set()
    for node in reversed(order):
        follows = not node.domain and node.op_type in _FOLLOWERS and node.outputs[0] in wanted
        if follows or convolutions.is_worth_it(state, node):
            wanted.update(tensor for tensor in node.inputs[:2] if tensor is not None)
        elif node.outputs and is_composite(node.outputs[0]) and node.inputs[0] is None:
            wanted.update(tensor for tensor in node.inputs[1:] if tensor is not None)
    return wanted


def _apply_rule(state: Blocking, node: Node) -> bool:
    if len(node.outputs) != 1:
        return False
    if is_composite(node.outputs[0]):
        return _COMPOSITES[node.attributes["kind"]](state, node)
    rule = None if node.domain else _RULES.get(node.op_type)
    return rule is not None and rule(state, node)


# Each returns whether it could; otherwise the operator stays as it is, on plain tensors.
_Rule = Callable[[Blocking, Node], bool]
_RULES: dict[str, _Rule] = {
    **dict.fromkeys(UNARY | BROADCASTING, elementwise.elementwise),
    **dict.fromkeys(("ReduceMean", "ReduceSum"), pixels.reduction),
    "AveragePool": pixels.pooling,
    "Expand": elementwise.expansion,
    "Shape": pixels.shape,
    "Size": pixels.shape,
    "Conv": convolutions.convolution,
    "ConvTranspose": convolutions.transposed,
    "MaxPool": pixels.pooling,
    "Relu": elementwise.relu,
    "Resize": pixels.enlarging,
    "Transpose": pixels.transpose,
}
_COMPOSITES: dict[str, _Rule] = {
    kernel_gradient.KIND: convolutions.kernel_gradient,
    "SumToLastAxis": pixels.sum_of_channels,
    pool_gradient.KIND: pixels.pool_gradient,
}
_FOLLOWERS = _RULES.keys() - {"Conv", "ReduceMean", "ReduceSum", "Shape", "Size"}
