"""Convolutions and pooling in plain NumPy: one shifted slice for each place in the window.

Everything here has channels last: (batch, *sizes, channels). Padding is that of TensorFlow: what
is missing at the end comes last.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Ints = Sequence[int]
Slices = tuple[slice, ...]


def padded(
    x: Array, window: Ints, strides: Ints, dilation: Ints, padding: str, value: float = 0.0
) -> Array:
    """Return the input with what "same" and "causal" put around it."""
    if padding == "valid":
        return x
    amounts = []
    for size, width, stride, rate in zip(x.shape[1:-1], window, strides, dilation, strict=True):
        reach = (width - 1) * rate + 1
        total = max((-(-size // stride) - 1) * stride + reach - size, 0)
        amounts.append((reach - 1, 0) if padding == "causal" else (total // 2, total - total // 2))
    return np.pad(x, [(0, 0), *amounts, (0, 0)], constant_values=value)


def places(x: Array, window: Ints, strides: Ints, dilation: Ints) -> Iterator[tuple[Ints, Array]]:
    """Yield, for each offset in the window, what stands there for every output."""
    sizes = [
        (size - (width - 1) * rate - 1) // stride + 1
        for size, width, stride, rate in zip(x.shape[1:-1], window, strides, dilation, strict=True)
    ]
    for offset in itertools.product(*map(range, window)):
        slices = tuple(
            slice(o * rate, o * rate + (count - 1) * stride + 1, stride)
            for o, rate, count, stride in zip(offset, dilation, sizes, strides, strict=True)
        )
        yield offset, x[(slice(None), *slices)]


def convolution(
    x: Array, kernel: Array, strides: Ints, dilation: Ints, padding: str, groups: int = 1
) -> Array:
    """Correlate with a kernel of shape (*window, channels / groups, filters)."""
    window = kernel.shape[:-2]
    x = padded(x, window, strides, dilation, padding)
    parts = np.split(kernel, groups, axis=-1)
    outputs = [
        _correlated(given, part, strides, dilation)
        for part, given in zip(parts, np.split(x, groups, axis=-1), strict=True)
    ]
    return outputs[0] if groups == 1 else np.concatenate(outputs, axis=-1)


def _correlated(x: Array, kernel: Array, strides: Ints, dilation: Ints) -> Array:
    """One matrix product for each place in the window, of all outputs at once."""
    total: Array | None = None
    shape: Sequence[int] = ()
    for offset, values in places(x, kernel.shape[:-2], strides, dilation):
        shape = values.shape[:-1]
        product = values.reshape(-1, values.shape[-1]) @ kernel[tuple(offset)]
        total = product if total is None else np.add(total, product, out=total)
    assert total is not None  # a window has a place
    return total.reshape(*shape, -1)


def depthwise_convolution(
    x: Array, kernel: Array, strides: Ints, dilation: Ints, padding: str
) -> Array:
    """Correlate each channel with its own kernels: (*window, channels, multiplier)."""
    window = kernel.shape[:-2]
    x = padded(x, window, strides, dilation, padding)
    total: Any = 0
    for offset, values in places(x, window, strides, dilation):
        total = total + values[..., np.newaxis] * kernel[tuple(offset)]
    return np.asarray(total).reshape(*total.shape[:-2], -1)


def transposed_convolution(
    x: Array,
    kernel: Array,
    strides: Ints,
    dilation: Ints,
    padding: str,
    output_padding: Ints | None = None,
) -> Array:
    """Spread each element over a window: kernel (*window, filters, channels).

    Args:
        x: the input.
        kernel: what each element is spread with.
        strides: how far apart the windows of neighbours are.
        dilation: how far apart the places of a window are.
        padding: "valid" or "same".
        output_padding: how much the sizes exceed the smallest that a convolution can have had
            as its input; None: by what the padding and the strides demand.
    """
    window = kernel.shape[:-2]
    sizes = x.shape[1:-1]
    reach = [(k - 1) * d + 1 for k, d in zip(window, dilation, strict=True)]
    whole = [(n - 1) * s + r for n, s, r in zip(sizes, strides, reach, strict=True)]
    result = np.zeros((x.shape[0], *whole, kernel.shape[-2]), x.dtype)
    for offset in itertools.product(*map(range, window)):
        slices = tuple(
            slice(o * d, o * d + (n - 1) * s + 1, s)
            for o, d, n, s in zip(offset, dilation, sizes, strides, strict=True)
        )
        result[(slice(None), *slices)] += x @ kernel[offset].T
    for axis, (n, r, s) in enumerate(zip(sizes, reach, strides, strict=True), start=1):
        more = None if output_padding is None else output_padding[axis - 1]
        result = _cut(result, axis, *_span(n, r, s, padding, more))
    return result


def _span(size: int, reach: int, stride: int, padding: str, more: int | None) -> tuple[int, int]:
    """Where the output begins in what the windows cover, and how long it is."""
    covered, same = (size - 1) * stride + reach, padding == "same"
    if more is not None:
        wanted = covered + more - (reach // 2 * 2 if same else 0)
    else:
        wanted = size * stride + (0 if same else max(reach - stride, 0))
    return max(covered - wanted, 0) // 2, wanted


def _cut(result: Array, axis: int, before: int, wanted: int) -> Array:
    """Cut off, or put on, what the size of the output asks for."""
    more = max(before + wanted - result.shape[axis], 0)
    amounts = [(0, more if i == axis else 0) for i in range(result.ndim)]
    return np.pad(result, amounts).take(range(before, before + wanted), axis)


def pooled(
    x: Array,
    window: Ints,
    strides: Ints,
    padding: str,
    combine: Callable[[Array, Array], Array],
    start: float,
) -> Array:
    """Combine the elements of each window; those that are padding count as `start`."""
    once = [1] * len(window)
    x = padded(x, window, strides, once, padding, start)
    found: Array | None = None
    for _, values in places(x, window, strides, once):
        found = values if found is None else combine(found, values)
    assert found is not None
    return found
