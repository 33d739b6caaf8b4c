"""Convolutions and pooling as ONNX files spell them, in the form that their rules read.

The rules want `kernel_shape` and `pads` as numbers, and neither `auto_pad` nor `ceil_mode`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from konnx import ops
from konnx.autodiff.rules._table import lowering, present
from konnx.graph import Node, Tensor, constant, int64s, op
from konnx.ops.convolution import known_sizes, same_pads


@dataclass(frozen=True)
class _Form:
    """The attributes of a node whose window slides, with the defaults filled in."""

    node: Node
    sizes: list[int]
    strides: list[int]
    dilations: list[int]
    pads: list[int]
    auto_pad: str

    @staticmethod
    def of(node: Node) -> _Form:
        attributes = node.attributes
        given = attributes.get("kernel_shape")
        if given is None:  # only convolutions may leave it to their kernel
            given = known_sizes(present(node.inputs[1]))[2:]
        sizes = [int(size) for size in given]
        ones = [1] * len(sizes)
        return _Form(
            node,
            sizes,
            list(attributes.get("strides", ones)),
            list(attributes.get("dilations", ones)),
            list(attributes.get("pads", [0] * 2 * len(sizes))),
            attributes.get("auto_pad", "NOTSET"),
        )

    @property
    def is_plain(self) -> bool:
        """Tell whether the rule reads the node as it is."""
        attributes = self.node.attributes
        return (
            "kernel_shape" in attributes
            and self.auto_pad == "NOTSET"
            and not attributes.get("ceil_mode", 0)
            and len(self.node.outputs) == 1
        )

    @property
    def covered(self) -> list[int]:
        return [(k - 1) * d + 1 for k, d in zip(self.sizes, self.dilations, strict=True)]

    @property
    def window(self) -> dict[str, Any]:
        """The attributes but the padding."""
        return {"kernel_shape": self.sizes, "strides": self.strides}

    def padded(self, x: Tensor, value: float = 0.0) -> tuple[Tensor, list[int]]:
        """x and the `pads` that are left to the operator."""
        none = [0] * 2 * len(self.sizes)
        if self.node.attributes.get("ceil_mode", 0):
            return self._padded_by_output(x, value), none
        if self.auto_pad == "NOTSET":
            return x, self.pads
        if self.auto_pad == "VALID":
            return x, none
        lengths = x.shape[2:]
        if any(n is None and s > 1 for n, s in zip(lengths, self.strides, strict=True)):
            return self._padded_by_output(x, value), none
        pairs = [
            self._split(same_pads(1 if n is None else n, k, s, d))
            for n, k, s, d in zip(lengths, self.sizes, self.strides, self.dilations, strict=True)
        ]
        return x, [before for before, _ in pairs] + [after for _, after in pairs]

    def _split(self, pair: tuple[int, int]) -> tuple[int, int]:
        """An odd rest goes to the front, if so asked."""
        return pair if self.auto_pad == "SAME_UPPER" else (pair[1], pair[0])

    def _padded_by_output(self, x: Tensor, value: float) -> Tensor:
        """x with as much around it as the windows of the output reach."""
        one, stride = int64s([1] * len(self.sizes)), int64s(self.strides)
        outputs, inputs = (op("Shape", t, start=2) for t in (self.node.outputs[0], x))
        total = (outputs - one) * stride + int64s(self.covered) - inputs
        if self.auto_pad == "NOTSET":
            before = int64s(self.pads[: len(self.sizes)])
        else:
            total = ops.maximum(total, int64s([0] * len(self.sizes)))
            rest = one if self.auto_pad == "SAME_LOWER" else int64s([0] * len(self.sizes))
            before = ops.divide(total + rest, int64s([2] * len(self.sizes)))
        return ops.pad_axes(x, before, total - before, 2, value)


@lowering("Conv")
def conv(node: Node) -> Sequence[Tensor] | None:
    """With the padding as numbers."""
    form = _Form.of(node)
    if form.is_plain:
        return None
    x, pads = form.padded(present(node.inputs[0]))
    group = node.attributes.get("group", 1)
    y = op(
        "Conv",
        x,
        *node.inputs[1:],
        pads=pads,
        dilations=form.dilations,
        group=group,
        **form.window,
    )
    return [y]


@lowering("MaxPool")
def max_pool(node: Node) -> Sequence[Tensor] | None:
    """With the padding as numbers, and without the places of the maxima."""
    form = _Form.of(node)
    if form.is_plain:
        return None
    x = present(node.inputs[0])
    x, pads = form.padded(x, float(np.finfo(x.dtype).min))
    y = op("MaxPool", x, pads=pads, dilations=form.dilations, **form.window)
    return [y, *node.outputs[1:]]


@lowering("AveragePool")
def average_pool(node: Node) -> Sequence[Tensor] | None:
    """With the padding as numbers; windows that reach over the edge count as they did."""
    form = _Form.of(node)
    if form.is_plain:
        return None
    x = present(node.inputs[0])
    padded, pads = form.padded(x)
    if padded is x:
        counted = node.attributes.get("count_include_pad", 0)
        return [op("AveragePool", x, pads=pads, count_include_pad=counted, **form.window)]
    sizes = op("Concat", int64s([1, 1]), op("Shape", x, start=2), axis=0)
    ones = ops.expand(ops.scalar(1, x), sizes)
    mean, filled = (op("AveragePool", t, **form.window) for t in (padded, form.padded(ones)[0]))
    return [mean * (op("AveragePool", ones, **node.attributes) / filled)]


@lowering("LpPool")
def lp_pool(node: Node) -> Sequence[Tensor]:
    """The root of the sum of |x|^p over each window; a convolution with ones sums."""
    form, power = _Form.of(node), node.attributes.get("p", 2)
    x, pads = form.padded(_power(present(node.inputs[0]), power))
    channels = op("Reshape", x, op("Concat", int64s([-1, 1]), op("Shape", x, start=2), axis=0))
    ones = constant(np.ones((1, 1, *form.sizes), dtype=x.dtype))
    total = op("Conv", channels, ones, pads=pads, dilations=form.dilations, **form.window)
    return [_root(ops.reshape_like(total, node.outputs[0]), power)]


@lowering("GlobalLpPool")
def global_lp_pool(node: Node) -> Sequence[Tensor]:
    """As LpPool, over all of the image."""
    x, power = present(node.inputs[0]), node.attributes.get("p", 2)
    total = ops.sum(_power(x, power), list(range(2, x.ndim)), keepdims=True)
    return [_root(total, power)]


@lowering("GlobalAveragePool")
def global_average_pool(node: Node) -> Sequence[Tensor]:
    """The mean of each channel."""
    x = present(node.inputs[0])
    return [ops.mean(x, list(range(2, x.ndim)), keepdims=True)]


@lowering("GlobalMaxPool")
def global_max_pool(node: Node) -> Sequence[Tensor]:
    """The largest element of each channel."""
    x = present(node.inputs[0])
    return [ops.max(x, list(range(2, x.ndim)), keepdims=True)]


def _power(x: Tensor, power: int) -> Tensor:
    return ops.square(x) if power == 2 else ops.pow(ops.abs(x), float(power))


def _root(total: Tensor, power: int) -> Tensor:
    """The root of what is not negative; its gradient at 0 is 0."""
    if power == 2:
        return op("Sqrt", total)
    positive = ops.positive_mask(total)
    return ops.pow(total + (1.0 - positive), 1.0 / power) * positive


@lowering("ConvTranspose")
def conv_transpose(node: Node) -> Sequence[Tensor] | None:
    """With the padding as numbers, or cut out of all that the kernel reaches."""
    form = _Form.of(node)
    wanted = node.attributes.get("output_shape")
    if form.is_plain and wanted is None:
        return None
    x, kernel, *bias = node.inputs
    if form.auto_pad in ("NOTSET", "VALID") and wanted is None:
        pads = form.pads if form.auto_pad == "NOTSET" else [0] * len(form.pads)
        return [_transposed(form, pads, present(x), kernel, *bias)]
    pairs = _transposed_pads(form, present(x), wanted)
    if pairs is not None:
        pads = [before for before, _ in pairs] + [after for _, after in pairs]
        return [_transposed(form, pads, present(x), kernel, *bias)]
    return [_cut_out(form, present(x), kernel, *bias)]


def _transposed(form: _Form, pads: list[int], *inputs: Tensor | None) -> Tensor:
    attributes = form.node.attributes
    y: Tensor = op(
        "ConvTranspose",
        *inputs,
        pads=pads,
        dilations=form.dilations,
        group=attributes.get("group", 1),
        output_padding=attributes.get("output_padding"),
        **form.window,
    )
    return y


def _transposed_pads(
    form: _Form, x: Tensor, wanted: Sequence[int] | None
) -> list[tuple[int, int]] | None:
    """What to cut off before and after each axis; None if that depends on the size of x."""
    added = form.node.attributes.get("output_padding", [0] * len(form.sizes))
    pairs = []
    for axis, (stride, covered) in enumerate(zip(form.strides, form.covered, strict=True)):
        length = x.shape[2 + axis]
        if wanted is None:
            total = covered + added[axis] - stride
        elif length is None:
            return None
        else:
            total = (length - 1) * stride + covered + added[axis] - wanted[axis]
        small = max(total, 0) // 2
        large = max(total, 0) - small
        pairs.append((small, large) if form.auto_pad == "SAME_UPPER" else (large, small))
        if wanted is not None and total < 0:
            return None
    return pairs


def _cut_out(form: _Form, x: Tensor, kernel: Tensor | None, bias: Tensor | None = None) -> Tensor:
    """All that the kernel reaches, cut or filled up to the size of the output."""
    whole = _transposed(form, [0] * len(form.pads), x, kernel)
    zero = int64s([0] * len(form.sizes))
    sizes, reached = (op("Shape", t, start=2) for t in (form.node.outputs[0], whole))
    total = ops.maximum(reached - sizes, zero)
    half = ops.divide(total, int64s([2] * len(form.sizes)))
    before = half if form.auto_pad == "SAME_UPPER" else total - half
    y = ops.pad_axes(whole, -before, sizes - reached + before, 2)
    if bias is None:
        return y
    return ops.add(y, ops.reshape(bias, [-1, *[1] * len(form.sizes)]))
