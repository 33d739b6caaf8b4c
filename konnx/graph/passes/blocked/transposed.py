"""Transposed convolutions with strides on blocked channels, as plain convolutions.

Each place of the output within a stride is a channel of its own (the pixels of a convolution
without strides, as in W. Shi et al., Real-time single image and video super-resolution, 2016): it
meets every stride-th row and column of the kernel. One convolution makes all of them, and pixels
are then put in order. Depthwise, where ONNX Runtime knows no such channels, zeros are put between
the pixels first.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from konnx.graph.leaves import constant, int64s
from konnx.graph.operators import op
from konnx.graph.passes._nodes import known_sizes
from konnx.graph.passes.blocked.nodes import blocked_filter, blocked_node
from konnx.graph.tensor import Node, Tensor
from konnx.graph.types import TensorType


@dataclass(frozen=True)
class Transposed:
    """A transposed convolution of known sizes.

    Args:
        node: the operator.
        inputs: rows and columns of its input.
        outputs: those of its output, whole strides of them.
        kernel: those of its kernel.
        strides: down and to the right.
        before: what is cut off at the top and at the left.
        block: channels in a block.
    """

    node: Node
    inputs: Sequence[int]
    outputs: Sequence[int]
    kernel: Sequence[int]
    strides: Sequence[int]
    before: Sequence[int]
    block: int

    @staticmethod
    def of(node: Node, block: int) -> Transposed | None:
        """Take an operator apart; None where this is no way for it."""
        x, kernel, *bias = node.inputs
        assert x is not None
        assert kernel is not None
        sizes = [known_sizes((t.dims or ())[2:]) for t in (x, node.outputs[0], kernel)]
        if bias or None in sizes or x.dtype != "float32" or len(sizes[0] or ()) != 2:
            return None
        inputs, outputs, spatial = (size or [] for size in sizes)
        strides = node.attributes.get("strides", [1, 1])
        if {*node.attributes.get("dilations", [1])} != {1} or any(
            length % stride for length, stride in zip(outputs, strides, strict=True)
        ):
            return None
        before = node.attributes.get("pads", [0, 0])[:2]
        found = Transposed(node, inputs, outputs, spatial, strides, before, block)
        return found if min(found._pads()) >= 0 else None

    @property
    def is_depthwise(self) -> bool:
        """Tell whether each channel has a kernel of its own."""
        return bool(self.node.attributes.get("group", 1) > 1)

    def make(self, x: Tensor, kernel: Tensor) -> Tensor:
        """The output, blocked.

        Args:
            x: blocked.
            kernel: (in, out / group, height, width), plain.
        """
        return self._depthwise(x, kernel) if self.is_depthwise else self._of_parts(x, kernel)

    # One convolution for all places of a stride --------------------------------------------------

    def _of_parts(self, x: Tensor, kernel: Tensor) -> Tensor:
        y = self.node.outputs[0]
        channels, (down, right) = y.shape[1] or 0, self.strides
        steps = [n // stride for n, stride in zip(self.outputs, self.strides, strict=True)]
        dims = ((y.dims or ())[0], down * right * channels, *steps)
        filters = self._parts_of_kernel(kernel)
        made = blocked_node(
            "Conv",
            [x, blocked_filter(filters, self.block, inner=True)],
            {"kernel_shape": filters.shape[2:], "pads": self._pads()},
            TensorType(y.dtype, dims),
            self.node.name,
        )
        blocks = channels // self.block
        numbers = np.arange(down * right * blocks * math.prod(steps))
        parts = numbers.reshape(down, right, blocks, *steps).transpose(2, 3, 0, 4, 1)
        return self._gathered(made, parts)

    def _parts_of_kernel(self, kernel: Tensor) -> Tensor:
        """(strides * out, in, height, width) of the convolution, zeros where a part meets less."""
        padded = op("Pad", kernel, int64s([0, 0, 0, 0, 0, 0, 1, 1]))
        rows = op("Gather", padded, constant(self._places(0)), axis=2)
        both = op("Gather", rows, constant(self._places(1)), axis=4)
        inner, out, down, height, right, width = both.shape
        arranged = op("Transpose", both, perm=[2, 4, 1, 0, 3, 5])
        count = (down or 0) * (right or 0) * (out or 0)
        return op("Reshape", arranged, int64s([count, inner or 0, height or 0, width or 0]))

    def _reach(self, axis: int) -> tuple[int, int]:
        """The first and the last step from an output's place to the inputs that it meets."""
        stride, before, size = self.strides[axis], self.before[axis], self.kernel[axis]
        steps = [
            (part + before - place) // stride
            for part in range(stride)
            for place in range((part + before) % stride, size, stride)
        ]
        return min(steps), max(steps)

    def _places(self, axis: int) -> np.ndarray:
        """The kernel's place for each part and step; its size where there is none."""
        (first, last), stride = self._reach(axis), self.strides[axis]
        part, step = np.ogrid[:stride, first : last + 1]
        place = part + self.before[axis] - step * stride
        none = (place < 0) | (place >= self.kernel[axis])
        return np.where(none, self.kernel[axis], place)

    def _pads(self) -> list[int]:
        if self.is_depthwise:
            return self._depthwise_pads()
        before = [-self._reach(axis)[0] for axis in (0, 1)]
        after = [
            self.outputs[axis] // self.strides[axis] - self.inputs[axis] + self._reach(axis)[1]
            for axis in (0, 1)
        ]
        return before + after

    # Zeros between pixels ------------------------------------------------------------------------

    def _depthwise(self, x: Tensor, kernel: Tensor) -> Tensor:
        y = self.node.outputs[0]
        channels, (rows, columns), (down, right) = y.shape[1] or 0, self.inputs, self.strides
        blocks = channels // self.block
        zero = blocks * rows * columns
        places = np.full((blocks, rows, down, columns, right), zero)
        places[:, :, 0, :, 0] = np.arange(zero).reshape(blocks, rows, columns)
        dims = ((y.dims or ())[0], channels, rows * down, columns * right)
        backwards = int64s([-(2**31)] * 2)
        turned = op("Slice", kernel, int64s([-1, -1]), backwards, int64s([2, 3]), int64s([-1, -1]))
        return blocked_node(
            "Conv",
            [
                self._gathered(x, places, TensorType(y.dtype, dims)),
                blocked_filter(turned, self.block, inner=False),
            ],
            {"kernel_shape": self.kernel, "pads": self._depthwise_pads(), "group": channels},
            y.type,
            self.node.name,
        )

    def _depthwise_pads(self) -> list[int]:
        before = [size - 1 - cut for size, cut in zip(self.kernel, self.before, strict=True)]
        after = [
            self.outputs[axis]
            - self.inputs[axis] * self.strides[axis]
            - before[axis]
            + self.kernel[axis]
            - 1
            for axis in (0, 1)
        ]
        return before + after

    def _gathered(self, x: Tensor, places: np.ndarray, type_: TensorType | None = None) -> Tensor:
        """Blocks of pixels in another order; a zero for the number after the last."""
        _, channels, *sizes = (size or 0 for size in x.shape)
        count = channels // self.block * math.prod(sizes)
        pixels = op("Reshape", x, int64s([0, count, self.block]))
        if places.max() == count:
            pixels = op("Pad", pixels, int64s([0, 0, 0, 0, 1, 0]))
        gathered = op("Gather", pixels, constant(places.reshape(-1), "int64"), axis=1)
        type_ = self.node.outputs[0].type if type_ is None else type_
        shape = int64s([0, *[dim if isinstance(dim, int) else 0 for dim in (type_.dims or ())[1:]]])
        return Node(
            "Reshape", [gathered, shape], {}, [type_], name=f"{x.node.name}/Pixels"
        ).outputs[0]
