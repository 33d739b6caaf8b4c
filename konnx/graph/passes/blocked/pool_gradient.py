"""The gradient of max pooling on blocked channels, where windows lie side by side.

The output and what each window's maxima share are spread over the input's columns, pixel by pixel;
over its rows they are repeated by broadcasting alone, which saves half of the memory to write and
read. A difference blown up and clipped tells what is a maximum: comparing makes booleans, and to
make floats of these takes longer than that.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from konnx.graph.leaves import constant, int64s
from konnx.graph.operators import op
from konnx.graph.passes._nodes import known_sizes
from konnx.graph.passes.blocked.nodes import blocked_node
from konnx.graph.tensor import Node, Tensor

KIND = "MaxPoolGradient"
"""What `composite` calls it. Its inputs: that of the pooling, its output, the output's gradient."""

_LARGEST = float(np.finfo(np.float32).max)


def is_worth_it(node: Node, block: int) -> bool:
    """Tell whether a composite is such a gradient, of channels that fill blocks."""
    if node.attributes["kind"] != KIND or len(node.attributes["kernel_shape"]) != 2:
        return False
    x = node.inputs[1]
    assert x is not None
    sizes = known_sizes((x.dims or ())[1:])
    return x.dtype == "float32" and sizes is not None and sizes[0] % block == 0


def max_pool_gradient(x: Tensor, y: Tensor, dy: Tensor, node: Node, block: int) -> Tensor:
    """The gradient of x, blocked.

    Args:
        x: what is pooled, blocked.
        y: the maxima, blocked.
        dy: their gradient, blocked; maxima of one window that tie share it equally.
        node: the composite.
        block: channels in a block.
    """
    window = node.attributes["kernel_shape"]
    spread = _Spread.of(x, y, window, block)
    apart = op("Reshape", x, int64s(spread.of_input))
    hits = op("HardSigmoid", op("Sub", apart, spread(y)), alpha=_LARGEST, beta=1.0)
    like_x = int64s([0, *[size or 0 for size in x.shape[1:]]])
    mean = blocked_node(
        "AveragePool",
        [op("Reshape", hits, like_x)],
        {"kernel_shape": window, "strides": window},
        y.type,
        f"{node.scope}/AveragePool",
    )
    share = op("Div", dy, op("Mul", mean, constant(float(math.prod(window)))))
    return op("Reshape", op("Mul", hits, spread(share, beyond=0.0)), like_x)


@dataclass(frozen=True)
class _Spread:
    """How windows are repeated over the input.

    Args:
        of_windows: (batch, blocks, windows, block), with 0 for the batch.
        places: the window for each pixel that is spread to; the number of windows: none.
        of_spread: the shape of what is spread, which broadcasts to
        of_input: the shape of the input.
    """

    of_windows: list[int]
    places: np.ndarray
    of_spread: list[int]
    of_input: list[int]

    @staticmethod
    def of(x: Tensor, y: Tensor, window: Sequence[int], block: int) -> _Spread:
        """Choose the way for these sizes."""
        channels, height, width = (size or 0 for size in x.shape[1:])
        rows, columns = (size or 0 for size in y.shape[2:])
        blocks = channels // block
        of_windows = [0, blocks, rows * columns, block]
        numbers = np.arange(rows * columns).reshape(rows, columns)
        if (rows * window[0], columns * window[1]) == (height, width):
            of_row = [0, blocks * rows, 1, width * block]
            of_input = [*of_row[:2], window[0], of_row[3]]
            return _Spread(of_windows, numbers.repeat(window[1], 1), of_row, of_input)
        places = numbers.repeat(window[0], 0).repeat(window[1], 1)
        rest = [(0, height - rows * window[0]), (0, width - columns * window[1])]
        places = np.pad(places, rest, constant_values=rows * columns)
        of_pixels = [0, blocks, height * width, block]
        return _Spread(of_windows, places, of_pixels, of_pixels)

    def __call__(self, windows: Tensor, beyond: float | None = None) -> Tensor:
        """Repeat each window; where there is none put `beyond`, or whatever if that is None."""
        number = self.of_windows[2]
        values, places = op("Reshape", windows, int64s(self.of_windows)), self.places
        if beyond is None:
            places = places.clip(max=number - 1)
        elif places.max() == number:
            pads = int64s([0, 0, 0, 0, 0, 0, 1, 0])
            values = op("Pad", values, pads, constant(np.float32(beyond)))
        spread = op("Gather", values, constant(places.reshape(-1), "int64"), axis=2)
        return op("Reshape", spread, int64s(self.of_spread))
