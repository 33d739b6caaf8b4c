"""Layers that number and encode what they are given, in plain NumPy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Config = Mapping[str, Any]


def encoded(numbers: Array, size: int, mode: str, weights: Array | None = None) -> Array:
    """Numbers as vectors that say which of them occur, or how often."""
    hot = (numbers[..., np.newaxis] == np.arange(size)).astype(np.float32)
    if mode == "one_hot":
        alone = numbers.ndim > 1 and numbers.shape[-1] == 1
        return np.asarray(np.squeeze(hot, -2) if alone else hot)
    hot = hot[:, np.newaxis] if numbers.ndim == 1 else hot
    if mode == "multi_hot":
        return np.asarray(hot.max(-2))
    return np.asarray((hot if weights is None else hot * weights[..., np.newaxis]).sum(-2))


def category_encoding(config: Config, inputs: Sequence[Array]) -> Array:
    """`CategoryEncoding`, of numbers and perhaps their weights."""
    numbers, *weights = inputs
    size, mode = config["num_tokens"], config["output_mode"]
    return encoded(numbers.astype(np.int64), size, mode, weights[0] if weights else None)


def discretization(config: Config, inputs: Sequence[Array]) -> Array:
    """`Discretization`: how many of the boundaries are not above each element."""
    boundaries = np.array(config["bin_boundaries"], np.float32)
    numbers = np.searchsorted(boundaries, inputs[0].astype(np.float32), side="right")
    if config["output_mode"] == "int":
        return numbers
    return encoded(numbers, len(boundaries) + 1, config["output_mode"])


def integer_lookup(config: Config, inputs: Sequence[Array]) -> Array:
    """`IntegerLookup`: places in [mask, …others, *vocabulary], or what stands at places."""
    masked = [] if config["mask_token"] is None else [config["mask_token"]]
    others, vocabulary = config["num_oov_indices"], list(config["vocabulary"])
    tokens = [*masked, *[config["oov_token"]] * others, *vocabulary]
    if config["invert"]:
        found = [
            tokens[place] if 0 <= place < len(tokens) else config["oov_token"]
            for place in inputs[0].ravel().tolist()
        ]
        return np.array(found, np.int64).reshape(inputs[0].shape)
    known = {word: place for place, word in enumerate(vocabulary, len(masked) + others)}
    known |= dict.fromkeys(masked, 0)
    places = [
        known.get(int(word), len(masked) + int(word) % others if others else -1)
        for word in inputs[0].ravel().tolist()
    ]
    result = np.array(places, np.int64).reshape(inputs[0].shape)
    if config["output_mode"] == "int":
        return result
    size = config["max_tokens"] if config["pad_to_max_tokens"] else len(tokens) - len(masked)
    return encoded(result - len(masked), size, config["output_mode"])


ENCODINGS = {
    "CategoryEncoding": category_encoding,
    "Discretization": discretization,
    "IntegerLookup": integer_lookup,
}
