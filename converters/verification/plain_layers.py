"""Layers of any shape in plain NumPy, from their configs and weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any

import numpy as np

from konnx.converters.verification.activations import (
    UnsupportedError,
    activation,
    elu,
    softmax,
)

Array = np.ndarray[Any, Any]
Config = Mapping[str, Any]
Reference = Callable[[Config, Sequence[Array], Array], Array]
Merge = Callable[[Config, Sequence[Array]], Array]


def _dense(config: Config, weights: Sequence[Array], x: Array) -> Array:
    result = x @ weights[0]
    result = result + weights[1] if config["use_bias"] else result
    return activation(config["activation"])(result)


def _embedding(config: Config, weights: Sequence[Array], x: Array) -> Array:
    return weights[0][x.astype(np.int64)]


def _flatten(config: Config, weights: Sequence[Array], x: Array) -> Array:
    if config.get("data_format") == "channels_first" and x.ndim > 2:
        x = np.moveaxis(x, 1, -1)
    return x.reshape(len(x), -1)


def _reshape(config: Config, weights: Sequence[Array], x: Array) -> Array:
    return x.reshape(len(x), *config["target_shape"])


def _batch_normalization(config: Config, weights: Sequence[Array], x: Array) -> Array:
    left = list(weights)
    axis = config["axis"][0] if isinstance(config["axis"], list) else config["axis"]
    shape = [1] * x.ndim
    shape[axis] = -1
    scale = left.pop(0).reshape(shape) if config["scale"] else 1
    center = left.pop(0).reshape(shape) if config["center"] else 0
    mean, variance = left
    normal = (x - mean.reshape(shape)) / np.sqrt(variance.reshape(shape) + config["epsilon"])
    return np.asarray(normal * scale + center)


def _layer_normalization(config: Config, weights: Sequence[Array], x: Array) -> Array:
    if config.get("rms_scaling"):
        raise UnsupportedError("rms_scaling")
    axes = config["axis"] if isinstance(config["axis"], list | tuple) else [config["axis"]]
    places = sorted(axis % x.ndim for axis in axes)
    shape = [size if place in places else 1 for place, size in enumerate(x.shape)]
    left = list(weights)
    scale = left.pop(0).reshape(shape) if config["scale"] else 1
    center = left.pop(0).reshape(shape) if config["center"] else 0
    mean = x.mean(tuple(places), keepdims=True)
    variance = x.var(tuple(places), keepdims=True)
    return np.asarray((x - mean) / np.sqrt(variance + config["epsilon"]) * scale + center)


def _normalization(config: Config, weights: Sequence[Array], x: Array) -> Array:
    given = config["mean"] is not None
    mean, variance = (config["mean"], config["variance"]) if given else weights[:2]
    axes = config["axis"]
    places = [axes] if isinstance(axes, int) else list(axes or ())
    kept = {place % x.ndim for place in places}
    shape = [size if place in kept else 1 for place, size in enumerate(x.shape)]
    deviation = np.maximum(np.sqrt(np.float32(variance)), 1e-7)
    mean, deviation = (
        np.broadcast_to(one, [shape[place] for place in sorted(kept)]).reshape(shape)
        for one in (np.float32(mean), deviation)
    )
    x = x.astype(np.float32)
    return np.asarray(x * deviation + mean if config["invert"] else (x - mean) / deviation)


def _rescaling(config: Config, weights: Sequence[Array], x: Array) -> Array:
    return np.asarray(
        x.astype(np.float32) * np.float32(config["scale"]) + np.float32(config["offset"])
    )


def _unit_normalization(config: Config, weights: Sequence[Array], x: Array) -> Array:
    axes = config["axis"] if isinstance(config["axis"], int) else tuple(config["axis"])
    return np.asarray(x / np.sqrt(np.maximum((x**2).sum(axes, keepdims=True), 1e-12)))


def _prelu(config: Config, weights: Sequence[Array], x: Array) -> Array:
    return np.asarray(np.maximum(x, 0) + weights[0] * np.minimum(x, 0))


def _relu(config: Config, weights: Sequence[Array], x: Array) -> Array:
    threshold = config.get("threshold") or 0
    limit = config["max_value"]
    result = np.where(x >= threshold, x, config["negative_slope"] * (x - threshold))
    return result if limit is None else np.minimum(result, limit)


def _masking(config: Config, weights: Sequence[Array], x: Array) -> Array:
    return np.asarray(x * (x != config["mask_value"]).any(-1, keepdims=True))


def _unchanged(config: Config, weights: Sequence[Array], x: Array) -> Array:
    return x


REFERENCES: Mapping[str, Reference] = {
    "Activation": lambda config, weights, x: activation(config["activation"])(x),
    "BatchNormalization": _batch_normalization,
    "Dense": _dense,
    "ELU": lambda config, weights, x: elu(x, config["alpha"]),
    "Embedding": _embedding,
    "Flatten": _flatten,
    "LayerNormalization": _layer_normalization,
    "LeakyReLU": lambda config, weights, x: np.where(x > 0, x, config["alpha"] * x),
    "Masking": _masking,
    "Normalization": _normalization,
    "PReLU": _prelu,
    "Permute": lambda config, weights, x: x.transpose(0, *config["dims"]),
    "ReLU": _relu,
    "RepeatVector": lambda config, weights, x: x[:, np.newaxis].repeat(config["n"], 1),
    "Rescaling": _rescaling,
    "Reshape": _reshape,
    "Softmax": lambda config, weights, x: softmax(x, config["axis"]),
    "UnitNormalization": _unit_normalization,
    "ThresholdedReLU": lambda config, weights, x: x * (x > config["theta"]),
    **dict.fromkeys(
        (
            "ActivityRegularization",
            "AlphaDropout",
            "Dropout",
            "GaussianDropout",
            "GaussianNoise",
            "SpatialDropout1D",
            "SpatialDropout2D",
            "SpatialDropout3D",
        ),
        _unchanged,
    ),
}


# Of several inputs ----------------------------------------------------------------------------


def _aligned(inputs: Sequence[Array]) -> list[Array]:
    """Give all inputs the same rank, as Keras does: new axes come behind the batch."""
    rank = max(x.ndim for x in inputs)
    return [x.reshape(len(x), *[1] * (rank - x.ndim), *x.shape[1:]) for x in inputs]


def _folded(combine: Callable[[Array, Array], Array]) -> Merge:
    return lambda config, inputs: reduce(combine, _aligned(inputs))


def _average(config: Config, inputs: Sequence[Array]) -> Array:
    return np.asarray(sum(_aligned(inputs)) / len(inputs))


def _dot(config: Config, inputs: Sequence[Array]) -> Array:
    first, second = inputs
    axes = config["axes"]
    pair = [axes, axes] if isinstance(axes, int) else list(axes)
    one, two = pair[0] % first.ndim, pair[1] % second.ndim
    if config["normalize"]:
        first, second = (
            x / np.sqrt(np.maximum((x**2).sum(axis, keepdims=True), 1e-12))
            for x, axis in ((first, one), (second, two))
        )
    products = [np.tensordot(a, b, (one - 1, two - 1)) for a, b in zip(first, second, strict=True)]
    result = np.stack(products)
    return result[:, np.newaxis] if result.ndim == 1 else result


MERGES: Mapping[str, Merge] = {
    "Add": _folded(np.add),
    "Average": _average,
    "Concatenate": lambda config, inputs: np.concatenate(inputs, config["axis"]),
    "Dot": _dot,
    "Maximum": _folded(np.maximum),
    "Minimum": _folded(np.minimum),
    "Multiply": _folded(np.multiply),
    "Subtract": _folded(np.subtract),
}
