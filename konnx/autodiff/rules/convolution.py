"""Rules for convolutions: of the input a transposed convolution, of the kernel matrix products."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from konnx import ops
from konnx.autodiff.rules._table import Gradients, present, rule
from konnx.graph import Node, Tensor, constant, op, refine


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


@rule("Conv")
def conv(node: Node, dy: Tensor) -> Gradients:
    """Gradients of input, kernel and bias."""
    x, kernel, *bias = (present(tensor) for tensor in node.inputs)
    window = Window.of(node)
    group = node.attributes.get("group", 1)
    return [
        input_gradient(x, kernel, dy, window, group),
        kernel_gradient(x, kernel, dy, window, group),
        *[_sum_of_channels(dy) for _ in bias],
    ]


def _sum_of_channels(dy: Tensor) -> Tensor:
    """The gradient of a bias; in two steps, as one reduction over both sides is slow."""
    return ops.sum(ops.sum(dy, list(range(2, dy.ndim))), 0)


def input_gradient(x: Tensor, kernel: Tensor, dy: Tensor, window: Window, group: int) -> Tensor:
    """Spread each output over the inputs it was made of."""
    lengths, outputs = x.shape[2:], dy.shape[2:]
    exact = None not in lengths and None not in outputs
    if not exact and set(window.strides) != {1}:
        return _input_gradient_dynamic(x, kernel, dy, window, group)
    rest = [0] * window.rank
    if exact:
        rest = [
            (n or 0) + before + after - ((t or 1) - 1) * stride - covered
            for n, t, before, after, stride, covered in zip(
                lengths,
                outputs,
                window.before,
                window.after,
                window.strides,
                window.covered,
                strict=True,
            )
        ]
    dx = _conv_transpose(dy, kernel, window, group, window.before + window.after, rest)
    return refine(dx, x.dims or ())


def _conv_transpose(
    dy: Tensor, kernel: Tensor, window: Window, group: int, pads: list[int], rest: list[int]
) -> Tensor:
    return op(
        "ConvTranspose",
        dy,
        kernel,
        kernel_shape=window.sizes,
        strides=window.strides,
        dilations=window.dilations,
        pads=pads,
        output_padding=rest if any(rest) else None,
        group=group,
    )


def _input_gradient_dynamic(
    x: Tensor, kernel: Tensor, dy: Tensor, window: Window, group: int
) -> Tensor:
    """As above, cut or padded to the size of x, which the graph asks for."""
    none = [0] * window.rank
    spread = _conv_transpose(dy, kernel, window, group, none * 2, none)
    before = constant(window.before, "int64")
    missing = op("Shape", x, start=2) - op("Shape", spread, start=2) + before
    return refine(ops.pad_axes(spread, -before, missing, 2), x.dims or ())


def kernel_gradient(x: Tensor, kernel: Tensor, dy: Tensor, window: Window, group: int) -> Tensor:
    """For each place of the kernel, the product of what it met with the output's gradient."""
    padded = ops.pad(x, window.pads)
    places = [
        _place_gradient(window.seen_from(padded, offset, dy), dy, kernel, group)
        for offset in window.offsets()
    ]
    stacked = places[0] if len(places) == 1 else op("Concat", *places, axis=0)
    out, inner = kernel.shape[:2]
    together = ops.reshape(stacked, [*window.sizes, out, inner])
    return ops.transpose(together, [window.rank, window.rank + 1, *range(window.rank)])


def _place_gradient(seen: Tensor, dy: Tensor, kernel: Tensor, group: int) -> Tensor:
    """One place's gradient, (1, out, in / group)."""
    out, inner = kernel.shape[:2]
    assert out is not None
    assert inner is not None
    if inner == 1 and out == group:
        places = ops.sum(seen * dy, [0, *range(2, dy.ndim)])
        return ops.reshape(places, [1, out, 1])
    if group == 1:
        product = op("MatMul", _rows(dy, out), _columns(seen, inner))
        return ops.sum(product, 0, keepdims=True)
    outputs = ops.reshape_keeping(dy, 1, [group, out // group, -1])
    inputs = ops.reshape_keeping(seen, 1, [group, inner, -1])
    product = op("MatMul", outputs, ops.transpose(inputs, [0, 1, 3, 2]))
    return ops.reshape(ops.sum(product, 0), [1, out, inner])


def _rows(x: Tensor, channels: int) -> Tensor:
    return ops.reshape_keeping(x, 1, [channels, -1])


def _columns(x: Tensor, channels: int) -> Tensor:
    return ops.transpose(_rows(x, channels), [0, 2, 1])


@rule("ConvTranspose")
def conv_transpose(node: Node, dy: Tensor) -> Gradients:
    """Its input's gradient is the convolution; its kernel's that of the convolution's kernel."""
    x, kernel, *bias = (present(tensor) for tensor in node.inputs)
    window = Window.of(node)
    group = node.attributes.get("group", 1)
    dx = op(
        "Conv",
        dy,
        kernel,
        kernel_shape=window.sizes,
        strides=window.strides,
        dilations=window.dilations,
        pads=window.before + window.after,
        group=group,
    )
    return [
        refine(dx, x.dims or ()),
        kernel_gradient(dy, kernel, x, window, group),
        *[_sum_of_channels(dy) for _ in bias],
    ]
