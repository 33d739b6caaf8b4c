"""Rules for convolutions: of the input a convolution, of the kernel matrix products."""

from __future__ import annotations

import operator

from konnx import ops
from konnx.autodiff.rules._kernel_gradient import kernel_gradient
from konnx.autodiff.rules._table import Gradients, present, rule
from konnx.autodiff.rules._window import Window
from konnx.graph import Node, Tensor, constant, op, refine

_BEFORE_FIRST = -(2**31)  # where a slice that goes backwards ends


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
    reach = [covered - 1 for covered in window.covered]
    if set(window.strides) == {1} and all(
        map(operator.le, window.before + window.after, reach * 2)
    ):
        return refine(_full_convolution(dy, kernel, window, group), x.dims or ())
    lengths, outputs = x.shape[2:], dy.shape[2:]
    if None in lengths or None in outputs:
        return _input_gradient_dynamic(x, kernel, dy, window, group)
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


def _full_convolution(dy: Tensor, kernel: Tensor, window: Window, group: int) -> Tensor:
    """A transposed convolution without strides, as one with the kernel turned around.

    ONNX Runtime's ConvTranspose adds up what comes from each place of the kernel in one thread.
    """
    pads = [
        covered - 1 - pad
        for covered, pad in zip(window.covered * 2, window.before + window.after, strict=True)
    ]
    return op(
        "Conv",
        dy,
        _turned(kernel, window, group),
        kernel_shape=window.sizes,
        strides=window.strides,
        dilations=window.dilations,
        pads=pads,
        group=group,
    )


def _turned(kernel: Tensor, window: Window, group: int) -> Tensor:
    """(in, out / group, *spatial), back to front, from (out, in / group, *spatial)."""
    axes = [2 + axis for axis, size in enumerate(window.sizes) if size > 1]
    if axes:
        count = len(axes)
        kernel = ops.slice_axes(kernel, [-1] * count, [_BEFORE_FIRST] * count, axes, [-1] * count)
    out, inner = kernel.shape[:2]
    assert out is not None
    assert inner is not None
    places = range(3, 3 + window.rank)
    grouped = ops.reshape(kernel, [group, out // group, inner, *window.sizes])
    turned = ops.transpose(grouped, [0, 2, 1, *places])
    return ops.reshape(turned, [group * inner, out // group, *window.sizes])


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
