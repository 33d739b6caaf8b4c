"""Layers of any shape in plain NumPy, from their configs and weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any

import numpy as np

from konnx.converters.verification.activations import activation, elu, sigmoid, softmax
from konnx.converters.verification.encodings import ENCODINGS
from konnx.converters.verification.normalizations import NORMALIZATIONS
from konnx.converters.verification.spectra import SPECTRA

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


def reversible_embedding(
    config: Config, weights: Sequence[Array], x: Array, reverse: bool = False
) -> Array:
    """Vectors of whole numbers; in reverse the products with the vectors of all of them."""
    if not reverse:
        return _embedding(config, weights, x)
    scores = x @ (weights[0].T if config["tie_weights"] else weights[1])
    cap = config["logit_soft_cap"]
    return np.asarray(scores if cap is None else cap * np.tanh(scores / cap))


def _einsum_dense(config: Config, weights: Sequence[Array], x: Array) -> Array:
    """The ellipsis stands for all axes of the input that have no letter; `np.einsum` takes it."""
    result = np.einsum(config["equation"], x, weights[0])
    result = result + weights[1] if config["bias_axes"] else result
    return activation(config["activation"])(result)


def _maxout_dense(config: Config, weights: Sequence[Array], x: Array) -> Array:
    """The largest of several products with matrices, (matrices, features, outputs)."""
    products = np.einsum("bi,kio->bko", x, weights[0])
    return np.asarray((products + weights[1] if config["bias"] else products).max(1))


def _highway(config: Config, weights: Sequence[Array], x: Array) -> Array:
    """What a dense layer gives, where a gate is open, else the input (Srivastava et al., 2015)."""
    kernel, carry, *biases = weights
    bias, carry_bias = biases if config["bias"] else (0, 0)
    gate = sigmoid(x @ carry + carry_bias)
    new = activation(config["activation"])(x @ kernel + bias)
    return np.asarray(gate * new + (1 - gate) * x)


def _flatten(config: Config, weights: Sequence[Array], x: Array) -> Array:
    if config.get("data_format") == "channels_first" and x.ndim > 2:
        x = np.moveaxis(x, 1, -1)
    return x.reshape(len(x), -1)


def _reshape(config: Config, weights: Sequence[Array], x: Array) -> Array:
    return x.reshape(len(x), *config["target_shape"])


def _rescaling(config: Config, weights: Sequence[Array], x: Array) -> Array:
    return np.asarray(
        x.astype(np.float32) * np.float32(config["scale"]) + np.float32(config["offset"])
    )


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
    **NORMALIZATIONS,
    **SPECTRA,
    "Activation": lambda config, weights, x: activation(config["activation"])(x),
    "Dense": _dense,
    "EinsumDense": _einsum_dense,
    "ELU": lambda config, weights, x: elu(x, config["alpha"]),
    "Embedding": _embedding,
    "Flatten": _flatten,
    "Highway": _highway,
    "LeakyReLU": lambda config, weights, x: np.where(x > 0, x, config["alpha"] * x),
    "Masking": _masking,
    "MaxoutDense": _maxout_dense,
    "PReLU": _prelu,
    "Permute": lambda config, weights, x: x.transpose(0, *config["dims"]),
    "ReLU": _relu,
    "RepeatVector": lambda config, weights, x: x[:, np.newaxis].repeat(config["n"], 1),
    "Rescaling": _rescaling,
    "Reshape": _reshape,
    "Softmax": lambda config, weights, x: softmax(x, config["axis"]),
    "ThresholdedReLU": lambda config, weights, x: x * (x > config["theta"]),
    **dict.fromkeys(
        (
            "ActivityRegularization",
            "AlphaDropout",
            "Dropout",
            "GaussianDropout",
            "GaussianNoise",
            "Identity",
            "RandomBrightness",
            "RandomContrast",
            "RandomFlip",
            "RandomHeight",
            "RandomRotation",
            "RandomTranslation",
            "RandomWidth",
            "RandomZoom",
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


def _cosine(config: Config, inputs: Sequence[Array]) -> Array:
    return _dot({**config, "normalize": True}, inputs)[:, np.newaxis]


MERGES: Mapping[str, Merge] = {
    "Add": _folded(np.add),
    "ApplyMask": lambda config, inputs: inputs[0],
    "Average": _average,
    "Concatenate": lambda config, inputs: np.concatenate(inputs, config["axis"]),
    "CosineMerge": _cosine,
    "Dot": _dot,
    "Maximum": _folded(np.maximum),
    "Minimum": _folded(np.minimum),
    "Multiply": _folded(np.multiply),
    "Subtract": _folded(np.subtract),
    **ENCODINGS,
}
