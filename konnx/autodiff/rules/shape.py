"""Rules for operators that move elements without changing them."""

from __future__ import annotations

import numpy as np

from konnx import ops
from konnx.autodiff.rules._table import Gradients, inputs_of, present, rule
from konnx.graph import Node, Tensor, constant, op, refine


@rule("Reshape")
@rule("Squeeze")
@rule("Unsqueeze")
def reshape(node: Node, dy: Tensor) -> Gradients:
    """Back to the input's shape."""
    return [ops.reshape_like(dy, present(node.inputs[0])), *[None] * (len(node.inputs) - 1)]


@rule("Transpose")
def transpose(node: Node, dy: Tensor) -> Gradients:
    """The inverse permutation."""
    return [ops.transpose(dy, np.argsort(node.attributes["perm"]).tolist())]


@rule("Expand", broadcasts=True)
def expand(node: Node, dy: Tensor) -> Gradients:
    """Copies add up (the driver sums)."""
    return [dy, None]


@rule("Tile")
def tile(node: Node, dy: Tensor) -> Gradients:
    """Copies add up: the repetitions become axes of their own."""
    x, repeats = inputs_of(node)
    value = repeats.constant_value
    if value is None or sum(size is None for size in x.shape) > 1:
        raise ValueError(f"{node!r}: the gradient needs constant repeats and at most one size open")
    interleaved = [size for pair in zip(value.tolist(), x.shape, strict=True) for size in pair]
    split = ops.reshape(dy, interleaved)
    return [refine(ops.sum(split, list(range(0, 2 * x.ndim, 2))), x.dims or ()), None]


@rule("Concat")
def concat(node: Node, dy: Tensor) -> Gradients:
    """To each input its part."""
    axis = node.attributes["axis"]
    parts = inputs_of(node)
    if len(parts) == 1:
        return [dy]
    sizes = [part.shape[axis] for part in parts]
    if None in sizes:
        lengths = op("Concat", *[op("Shape", x, start=axis, end=axis + 1) for x in parts], axis=0)
    else:
        lengths = constant(sizes, "int64")
    return list(op("Split", dy, lengths, axis=axis, outputs=len(parts)))


@rule("Split")
def split(node: Node, *gradients: Tensor | None) -> Gradients:
    """The parts together again; zeros for those that nothing used."""
    parts = [
        dy if dy is not None else ops.expand_like(ops.scalar(0, y), y)
        for y, dy in zip(node.outputs, gradients, strict=True)
    ]
    joined = ops.concatenate(parts, axis=node.attributes["axis"])
    return [joined, *[None] * (len(node.inputs) - 1)]


@rule("Pad")
def pad(node: Node, dy: Tensor) -> Gradients:
    """Without the padding; what a negative amount had cut off gets 0."""
    x, pads = present(node.inputs[0]), present(node.inputs[1])
    if node.attributes.get("mode", "constant") != "constant":
        raise ValueError(f"{node!r}: only padding with a constant has a gradient here")
    value = pads.constant_value
    opposite = op("Neg", pads) if value is None else constant(-value)
    axes = node.inputs[3] if len(node.inputs) > 3 else None
    dx = op("Pad", dy, opposite, None, axes)
    return [refine(dx, x.dims or ()), *[None] * (len(node.inputs) - 1)]


@rule("Slice")
def slice_(node: Node, dy: Tensor) -> Gradients:
    """Back to its place, zeros around it."""
    x = present(node.inputs[0])
    dx = dy
    for axis, start, step in _slices(node):
        dx = _place(dx, axis, start, step, x)
    return [refine(dx, x.dims or ()), *[None] * (len(node.inputs) - 1)]


def _slices(node: Node) -> list[tuple[int, int, int]]:
    """(axis, start, step) of each axis that is sliced; starts may count from the end."""
    x, *parameters = inputs_of(node)
    values = [parameter.constant_value for parameter in parameters]
    if values[0] is None:
        raise ValueError(f"{node!r}: the gradient of Slice needs constant starts")
    starts = values[0].tolist()
    axes = values[2].tolist() if len(values) > 2 and values[2] is not None else range(len(starts))
    steps = values[3].tolist() if len(values) > 3 and values[3] is not None else [1] * len(starts)
    return [(axis % x.ndim, a, s) for axis, a, s in zip(axes, starts, steps, strict=True)]


def _place(dy: Tensor, axis: int, start: int, step: int, x: Tensor) -> Tensor:
    """Spread dy by |step| along an axis and pad it to the size of x."""
    if step < 0:
        dy = op("Slice", dy, *[constant([v], "int64") for v in (-1, -(2**62), axis, -1)])
    dilated = dilate(dy, axis, abs(step))
    length = op("Shape", dilated, start=axis, end=axis + 1)
    size = op("Shape", x, start=axis, end=axis + 1)
    zero, one = constant([0], "int64"), constant([1], "int64")
    if step > 0:
        first = constant([start], "int64")
        before = op("Min", op("Add", first, size) if start < 0 else first, size)
    else:  # the last element taken lies |step| * (n - 1) before the first
        first = constant([start], "int64")
        first = op("Min", op("Add", first, size) if start < 0 else first, op("Sub", size, one))
        before = op("Sub", first, op("Sub", length, one))
    before = op("Max", before, zero)
    after = op("Sub", op("Sub", size, length), before)
    return ops.pad_axes(dilated, before, after, axis)


def dilate(x: Tensor, axis: int, step: int) -> Tensor:
    """The elements along an axis with step - 1 zeros between any two of them."""
    if step == 1:
        return x
    rank = x.ndim
    apart = ops.pad(
        ops.expand_dims(x, axis + 1),
        [(0, 0)] * (axis + 1) + [(0, step - 1)] + [(0, 0)] * (rank - axis - 1),
    )
    joined = op("Reshape", apart, _joined_shape(x, axis, step))
    last = [(0, 0)] * axis + [(0, 1 - step)] + [(0, 0)] * (rank - axis - 1)
    return ops.pad(joined, last)


def _joined_shape(x: Tensor, axis: int, step: int) -> Tensor:
    factors = np.ones(x.ndim, dtype=np.int64)
    factors[axis] = step
    sizes = ops.shape(x)
    value = sizes.constant_value
    return constant(value * factors) if value is not None else sizes * constant(factors)
