"""Layers of images, sequences and volumes in plain NumPy, from their configs and weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from konnx.converters.verification.activations import activation
from konnx.converters.verification.resizing import RESIZING, up_sampling
from konnx.converters.verification.windows import (
    convolution,
    depthwise_convolution,
    pooled,
    transposed_convolution,
)

Array = np.ndarray[Any, Any]
Config = Mapping[str, Any]
Reference = Callable[[Config, Sequence[Array], Array], Array]


def channels_last(compute: Reference) -> Reference:
    """Return a reference that also takes channels first."""

    def either(config: Config, weights: Sequence[Array], x: Array) -> Array:
        if config.get("data_format", "channels_last") != "channels_first":
            return compute(config, weights, x)
        result = compute(config, weights, np.moveaxis(x, 1, -1))
        return np.moveaxis(result, -1, 1) if result.ndim > 2 else result

    return either


def _each(value: Any, rank: int) -> list[int]:
    return [value] * rank if isinstance(value, int) else list(value)


def _steps(config: Config, x: Array) -> tuple[list[int], list[int]]:
    rank = x.ndim - 2
    return _each(config["strides"], rank), _each(config.get("dilation_rate", 1), rank)


def _finished(config: Config, result: Array, weights: Sequence[Array]) -> Array:
    result = result + weights[-1] if config["use_bias"] else result
    return activation(config["activation"])(result)


def _convolution(config: Config, weights: Sequence[Array], x: Array) -> Array:
    strides, dilation = _steps(config, x)
    groups = config.get("groups") or 1
    result = convolution(x, weights[0], strides, dilation, config["padding"], groups)
    return _finished(config, result, weights)


def _separable(config: Config, weights: Sequence[Array], x: Array) -> Array:
    strides, dilation = _steps(config, x)
    result = depthwise_convolution(x, weights[0], strides, dilation, config["padding"])
    once = [1] * (x.ndim - 2)
    result = convolution(result, weights[1], once, once, "valid")
    return _finished(config, result, weights)


def _depthwise(config: Config, weights: Sequence[Array], x: Array) -> Array:
    strides, dilation = _steps(config, x)
    result = depthwise_convolution(x, weights[0], strides, dilation, config["padding"])
    return _finished(config, result, weights)


def _transposed(config: Config, weights: Sequence[Array], x: Array) -> Array:
    strides, dilation = _steps(config, x)
    more = config.get("output_padding")
    more = None if more is None else _each(more, x.ndim - 2)
    result = transposed_convolution(x, weights[0], strides, dilation, config["padding"], more)
    return _finished(config, result, weights)


def _local(config: Config, weights: Sequence[Array], x: Array) -> Array:
    """Each place has a kernel of its own: (places, window * channels, filters).

    With channels first, the kernel counts them first, too; and the bias (places, filters) is read
    as if it were (filters, places), which Keras does.
    """
    first = config.get("data_format") == "channels_first"
    x = np.moveaxis(x, 1, -1) if first else x
    window = _each(config["kernel_size"], x.ndim - 2)
    strides = _each(config["strides"], x.ndim - 2)
    view = np.lib.stride_tricks.sliding_window_view(x, window, axis=tuple(range(1, x.ndim - 1)))
    view = view[(slice(None), *(slice(None, None, stride) for stride in strides))]
    sizes = view.shape[1 : x.ndim - 1]
    # It is (batch, *sizes, channels, *window).
    view = view if first else np.moveaxis(view, x.ndim - 1, -1)
    columns = view.reshape(len(x), int(np.prod(sizes)), -1)
    result = np.einsum("npk,pkf->npf", columns, weights[0]).reshape(len(x), *sizes, -1)
    result = np.moveaxis(result, -1, 1) if first else result
    if config["use_bias"]:
        result = result + weights[-1].reshape(result.shape[1:])
    return activation(config["activation"])(result)


def _max_pooling(config: Config, weights: Sequence[Array], x: Array) -> Array:
    window, strides = _pool(config, x)
    return pooled(x, window, strides, config["padding"], np.maximum, -np.inf)


def _average_pooling(config: Config, weights: Sequence[Array], x: Array) -> Array:
    window, strides = _pool(config, x)
    total, count = (
        pooled(one, window, strides, config["padding"], np.add, 0.0) for one in (x, np.ones_like(x))
    )
    return total / count


def _pool(config: Config, x: Array) -> tuple[list[int], list[int]]:
    window = _each(config["pool_size"], x.ndim - 2)
    strides = config["strides"]
    return window, window if strides is None else _each(strides, x.ndim - 2)


def _global(reduce: Callable[..., Array]) -> Reference:
    def compute(config: Config, weights: Sequence[Array], x: Array) -> Array:
        axes = tuple(range(1, x.ndim - 1))
        return reduce(x, axis=axes, keepdims=bool(config.get("keepdims")))

    return compute


def _pairs(value: Any, rank: int) -> list[tuple[int, int]]:
    if isinstance(value, int):
        return [(value, value)] * rank
    if rank == 1 and all(isinstance(one, int) for one in value):
        return [(value[0], value[-1])]
    return [(one, one) if isinstance(one, int) else (one[0], one[1]) for one in value]


def _zero_padding(config: Config, weights: Sequence[Array], x: Array) -> Array:
    return np.pad(x, [(0, 0), *_pairs(config["padding"], x.ndim - 2), (0, 0)])


def _cropping(config: Config, weights: Sequence[Array], x: Array) -> Array:
    amounts = _pairs(config["cropping"], x.ndim - 2)
    slices = [
        slice(before, size - after)
        for (before, after), size in zip(amounts, x.shape[1:-1], strict=True)
    ]
    return x[(slice(None), *slices)]


def _up_sampling(config: Config, weights: Sequence[Array], x: Array) -> Array:
    factors = _each(config["size"], x.ndim - 2)
    if config.get("interpolation", "nearest") != "nearest":
        return up_sampling(config, x, factors)
    for axis, factor in enumerate(factors, start=1):
        x = x.repeat(factor, axis)
    return x


def _by_rank(name: str, compute: Reference, ranks: Sequence[int] = (1, 2, 3)) -> dict[str, Any]:
    return {f"{name}{rank}D": channels_last(compute) for rank in ranks}


REFERENCES: Mapping[str, Reference] = {
    **_by_rank("AveragePooling", _average_pooling),
    **_by_rank("Conv", _convolution),
    **{f"Conv{rank}DTranspose": channels_last(_transposed) for rank in (1, 2, 3)},
    **_by_rank("Cropping", _cropping),
    **_by_rank("DepthwiseConv", _depthwise, (1, 2)),
    **_by_rank("GlobalMaxPooling", _global(np.max)),
    **_by_rank("GlobalAveragePooling", _global(np.mean), (2, 3)),
    "LocallyConnected1D": _local,
    "LocallyConnected2D": _local,
    **_by_rank("MaxPooling", _max_pooling),
    **{name: channels_last(compute) for name, compute in RESIZING.items()},
    **_by_rank("SeparableConv", _separable, (1, 2)),
    **_by_rank("UpSampling", _up_sampling),
    **_by_rank("ZeroPadding", _zero_padding),
}
