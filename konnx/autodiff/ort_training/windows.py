"""Operators that slide over axes, composed of convolutions, products and places."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from konnx import ops
from konnx.autodiff.ort_training.compositions import inputs_of
from konnx.graph import Node, Tensor, constant, int64s, op, refine


def max_pool(node: Node) -> Sequence[Tensor] | None:
    """Taken from all elements of x in a row, by the places of the largest."""
    x, y = inputs_of(node)[0], node.outputs[0]
    attributes = {key: one for key, one in node.attributes.items() if key != "storage_order"}
    _, places = op("MaxPool", x, outputs=2, **attributes)
    taken = op("Gather", op("Reshape", x, int64s([-1])), places, axis=0)
    return [refine(taken, y.dims or ()), *node.outputs[1:]]


def average_pool(node: Node) -> Sequence[Tensor] | None:
    """A convolution of each channel with a kernel of ones, over the number of elements."""
    x, y = inputs_of(node)[0], node.outputs[0]
    if node.attributes.get("auto_pad", "NOTSET") not in ("NOTSET", "VALID"):
        return None
    channels = x.shape[1]
    if node.attributes.get("ceil_mode", 0) or channels is None:
        return None
    sizes = list(node.attributes["kernel_shape"])
    rank = len(sizes)
    kernel = op("Expand", ops.scalar(1, x), int64s([1, 1, *sizes]))
    places = {
        key: node.attributes[key]
        for key in ("strides", "pads", "dilations")
        if key in node.attributes
    }

    def summed(tensor: Tensor) -> Tensor:
        flat = op("Reshape", tensor, int64s([-1, 1, *[0] * rank]))
        total = op("Conv", flat, kernel, kernel_shape=sizes, **places)
        return op("Reshape", total, int64s([-1, channels, *[0] * rank]))

    if node.attributes.get("count_include_pad", 0):
        count = ops.scalar(float(math.prod(sizes)), x)
    else:
        count = summed(ops.expand_like(ops.scalar(1, x), x))
    return [refine(ops.divide(summed(x), count), y.dims or ())]


def transposed_convolution(node: Node) -> Sequence[Tensor] | None:
    """A convolution of x, spread out by the strides, with the kernel turned round."""
    x, kernel, *bias = inputs_of(node)
    rank, group = kernel.ndim - 2, int(node.attributes.get("group", 1))
    sizes = kernel.shape
    if (
        None in sizes
        or node.attributes.get("auto_pad", "NOTSET") != "NOTSET"
        or "output_shape" in node.attributes
    ):
        return None
    ones = [1] * rank
    strides, dilations = (list(node.attributes.get(key, ones)) for key in ("strides", "dilations"))
    pads = list(node.attributes.get("pads", [0] * 2 * rank))
    extra = list(node.attributes.get("output_padding", [0] * rank))
    reach = [(int(size or 0) - 1) * d for size, d in zip(sizes[2:], dilations, strict=True)]
    amounts = [(0, 0), (0, 0)] + [
        (reach[i] - pads[i], reach[i] - pads[i + rank] + extra[i]) for i in range(rank)
    ]
    spread = ops.pad(_spread_out(x, strides), amounts)
    return [op("Conv", spread, _turned(kernel, group), *bias, dilations=dilations, group=group)]


def _spread_out(x: Tensor, strides: Sequence[int]) -> Tensor:
    """x with strides - 1 zeros between its elements, along each axis after the second."""
    for axis, stride in enumerate(strides, 2):
        if stride > 1:
            apart = op("Unsqueeze", x, int64s([axis + 1]))
            apart = ops.pad(
                apart, [(0, 0)] * (axis + 1) + [(0, stride - 1)] + [(0, 0)] * (x.ndim - axis - 1)
            )
            joined = op("Reshape", apart, _joined_shape(apart, axis))
            x = ops.slice_axes(joined, [0], [1 - stride], [axis])
    return x


def _joined_shape(x: Tensor, axis: int) -> Tensor:
    """The shape of x with two of its axes made one."""
    return op(
        "Concat",
        op("Shape", x, start=0, end=axis),
        int64s([-1]),
        op("Shape", x, start=axis + 2),
        axis=0,
    )


def _turned(kernel: Tensor, group: int) -> Tensor:
    """The kernel of the convolution that a transposed one is the gradient of."""
    inputs, outputs, *sizes = (int(size or 0) for size in kernel.shape)
    rank = len(sizes)
    axes = list(range(2, 2 + rank))
    kernel = ops.slice_axes(kernel, [-1] * rank, [-(2**62)] * rank, axes, [-1] * rank)
    kernel = ops.reshape(kernel, [group, inputs // group, outputs, *sizes])
    kernel = ops.transpose(kernel, [0, 2, 1, *range(3, 3 + rank)])
    return ops.reshape(kernel, [group * outputs, inputs // group, *sizes])


def resize(node: Node) -> Sequence[Tensor] | None:
    """A matrix product along each axis; the matrix is what the operator makes of ones."""
    x, _, scales, sizes = (*node.inputs, None, None, None)[:4]
    assert x is not None
    given = scales if sizes is None else sizes
    known = None if given is None else given.constant_value
    rest = {key: value for key, value in node.attributes.items() if key != "axes"}
    if known is None or rest.get("coordinate_transformation_mode") == "tf_crop_and_resize":
        return None
    if rest.get("keep_aspect_ratio_policy", "stretch") != "stretch":
        return None
    axes = node.attributes.get("axes", range(x.ndim))
    for axis, goal in zip(axes, known.tolist(), strict=True):
        place = ops.canonical_axis(axis, x.ndim)
        if goal == (1 if sizes is None else x.shape[place]):
            continue
        ones = _identity_matrix(x, place)
        if sizes is None:
            matrix = op("Resize", ones, None, constant(np.array([goal, 1], np.float32)), **rest)
        else:
            both = op("Concat", int64s([goal]), op("Shape", ones, start=1), axis=0)
            matrix = op("Resize", ones, None, None, both, **rest)
        x = _multiply_along(x, matrix, place)
    return [x]


def _identity_matrix(x: Tensor, axis: int) -> Tensor:
    """As large as x is along an axis."""
    size = x.shape[axis]
    if size is not None:
        return constant(np.eye(size, dtype=x.dtype))
    length = op("Shape", x, start=axis, end=axis + 1)
    zeros = op("Expand", ops.scalar(0, x), op("Concat", length, length, axis=0))
    return op("EyeLike", zeros)


def _multiply_along(x: Tensor, matrix: Tensor, axis: int) -> Tensor:
    """x with each of its rows along an axis multiplied by a matrix."""
    last = [*(one for one in range(x.ndim) if one != axis), axis]
    product = ops.matmul(ops.transpose(x, last), ops.transpose(matrix))
    return ops.transpose(product, [last.index(one) for one in range(x.ndim)])
