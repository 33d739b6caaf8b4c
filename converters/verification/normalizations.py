"""Normalizations in plain NumPy, from the layers' configs and weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Config = Mapping[str, Any]
Reference = Callable[[Config, Sequence[Array], Array], Array]


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
    axes = config["axis"] if isinstance(config["axis"], list | tuple) else [config["axis"]]
    places = sorted(axis % x.ndim for axis in axes)
    shape = [size if place in places else 1 for place, size in enumerate(x.shape)]
    left, rms = list(weights), bool(config.get("rms_scaling"))
    scale = left.pop(0).reshape(shape) if config["scale"] or rms else 1
    center = left.pop(0).reshape(shape) if left else 0
    mean = 0 if rms else x.mean(tuple(places), keepdims=True)
    variance = x.var(tuple(places), keepdims=True)
    return np.asarray((x - mean) / np.sqrt(variance + config["epsilon"]) * scale + center)


def _rms_normalization(config: Config, weights: Sequence[Array], x: Array) -> Array:
    """x over the root of the mean of its squares (Zhang and Sennrich, 2019)."""
    axes = sorted(axis % x.ndim for axis in config["axis"])
    shape = [size if place in axes else 1 for place, size in enumerate(x.shape)]
    squares = (x**2).mean(tuple(axes), keepdims=True)
    return np.asarray(x / np.sqrt(squares + config["epsilon"]) * weights[0].reshape(shape))


def _group_normalization(config: Config, weights: Sequence[Array], x: Array) -> Array:
    """Each sample's groups of channels have mean 0 and variance 1 (Wu and He, 2018)."""
    first = np.moveaxis(x, config["axis"], 1)
    count = config["groups"] if config["groups"] != -1 else first.shape[1]
    groups = first.reshape(len(x), count, -1)
    mean, variance = groups.mean(-1, keepdims=True), groups.var(-1, keepdims=True)
    normal = ((groups - mean) / np.sqrt(variance + config["epsilon"])).reshape(first.shape)
    normal, left = np.moveaxis(normal, 1, -1), list(weights)
    normal = normal * left.pop(0) if config["scale"] else normal
    normal = normal + left.pop(0) if config["center"] else normal
    return np.asarray(np.moveaxis(normal, -1, config["axis"]))


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


def _unit_normalization(config: Config, weights: Sequence[Array], x: Array) -> Array:
    axes = config["axis"] if isinstance(config["axis"], int) else tuple(config["axis"])
    return np.asarray(x / np.sqrt(np.maximum((x**2).sum(axes, keepdims=True), 1e-12)))


NORMALIZATIONS: Mapping[str, Reference] = {
    "BatchNormalization": _batch_normalization,
    "GroupNormalization": _group_normalization,
    "LayerNormalization": _layer_normalization,
    "Normalization": _normalization,
    "RMSNormalization": _rms_normalization,
    "UnitNormalization": _unit_normalization,
}
