"""Operators that put elements back into images: the reverse of taking patches or maxima out."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from konnx import ops
from konnx.autodiff.rules._table import Gradients, lowering, present, rule
from konnx.graph import Node, Tensor, constant, int64s, op


@rule("MaxUnpool")
def max_unpool(node: Node, dy: Tensor) -> Gradients:
    """What stands at each index; indices count through the whole output."""
    indices = present(node.inputs[1])
    absent = [None] * (len(node.inputs) - 1)
    if absent[1:]:
        raise ValueError(f"{node!r}: MaxUnpool has a gradient only without `output_shape`")
    return [ops.gather(ops.reshape(dy, [-1]), indices), *absent]


@lowering("Col2Im")
def column_to_image(node: Node) -> Sequence[Tensor]:
    """A transposed convolution whose kernel puts each row of columns to its place in a block.

    Raises:
        ValueError: the sizes of image or block are only known to the run.
    """
    columns, image, block = (present(tensor) for tensor in node.inputs)
    if image.constant_value is None or block.constant_value is None:
        raise ValueError(f"{node!r}: the gradient of Col2Im needs constant sizes")
    sizes, blocks = image.constant_value.tolist(), block.constant_value.tolist()
    rank, places = len(sizes), prod(blocks)
    strides = list(node.attributes.get("strides", [1] * rank))
    dilations = list(node.attributes.get("dilations", [1] * rank))
    pads = list(node.attributes.get("pads", [0] * 2 * rank))
    lengths, rest = [], []
    for axis in range(rank):
        free = sizes[axis] + pads[axis] + pads[axis + rank]
        free -= (blocks[axis] - 1) * dilations[axis] + 1
        lengths.append(free // strides[axis] + 1)
        rest.append(free % strides[axis])
    patches = ops.reshape(columns, [-1, places, *lengths])
    kernel = constant(np.eye(places, dtype=columns.dtype).reshape(places, 1, *blocks))
    whole = op(
        "ConvTranspose",
        patches,
        kernel,
        kernel_shape=blocks,
        strides=strides,
        dilations=dilations,
        pads=pads,
        output_padding=rest if any(rest) else None,
    )
    return [ops.reshape_like(whole, node.outputs[0])]


@lowering("CenterCropPad")
def center_crop_pad(node: Node) -> Sequence[Tensor]:
    """Cut or filled up with zeros on both sides; an odd rest goes to the end."""
    x, target = (present(tensor) for tensor in node.inputs)
    axes = ops.canonical_axes(node.attributes.get("axes"), x.ndim)
    y = x
    for place, axis in enumerate(axes):
        size = op("Shape", x, start=axis, end=axis + 1)
        wanted = op("Slice", ops.cast(target, "int64"), int64s([place]), int64s([place + 1]))
        missing = wanted - size
        before = ops.divide(missing, int64s([2]))
        y = ops.pad_axes(y, before, missing - before, axis)
    return [y]
