"""Operators composed of others, so that their gradients are those of the others."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from konnx import ops
from konnx.graph import Node, Tensor, int64s, op


def inputs_of(node: Node) -> list[Tensor]:
    """Return the inputs that a node has."""
    return [tensor for tensor in node.inputs if tensor is not None]


def sum_(node: Node) -> Sequence[Tensor]:
    """One addition after another."""
    first, *others = inputs_of(node)
    total = ops.identity(first)
    for tensor in others:
        total = ops.add(total, tensor)
    return [total]


def mean(node: Node) -> Sequence[Tensor]:
    """The sum of the inputs over their number."""
    return [ops.multiply(sum_(node)[0], 1.0 / len(node.inputs))]


def matrix_product(node: Node) -> Sequence[Tensor] | None:
    """Of a vector: as of a matrix of one row or column."""
    a, b = inputs_of(node)
    rows = ops.expand_dims(a, 0) if a.ndim == 1 else a
    columns = ops.expand_dims(b, 1) if b.ndim == 1 else b
    product = ops.matmul(rows, columns)
    dropped = [-2] * (a.ndim == 1) + [-1] * (b.ndim == 1)
    return [op("Squeeze", product, int64s(dropped))]


def dropout(node: Node) -> Sequence[Tensor] | None:
    """x itself where nothing is dropped; otherwise what the mask that was drawn leaves of it."""
    x, rate, training = (*node.inputs, None, None)[:3]
    assert x is not None
    if training is None or (training.constant_value is not None and not training.constant_value):
        return [ops.identity(x), *node.outputs[1:]]
    if rate is None or rate.constant_value is None or len(node.outputs) < 2:
        return None
    kept = ops.cast(node.outputs[1], x.dtype)
    return [ops.multiply(x, kept / (1.0 - float(rate.constant_value))), node.outputs[1]]


def split(node: Node) -> Sequence[Tensor] | None:
    """Slices; the builder wants a gradient for each part, needed or not."""
    x = inputs_of(node)[0]
    axis = ops.canonical_axis(node.attributes.get("axis", 0), x.ndim)
    places = [0]
    for part in node.outputs:
        size = part.shape[axis]
        if size is None:
            return None
        places.append(places[-1] + size)
    return [ops.slice_axes(x, [a], [b], [axis]) for a, b in pairwise(places)]


def scatter_sum(node: Node) -> Sequence[Tensor] | None:
    """Additions to places: for gradients as good as setting them, and adding that."""
    if node.attributes.get("reduction", "none") != "add":
        return None
    x, indices, updates = inputs_of(node)
    others = {key: value for key, value in node.attributes.items() if key != "reduction"}
    zeros = ops.zeros_like(x)
    return [ops.add(x, op(node.op_type, zeros, indices, updates, **others))]


def cumulative_sum(node: Node) -> Sequence[Tensor] | None:
    """A product with a triangle of ones."""
    x, axis_tensor = inputs_of(node)
    if axis_tensor.constant_value is None:
        return None
    axis = ops.canonical_axis(int(axis_tensor.constant_value), x.ndim)
    places = _all_places(x, axis)
    rows, columns = op("Unsqueeze", places, int64s([1])), op("Unsqueeze", places, int64s([0]))
    if node.attributes.get("reverse", 0):
        rows, columns = columns, rows
    compare = ops.less if node.attributes.get("exclusive", 0) else ops.less_equal
    last = [*(one for one in range(x.ndim) if one != axis), axis]
    summed = ops.matmul(ops.transpose(x, last), ops.cast(compare(rows, columns), x.dtype))
    return [ops.transpose(summed, [last.index(one) for one in range(x.ndim)])]


def _size(x: Tensor, axis: int) -> Tensor:
    return op("Squeeze", op("Shape", x, start=axis, end=axis + 1), int64s([0]))


def pad(node: Node) -> Sequence[Tensor] | None:
    """Of mode reflect or edge: gathered by place, axis by axis; otherwise without `axes`."""
    x, mode = inputs_of(node)[0], node.attributes.get("mode", "constant")
    amounts = _pad_amounts(node, x.ndim)
    if amounts is None or mode not in ("constant", "reflect", "edge"):
        return None
    if mode == "constant":
        flat = [before for before, _ in amounts] + [after for _, after in amounts]
        return [op("Pad", x, int64s(flat), node.inputs[2])]
    for axis, (before, after) in enumerate(amounts):
        if before or after:
            x = op("Gather", x, _places(x, axis, before, after, mode), axis=axis)
    return [x]


def _pad_amounts(node: Node, ndim: int) -> list[tuple[int, int]] | None:
    """What is added before and after each axis, where it is known."""
    given = node.inputs[1]
    axes = node.inputs[3] if len(node.inputs) > 3 else None
    amounts = None if given is None else given.constant_value
    places = np.arange(ndim) if axes is None else axes.constant_value
    if amounts is None or places is None:
        return None
    found = [(0, 0)] * ndim
    for i, axis in enumerate(places):
        found[int(axis) % ndim] = int(amounts[i]), int(amounts[i + len(places)])
    return found


def _places(x: Tensor, axis: int, before: int, after: int, mode: str) -> Tensor:
    size = _size(x, axis)
    one = ops.as_tensor(1, "int64")
    places = op("Range", ops.as_tensor(-before, "int64"), size + ops.as_tensor(after, "int64"), one)
    if mode == "edge":
        return ops.maximum(ops.minimum(places, size - one), ops.as_tensor(0, "int64"))
    inside = ops.abs(places)
    return (size - one) - ops.abs((size - one) - inside)


def slice_(node: Node) -> Sequence[Tensor] | None:
    """Gathered by place, axis by axis."""
    x, starts, ends, axes, steps = (list(node.inputs) + [None] * 3)[:5]
    assert x is not None
    assert starts is not None
    assert ends is not None
    count = starts.shape[0]
    places = None if count is None else np.arange(count)
    if axes is not None:
        places = axes.constant_value
    if places is None:
        return None
    for i, axis in enumerate(places.tolist()):
        first, end = (ops.slice_axes(t, [i], [i + 1], [0]) for t in (starts, ends))
        step = None if steps is None else ops.slice_axes(steps, [i], [i + 1], [0])
        taken = op("Slice", _all_places(x, axis), first, end, int64s([0]), step)
        x = op("Gather", x, taken, axis=axis)
    return [x]


def _all_places(x: Tensor, axis: int) -> Tensor:
    zero, one = ops.as_tensor(0, "int64"), ops.as_tensor(1, "int64")
    return op("Range", zero, _size(x, ops.canonical_axis(axis, x.ndim)), one)
