"""Operators on the pixels and axes of blocked images: pooling, sums, enlarging, orders of axes."""

from __future__ import annotations

import numpy as np

from konnx.graph.leaves import int64s
from konnx.graph.operators import op
from konnx.graph.passes._nodes import ints_of, value_of
from konnx.graph.passes.blocked.nodes import (
    TO_FIRST,
    TO_LAST,
    blocked_node,
    perm_of,
    reduced,
)
from konnx.graph.passes.blocked.pool_gradient import max_pool_gradient
from konnx.graph.passes.blocked.state import Blocking
from konnx.graph.tensor import Node


def pooling(state: Blocking, node: Node) -> bool:
    """Where its input is blocked."""
    [x] = node.inputs
    attributes = {key: value for key, value in node.attributes.items() if value != 0}
    attributes.pop("storage_order", None)
    if x is None or x not in state.blocked or not state.can_block(x):
        return False
    if "ceil_mode" in attributes:
        return False
    inputs, type_ = [state.as_blocked(x, last=False)], node.outputs[0].type
    return state.set(node, blocked_node(node.op_type, inputs, attributes, type_, node.name))


def pool_gradient(state: Blocking, node: Node) -> bool:
    """A composite: of max pooling whose windows lie side by side."""
    x, y, dy = (state.as_blocked_first(t) for t in node.inputs if t is not None)
    return state.set(node, max_pool_gradient(x, y, dy, node, state.block))


def reduction(state: Blocking, node: Node) -> bool:
    """Over the pixels, perhaps of all samples: the channels are left, which are plain."""
    x, y = node.inputs[0], node.outputs[0]
    blocked = None if x is None else state.blocked.get(x)
    axes = ints_of(node.inputs, 1)
    if blocked is None or not axes:
        return False
    pixels = {1, 2} if blocked.last else {2, 3}
    axes = [axis % 4 for axis in axes]
    if {*axes} not in (pixels, {0, *pixels}):
        return False
    state.plain[y] = reduced(blocked.tensor, state.block, node.op_type, y, of_samples=0 in axes)
    return True


def sum_of_channels(state: Blocking, node: Node) -> bool:
    """Over all axes but the last."""
    standard, x = node.inputs
    assert standard is not None
    assert x is not None
    y = node.outputs[0]
    if x in state.blocked and state.blocked[x].last:
        tensor = state.blocked[x].tensor
        state.plain[y] = reduced(tensor, state.block, "ReduceSum", y, of_samples=True)
    else:
        state.plain[y] = state.as_plain(standard)
    return True


def enlarging(state: Blocking, node: Node) -> bool:
    """By whole factors, where its input is blocked or its output should be."""
    x, y, scales = node.inputs[0], node.outputs[0], value_of(node.inputs, 2)
    if x is None or scales is None or not state.can_block(x) or not _repeats(node, scales):
        return False
    if x not in state.blocked and y not in state.wanted:
        return False
    attributes = {"scales": [int(scale) for scale in scales]}
    inputs = [state.as_blocked(x, last=False)]
    return state.set(node, blocked_node("Upsample", inputs, attributes, y.type, node.name))


def transpose(state: Blocking, node: Node) -> bool:
    """Nothing, as blocks do not know which axis the channels were."""
    [x] = node.inputs
    blocked = None if x is None else state.blocked.get(x)
    if blocked is None or perm_of(node) != (TO_FIRST if blocked.last else TO_LAST):
        return False
    return state.set(node, blocked.tensor, last=not blocked.last)


def shape(state: Blocking, node: Node) -> bool:
    """That of blocks, in the order of the axes of what is asked for."""
    [x] = node.inputs
    if x not in state.blocked:
        return False
    blocked, y = state.blocked[x], node.outputs[0]
    if node.op_type == "Size" or not blocked.last:
        state.plain[y] = op(node.op_type, blocked.tensor, **node.attributes)
    else:
        order = TO_LAST[node.attributes.get("start", 0) : node.attributes.get("end", 4)]
        state.plain[y] = op("Gather", op("Shape", blocked.tensor), int64s(order))
    return True


def _repeats(node: Node, scales: np.ndarray) -> bool:
    """Tell whether a Resize repeats each pixel some times."""
    attributes = node.attributes
    return (
        attributes.get("mode", "nearest") == "nearest"
        and attributes.get("coordinate_transformation_mode") == "asymmetric"
        and attributes.get("nearest_mode") == "floor"
        and "axes" not in attributes
        and len(node.inputs) == 3
        and scales.size == 4
        and not (scales % 1).any()
        and bool((scales[:2] == 1).all())
    )
