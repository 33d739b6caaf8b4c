"""How a window slides over an input: what convolutions and pooling have in common."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from konnx import ops
from konnx.graph import Node, Tensor, constant, op


@dataclass(frozen=True)
class Window:
    """How a kernel of given spatial sizes moves over an input; all lists go by spatial axis."""

    sizes: list[int]
    strides: list[int]
    dilations: list[int]
    before: list[int]
    after: list[int]

    @staticmethod
    def of(node: Node) -> Window:
        """Read the attributes of Conv, MaxPool, AveragePool."""
        sizes = [int(size) for size in node.attributes["kernel_shape"]]
        ones = [1] * len(sizes)
        pads = list(node.attributes.get("pads", [0] * 2 * len(sizes)))
        return Window(
            sizes,
            list(node.attributes.get("strides", ones)),
            list(node.attributes.get("dilations", ones)),
            pads[: len(sizes)],
            pads[len(sizes) :],
        )

    @property
    def rank(self) -> int:
        """The number of spatial axes."""
        return len(self.sizes)

    @property
    def covered(self) -> list[int]:
        """How far the kernel reaches on each axis."""
        return [(k - 1) * d + 1 for k, d in zip(self.sizes, self.dilations, strict=True)]

    @property
    def pads(self) -> list[tuple[int, int]]:
        """(before, after) for all axes of the input, batch and channels included."""
        return [(0, 0), (0, 0), *zip(self.before, self.after, strict=True)]

    @property
    def is_partition(self) -> bool:
        """Tell whether the windows lie side by side without gaps, overlaps and padding."""
        return (
            self.sizes == self.strides
            and set(self.dilations) == {1}
            and not any(self.before + self.after)
        )

    def offsets(self) -> Iterator[tuple[int, ...]]:
        """Run through the places of the kernel, in row-major order."""
        yield from itertools.product(*(range(size) for size in self.sizes))

    def seen_from(self, padded: Tensor, offset: Sequence[int], y: Tensor) -> Tensor:
        """The elements of the padded input that one place of the kernel meets, shaped like y."""
        starts = [o * d for o, d in zip(offset, self.dilations, strict=True)]
        axes = list(range(2, 2 + self.rank))
        lengths = y.shape[2:]
        if None in lengths:
            return self._seen_from_dynamic(padded, starts, axes, y)
        ends = [
            start + ((length or 1) - 1) * stride + 1
            for start, length, stride in zip(starts, lengths, self.strides, strict=True)
        ]
        return ops.slice_axes(padded, starts, ends, axes, self.strides)

    def _seen_from_dynamic(
        self, padded: Tensor, starts: list[int], axes: list[int], y: Tensor
    ) -> Tensor:
        first, stride = constant(starts, "int64"), constant(self.strides, "int64")
        one = constant(1, "int64")
        ends = (op("Shape", y, start=2) - one) * stride + first + one
        return op("Slice", padded, first, ends, constant(axes, "int64"), stride)
