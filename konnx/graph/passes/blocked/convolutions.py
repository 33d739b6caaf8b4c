"""Convolutions on blocked channels, and what their gradients are made of."""

from __future__ import annotations

import math

from konnx.graph.passes._nodes import known_sizes
from konnx.graph.passes.blocked.kernel_gradient import KernelGradient
from konnx.graph.passes.blocked.nodes import blocked_filter, blocked_node
from konnx.graph.passes.blocked.state import Blocking
from konnx.graph.passes.blocked.transposed import Transposed
from konnx.graph.tensor import Node

_FEWEST_PIXELS = 64  # of an output: below, to reorder the kernel costs as much as it brings


def is_worth_it(state: Blocking, node: Node) -> bool:
    """Tell whether a convolution is faster on blocked channels even between plain tensors."""
    if node.domain or node.op_type != "Conv" or not _fits(state, node):
        return False
    _, inner, *sizes = _kernel(node)
    return node.attributes.get("group", 1) == 1 and not inner % state.block and max(sizes) > 1


def _fits(state: Blocking, node: Node) -> bool:
    y = node.outputs[0]
    pixels = known_sizes((y.dims or ())[2:])
    return (
        y.dtype == "float32"
        and state.can_block(y)
        and pixels is not None
        and math.prod(pixels) >= _FEWEST_PIXELS
        and bool(_kernel(node))
    )


def convolution(state: Blocking, node: Node) -> bool:
    """Where its input is blocked or worth it; few channels are read as they are."""
    x, kernel, *bias = node.inputs
    if x is None or kernel is None or not _fits(state, node):
        return False
    out, inner, *_ = _kernel(node)
    group = node.attributes.get("group", 1)
    few = group == 1 and inner < state.block  # such channels are read as they are
    depthwise = inner == 1 and group == out
    readable = is_worth_it(state, node) or (x in state.blocked and (group == 1 or depthwise))
    if not (node.outputs[0] in state.wanted if few else readable and state.can_block(x)):
        return False
    inputs = [
        state.as_plain(x) if few else state.as_blocked(x, last=False),
        blocked_filter(state.as_plain(kernel), state.block, inner=not few and not depthwise),
        *[None if tensor is None else state.as_plain(tensor) for tensor in bias],
    ]
    return state.set(
        node, blocked_node("Conv", inputs, node.attributes, node.outputs[0].type, node.name)
    )


def kernel_gradient(state: Blocking, node: Node) -> bool:
    """A composite that `_choose_composites` has left: it is worth it."""
    _, x, dy = node.inputs
    assert x is not None
    assert dy is not None
    few = (x.shape[1] or 0) % state.block != 0
    made = KernelGradient(
        state.as_plain(x) if few else state.as_blocked_first(x),
        state.as_blocked_first(dy),
        1 if few else state.block,
        state.block,
        node.attributes,
        f"{node.scope}/KernelGradient",
    )
    state.plain[node.outputs[0]] = made.make()
    return True


def transposed(state: Blocking, node: Node) -> bool:
    """With strides, as a convolution without, where input and output are blocked."""
    x, kernel, *_ = node.inputs
    y = node.outputs[0]
    if x is None or kernel is None or not (x in state.blocked or y in state.wanted):
        return False
    group = node.attributes.get("group", 1)
    if group not in (1, x.shape[1]) or not state.can_block(x) or not state.can_block(y):
        return False
    found = Transposed.of(node, state.block)
    if found is None or (found.is_depthwise and y.shape[1] != group):
        return False
    made = found.make(state.as_blocked(x, last=False), state.as_plain(kernel))
    return state.set(node, made)


def _kernel(node: Node) -> tuple[int, ...]:
    """The sizes of a convolution's kernel if all are known."""
    kernel = node.inputs[1]
    return tuple(known_sizes(None if kernel is None else kernel.dims) or ())
