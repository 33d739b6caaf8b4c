"""Rules for operators that move elements without changing them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from konnx import ops
from konnx.autodiff.rules._table import Gradients, inputs_of, lowering, present, rule
from konnx.graph import Node, Tensor, constant, op, refine


@rule("Flatten")
@rule("Reshape")
@rule("Squeeze")
@rule("Unsqueeze")
def reshape(node: Node, dy: Tensor) -> Gradients:
    """Back to the input's shape."""
    return [ops.reshape_like(dy, present(node.inputs[0])), *[None] * (len(node.inputs) - 1)]


@rule("Transpose")
def transpose(node: Node, dy: Tensor) -> Gradients:
    """The inverse permutation."""
    perm = node.attributes.get("perm", list(range(dy.ndim))[::-1])
    return [ops.transpose(dy, np.argsort(perm).tolist())]


@rule("Expand", broadcasts=True)
def expand(node: Node, dy: Tensor) -> Gradients:
    """Copies add up (the driver sums)."""
    return [dy, None]


@rule("Tile")
def tile(node: Node, dy: Tensor) -> Gradients:
    """Copies add up: the repetitions become axes of their own."""
    x, repeats = inputs_of(node)
    value = repeats.constant_value
    if value is not None and sum(size is None for size in x.shape) <= 1:
        split = ops.reshape(
            dy, [size for pair in zip(value.tolist(), x.shape, strict=True) for size in pair]
        )
    else:
        pairs = ops.stack([repeats, ops.shape(x)], 1)
        split = refine(op("Reshape", dy, ops.reshape(pairs, [-1])), [None] * (2 * x.ndim))
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
        dy if dy is not None else ops.zeros_like(y)
        for y, dy in zip(node.outputs, gradients, strict=True)
    ]
    joined = ops.concatenate(parts, axis=node.attributes.get("axis", 0))
    return [joined, *[None] * (len(node.inputs) - 1)]


@lowering("Pad")
def pad_with_elements(node: Node) -> Sequence[Tensor] | None:
    """Padding with elements of x takes these by the places that a padded range has."""
    mode = node.attributes.get("mode", "constant")
    if mode == "constant":
        return None
    result, pads = present(node.inputs[0]), present(node.inputs[1])
    axes = _given_axes(node, node.inputs[3] if len(node.inputs) > 3 else None, result.ndim)
    for place, axis in enumerate(axes):
        ends = constant([place, place + len(axes)], "int64")
        index = op("Pad", _places(result, axis), op("Gather", pads, ends), mode=mode)
        result = op("Gather", result, index, axis=axis)
    return [result]


def _places(x: Tensor, axis: int) -> Tensor:
    """0, 1, … up to the size of an axis."""
    return ops.arange(ops.size_of(x, axis))


def _given_axes(node: Node, axes: Tensor | None, count: int) -> list[int]:
    """The axes that an input spells out; the first ones, where it is absent."""
    if axes is None:
        return list(range(count))
    if axes.constant_value is None:
        raise ValueError(f"{node!r} has a gradient only where its axes are constant")
    rank = present(node.inputs[0]).ndim
    return [int(axis) % rank for axis in axes.constant_value]


@rule("Pad")
def pad(node: Node, dy: Tensor) -> Gradients:
    """Without the padding; what a negative amount had cut off gets 0."""
    x, pads = present(node.inputs[0]), present(node.inputs[1])
    value = pads.constant_value
    opposite = op("Neg", pads) if value is None else constant(-value)
    axes = node.inputs[3] if len(node.inputs) > 3 else None
    dx = op("Pad", dy, opposite, None, axes)
    return [refine(dx, x.dims or ()), *[None] * (len(node.inputs) - 1)]


@lowering("Slice")
def slice_by_places(node: Node) -> Sequence[Tensor] | None:
    """A slice whose bounds only the run knows takes elements by the same slice of their places."""
    result, starts, ends = (present(tensor) for tensor in node.inputs[:3])
    axes, steps = [*node.inputs[3:], None, None][:2]
    if all(one is None or one.constant_value is not None for one in (starts, steps)):
        return None
    for place, axis in enumerate(_given_axes(node, axes, starts.shape[0] or 0)):
        part = constant([place], "int64")
        bounds = [None if one is None else op("Gather", one, part) for one in (starts, ends, steps)]
        index = op("Slice", _places(result, axis), *bounds[:2], constant([0], "int64"), bounds[2])
        result = op("Gather", result, index, axis=axis)
    return [result]


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
    starts, _, axes, steps = [*node.inputs[1:], None, None][:4]
    first = _values(present(starts))
    apart = [1] * len(first) if steps is None else _values(steps)
    return list(zip(_given_axes(node, axes, len(first)), first, apart, strict=True))


def _values(x: Tensor) -> list[int]:
    assert x.constant_value is not None
    return [int(value) for value in x.constant_value]


def _place(dy: Tensor, axis: int, start: int, step: int, x: Tensor) -> Tensor:
    """Spread dy by |step| along an axis and pad it to the size of x."""
    if step < 0:
        dy = op("Slice", dy, *[constant([v], "int64") for v in (-1, -(2**62), axis, -1)])
    dilated = dilate(dy, axis, abs(step))
    if x.shape[axis] is not None and dilated.shape[axis] is not None:
        return _place_known(dilated, axis, start, step, x)
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


def _place_known(dilated: Tensor, axis: int, start: int, step: int, x: Tensor) -> Tensor:
    """As above where the sizes are known: then the amounts are constants."""
    size, length = x.shape[axis] or 0, dilated.shape[axis] or 0
    first = start + size if start < 0 else start
    before = min(first, size) if step > 0 else min(first, size - 1) - (length - 1)
    before = max(before, 0)
    pads = [(0, 0)] * x.ndim
    pads[axis] = (before, size - length - before)
    return ops.pad(dilated, pads)


@lowering("DepthToSpace")
def depth_to_space(node: Node) -> Sequence[Tensor]:
    """Blocks of channels as blocks of places."""
    x, block = present(node.inputs[0]), node.attributes["blocksize"]
    batch, depth, height, width = (ops.size_of(x, axis) for axis in range(4))
    channels = depth // block**2
    if node.attributes.get("mode", "DCR") == "DCR":
        split, perm = [batch, block, block, channels, height, width], (0, 3, 4, 1, 5, 2)
    else:
        split, perm = [batch, channels, block, block, height, width], (0, 1, 4, 2, 5, 3)
    moved = ops.transpose(ops.reshape(x, split), perm)
    return [ops.reshape(moved, [batch, channels, height * block, width * block])]


@lowering("SpaceToDepth")
def space_to_depth(node: Node) -> Sequence[Tensor]:
    """Blocks of places as blocks of channels."""
    x, block = present(node.inputs[0]), node.attributes["blocksize"]
    batch, channels, height, width = (ops.size_of(x, axis) for axis in range(4))
    high, wide = height // block, width // block
    split = ops.reshape(x, [batch, channels, high, block, wide, block])
    moved = ops.transpose(split, (0, 3, 5, 1, 2, 4))
    return [ops.reshape(moved, [batch, channels * block**2, high, wide])]


@rule("ReverseSequence")
def reverse_sequence(node: Node, dy: Tensor) -> Gradients:
    """Reversed once more."""
    return [op("ReverseSequence", dy, node.inputs[1], **node.attributes), None]


@rule("Trilu")
def trilu(node: Node, dy: Tensor) -> Gradients:
    """The same triangle."""
    return [op("Trilu", dy, *node.inputs[1:], **node.attributes), *[None] * (len(node.inputs) - 1)]


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
