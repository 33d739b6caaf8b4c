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
from dataclasses import dataclass

from konnx.graph.leaves import int64s, placeholder
from konnx.graph.operators import op
from konnx.graph.passes._blocked_nodes import blocked_node
from konnx.graph.passes._nodes import known_sizes
from konnx.graph.scans import scan_node
from konnx.graph.subgraph import Subgraph
from konnx.graph.tensor import Node, Tensor

KIND = "ConvKernelGradient"
"""What `composite` calls it. Its inputs are those of the convolution and the output's gradient."""

_FEWEST_PIXELS = 64  # of an output: below, a step of the Scan takes longer than it computes
_FILTERS = 64  # that ONNX Runtime computes together, at most


@dataclass(frozen=True)
class KernelGradient:
    """One gradient, as `block_channels` computes it.

    Args:
        x: the convolution's input, blocked where its channels fill blocks, otherwise plain.
        dy: the output's gradient, blocked.
        inner: channels of x in a block, 1 if it is plain.
        outer: channels of dy in a block.
        window: attributes of the convolution.
    """

    x: Tensor
    dy: Tensor
    inner: int
    outer: int
    window: dict[str, list[int]]
    name: str

    def make(self) -> Tensor:
        """(out, in, height, width), plain."""
        (_, channels, *_), (_, out, *_) = self.x.shape, self.dy.shape
        assert channels is not None
        assert out is not None
        outer_blocks, inner_blocks = out // self.outer, channels // self.inner
        height, width = self.window["kernel_shape"]
        total = self._sum_over_samples(inner_blocks, out)
        apart = op(
            "Reshape",
            total,
            int64s([inner_blocks, outer_blocks, height, width, self.inner, self.outer]),
        )
        arranged = op("Transpose", apart, perm=[1, 5, 0, 4, 2, 3])
        return op("Reshape", arranged, int64s([out, channels, height, width]))

    def _sum_over_samples(self, inner_blocks: int, out: int) -> Tensor:
        (_, _, rows, columns), (_, _, *places) = self.x.shape, self.dy.shape
        height, width = self.window["kernel_shape"]
        images = op(
            "Reshape", self.x, int64s([0, inner_blocks, 1, rows or 0, (columns or 0) * self.inner])
        )
        kernels = op("Reshape", self.dy, int64s([0, out, 1, *[place or 0 for place in places]]))
        sums = (inner_blocks, out, height, width * self.inner)
        image, kernel = (placeholder((t.dims or ())[1:], name="sample") for t in (images, kernels))
        sum_before = placeholder(sums, name="sum")
        strides = self.window["strides"]
        attributes = {
            "kernel_shape": places,
            "dilations": [strides[0], strides[1] * self.inner],
        }
        given = [self._padded(image), kernel, None, sum_before]
        added = blocked_node("Conv", given, attributes, sum_before.type, f"{self.name}/Conv")
        body = Subgraph((sum_before, image, kernel), (), (added,))
        zeros = op("ConstantOfShape", int64s(sums))
        node = scan_node(
            [zeros], [images, kernels], [], body, [zeros.type], reverse=False, name=self.name
        )
        return node.outputs[0]

    def _padded(self, image: Tensor) -> Tensor:
        """One sample with what the kernel meets around it, and without what it never meets."""
        top, left, *_ = self.window["pads"]
        bottom, right = self._after()
        pads = [0, 0, top, left * self.inner, 0, 0, bottom, right * self.inner]
        return op("Pad", image, int64s(pads)) if any(pads) else image

    def _after(self) -> list[int]:
        """The padding at the end of both axes; negative where the last pixels meet no kernel."""
        return [
            (place - 1) * stride + size - before - length
            for place, stride, size, before, length in zip(
                known_sizes((self.dy.dims or ())[2:]) or (),
                self.window["strides"],
                self.window["kernel_shape"],
                self.window["pads"],
                known_sizes((self.x.dims or ())[2:]) or (),
                strict=False,
            )
        ]


def is_worth_it(node: Node, block: int) -> bool:
    """Tell whether a composite is such a gradient, of sizes that make this the fastest way."""
    attributes = node.attributes
    if attributes["kind"] != KIND or attributes["group"] != 1 or {*attributes["dilations"]} != {1}:
        return False
    _, x, dy = node.inputs
    assert x is not None
    assert dy is not None
    sizes, places = known_sizes((x.dims or ())[1:]), known_sizes((dy.dims or ())[1:])
    if x.dtype != "float32" or sizes is None or places is None or len(places) != 3:
        return False
    fills = sizes[0] < block or sizes[0] % block == 0
    large = math.prod(places[1:]) >= _FEWEST_PIXELS and math.prod(attributes["kernel_shape"]) > 1
    return fills and large and places[0] % block == 0
