"""The gradient of a convolution's kernel on blocked channels: itself a convolution.

That gradient sums over all samples and places. Of one sample it is the convolution of the input
with the output's gradient as the kernel, which in blocks lies in memory just as a kernel does: its
places are those of the kernel, its channels the outputs. What remains are the input's channels.
They stand beside each other, so take them for columns: (height, width, block) is an image of
(height, width * block), over which the kernel moves with a dilation of `block`, and the result is
(kernel height, kernel width * block). Nothing is copied or gathered, and no operand is larger than
the caches. A Scan runs over the samples, and each convolution adds to what came before.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from konnx.graph.leaves import int64s, placeholder
from konnx.graph.operators import op
from konnx.graph.passes._nodes import known_sizes
from konnx.graph.passes.blocked.nodes import blocked_node
from konnx.graph.scans import scan_node
from konnx.graph.subgraph import Subgraph
from konnx.graph.tensor import Node, Tensor

KIND = "ConvKernelGradient"
"""What `composite` calls it. Its inputs are those of the convolution and the output's gradient."""

# Elements of an image: from here on, to pad one after another keeps them in the cache.
_MANY = 2**16
_FEWEST_PIXELS = 64  # of an output: below, a step of the Scan takes longer than it computes


@dataclass(frozen=True)
class KernelGradient:
    """One gradient, as `block_channels` computes it.

    Args:
        x: the convolution's input, blocked where its channels fill blocks, otherwise plain.
        dy: the output's gradient, blocked.
        inner: channels of x in a block, 1 if it is plain.
        outer: channels of dy in a block.
        window: attributes of the convolution.
        name: of the Scan.
    """

    x: Tensor
    dy: Tensor
    inner: int
    outer: int
    window: dict[str, Any]
    name: str

    def make(self) -> Tensor:
        """(out, in / group, height, width), plain."""
        return self._of_each_channel() if self.window["group"] > 1 else self._of_all_channels()

    def _of_all_channels(self) -> Tensor:
        channels, rows, columns = (size or 0 for size in self.x.shape[1:])
        out, *places = (size or 0 for size in self.dy.shape[1:])
        outer_blocks, inner_blocks = out // self.outer, channels // self.inner
        height, width = self.window["kernel_shape"]
        attributes = {"dilations": self._beside(self.window["strides"]), "kernel_shape": places}
        total = self._sum_over_samples(
            [inner_blocks, 1, rows, columns * self.inner],
            [out, 1, *places],
            (inner_blocks, out, height, width * self.inner),
            attributes,
        )
        blocks = [inner_blocks, outer_blocks, height, width, self.inner, self.outer]
        arranged = op("Transpose", op("Reshape", total, int64s(blocks)), perm=[1, 5, 0, 4, 2, 3])
        return op("Reshape", arranged, int64s([out, channels, height, width]))

    def _of_each_channel(self) -> Tensor:
        """Depthwise: the blocks of x are those of dy, and both stay as they are."""
        channels, *sizes = (size or 0 for size in self.x.shape[1:])
        places = [size or 0 for size in self.dy.shape[2:]]
        height, width = self.window["kernel_shape"]
        after = self._after()
        reached = [
            size + max(0, -rest) for size, rest in zip((height, width), after, strict=True)
        ]  # more than the kernel where the last pixels meet none
        attributes = {
            "dilations": self.window["strides"],
            "group": channels,
            "kernel_shape": places,
            "pads": [*self.window["pads"][:2], *(max(0, rest) for rest in after)],
        }
        total = self._sum_over_samples(
            [1, channels, *sizes], [channels, 1, *places], (1, channels, *reached), attributes
        )
        blocks = op("Reshape", total, int64s([channels // self.outer, *reached, self.outer]))
        kernel = op("Slice", blocks, int64s([0, 0]), int64s([height, width]), int64s([1, 2]))
        arranged = op("Transpose", kernel, perm=[0, 3, 1, 2])
        return op("Reshape", arranged, int64s([channels, 1, height, width]))

    def _sum_over_samples(
        self,
        image_sizes: list[int],
        kernel_sizes: list[int],
        sums: tuple[int, ...],
        attributes: dict[str, Any],
    ) -> Tensor:
        images = op("Reshape", self.x, int64s([0, *image_sizes]))
        kernels = op("Reshape", self.dy, int64s([0, *kernel_sizes]))
        pads = [] if "pads" in attributes else self._pads()
        at_once = math.prod(image_sizes) < _MANY
        if at_once:
            images = _padded(images, pads)
        image, kernel = (placeholder((t.dims or ())[1:], name="sample") for t in (images, kernels))
        before = placeholder(sums, name="sum")
        given = [image if at_once else _padded(image, pads), kernel, None, before]
        added = blocked_node("Conv", given, attributes, before.type, f"{self.name}/Conv")
        body = Subgraph((before, image, kernel), (), (added,))
        zeros, types = op("ConstantOfShape", int64s(sums)), [before.type]
        node = scan_node([zeros], [images, kernels], [], body, types, reverse=False, name=self.name)
        return node.outputs[0]

    def _pads(self) -> list[int]:
        """What the kernel meets around an image, negative for what it never meets."""
        before, after = self._beside(self.window["pads"][:2]), self._beside(self._after())
        return [0, 0, *before, 0, 0, *after]

    def _beside(self, pair: Sequence[int]) -> list[int]:
        """Numbers of rows and columns, where the channels of a block are columns."""
        return [pair[0], pair[1] * self.inner]

    def _after(self) -> list[int]:
        """The padding at the end of both axes; negative where the last pixels meet no kernel."""
        return [
            (places - 1) * stride + size - before - length
            for places, stride, size, before, length in zip(
                known_sizes((self.dy.dims or ())[2:]) or (),
                self.window["strides"],
                self.window["kernel_shape"],
                self.window["pads"][:2],
                known_sizes((self.x.dims or ())[2:]) or (),
                strict=True,
            )
        ]


def _padded(images: Tensor, pads: list[int]) -> Tensor:
    """An image, or all of them."""
    if not any(pads):
        return images
    half = len(pads) // 2
    more = [0] * (images.ndim - half)
    return op("Pad", images, int64s([*more, *pads[:half], *more, *pads[half:]]))


def is_worth_it(node: Node, block: int) -> bool:
    """Tell whether a composite is such a gradient, of sizes that make this the fastest way."""
    attributes = node.attributes
    if attributes["kind"] != KIND or {*attributes["dilations"]} != {1}:
        return False
    _, x, dy = node.inputs
    assert x is not None
    assert dy is not None
    sizes, places = known_sizes((x.dims or ())[1:]), known_sizes((dy.dims or ())[1:])
    if x.dtype != "float32" or sizes is None or places is None or len(places) != 3:
        return False
    channels, out, group = sizes[0], places[0], attributes["group"]
    if out % block or math.prod(places[1:]) < _FEWEST_PIXELS:
        return False
    if group > 1:
        return bool(channels == out == group)
    fills, is_pixel = channels % block == 0, math.prod(attributes["kernel_shape"]) == 1
    return fills or (channels < block and not is_pixel)
