"""Attention in plain NumPy, from the layers' configs and weights.

Sources: Vaswani et al., 2017; Luong et al., 2015; Bahdanau et al., 2015; Ainslie et al., 2023; what
hides an element adds -1e9 to its score, as Keras does it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from konnx.converters.verification.activations import UnsupportedError, sigmoid, softmax

if TYPE_CHECKING:
    from konnx.layers import Layer

Array = np.ndarray[Any, Any]
Config = Mapping[str, Any]
Masks = Sequence[Array | None]

KINDS = ("AdditiveAttention", "Attention", "GroupedQueryAttention", "MultiHeadAttention")
_HIDDEN = np.float32(-1e9)
_OPTIONS = {"return_attention_scores", "use_causal_mask"}


def attention(
    layer: Layer, inputs: Sequence[Array], masks: Masks, options: Mapping[str, Any]
) -> list[Array]:
    """Compute a layer of attention.

    Args:
        layer: of one of the classes in `KINDS`.
        inputs: query, value and perhaps key; with projections, perhaps what each query sees.
        masks: those of the inputs.
        options: `use_causal_mask`, `return_attention_scores`.

    Returns:
        The output, and the weights of the keys if they are asked for.

    Raises:
        UnsupportedError: it is called with other options.
    """
    if not set(options) <= _OPTIONS:
        raise UnsupportedError("arguments of the call")
    kind, config, weights = type(layer).__name__, layer.get_config(), layer.get_weights()
    causal = bool(options.get("use_causal_mask"))
    compute = _projected if kind in _HEADS else _plain
    outputs = compute(kind, config, weights, inputs, masks, causal=causal)
    return list(outputs) if options.get("return_attention_scores") else [outputs[0]]


def _weighted(scores: Array, visible: Sequence[Array | None]) -> Array:
    """The softmax over the last axis of what is visible."""
    given = [mask.astype(bool) for mask in visible if mask is not None]
    if given:
        seen = given[0]
        for mask in given[1:]:
            seen = seen & mask
        scores = scores + np.where(seen, np.float32(0), _HIDDEN)
    return softmax(scores)


def _not_later(queries: int, keys: int) -> Array:
    return np.tri(queries, keys, dtype=bool)[np.newaxis]


def _plain(
    kind: str,
    config: Config,
    weights: Sequence[Array],
    inputs: Sequence[Array],
    masks: Masks,
    *,
    causal: bool,
) -> tuple[Array, Array]:
    query, value = inputs[:2]
    key = inputs[2] if len(inputs) > 2 else value
    scores = _scores(kind, config, weights, query, key)
    visible = [
        None if masks[1] is None else masks[1][:, np.newaxis],
        _not_later(query.shape[1], key.shape[1]) if causal else None,
    ]
    shares = _weighted(scores, visible)
    output = shares @ value
    return output if masks[0] is None else output * masks[0][..., np.newaxis], shares


def _scores(kind: str, config: Config, weights: Sequence[Array], query: Array, key: Array) -> Array:
    left = list(weights)
    scale = left.pop(0) if config["use_scale"] else np.float32(1)
    if kind == "Attention" and config["score_mode"] == "dot":
        return np.asarray(scale * np.einsum("bqd,bkd->bqk", query, key))
    total = query[:, :, np.newaxis] + key[:, np.newaxis]
    if kind == "AdditiveAttention":
        return np.asarray((scale * np.tanh(total)).sum(-1))
    return np.asarray(left[0] * np.tanh(scale * total).sum(-1))


# With projections -----------------------------------------------------------------------------

_HEADS = {"GroupedQueryAttention": "head_dim", "MultiHeadAttention": "key_dim"}


def _projected(
    kind: str,
    config: Config,
    weights: Sequence[Array],
    inputs: Sequence[Array],
    masks: Masks,
    *,
    causal: bool,
) -> tuple[Array, Array]:
    query, value, key, given = _named(inputs)
    into_query, into_key, *gate, into_value, out = _projections(config, weights)
    queries = _apply(into_query, query, 1) / math.sqrt(config[_HEADS[kind]])
    keys, values = _apply(into_key, key, 1), _apply(into_value, value, 1)
    if kind == "GroupedQueryAttention":
        shared = config["num_query_heads"] // config["num_key_value_heads"]
        keys, values = keys.repeat(shared, -2), values.repeat(shared, -2)
    axes = [axis % query.ndim for axis in config.get("attention_axes") or range(1, query.ndim - 1)]
    scores = np.einsum("...qd,...kd->...qk", _flat(queries, axes), _flat(keys, axes))
    visible = _visible(config, query, key, given, masks, causal=causal)
    kept = scores.shape[:-2]
    whole = (*kept, *(x.shape[axis] for x in (query, key) for axis in axes))
    seen = [
        np.broadcast_to(_with_heads(mask, scores.ndim - 2, len(axes)), whole).reshape(scores.shape)
        for mask in visible
    ]
    shares = _weighted(scores, seen)
    found = shares @ _flat(values, axes)
    rows = [query.shape[axis] for axis in axes]
    found = found.reshape(*kept, *rows, found.shape[-1])
    found = np.moveaxis(found, range(-1 - len(axes), -1), axes)
    for one in gate:
        found = found * sigmoid(_apply(one, query, 1))
    return _apply(out, found, 2), shares.reshape(whole)


def _named(inputs: Sequence[Array]) -> tuple[Array, Array, Array, Array | None]:
    """Query, value, key, and which keys each query sees: the fourth, or a last one of no floats."""
    given = list(inputs)
    has_mask = len(given) == 4 or (len(given) == 3 and given[-1].dtype.kind != "f")
    seen = given.pop() if has_mask else None
    query, value, *key = given
    return query, value, key[0] if key else value, seen


def _projections(config: Config, weights: Sequence[Array]) -> list[list[Array]]:
    """Kernel and perhaps bias of query, key, perhaps gate, value and output."""
    count = 2 if config["use_bias"] else 1
    return [list(weights[i : i + count]) for i in range(0, len(weights), count)]


def _apply(part: Sequence[Array], x: Array, summed: int) -> Array:
    """Multiply the last axes of an array with the first of a kernel, and add a bias."""
    result = np.tensordot(x, part[0], summed)
    return result + part[1] if len(part) > 1 else result


def _flat(x: Array, axes: Sequence[int]) -> Array:
    """(batch, *places, heads, size) as (batch, *others, heads, places that count, size)."""
    moved = np.moveaxis(x, axes, range(-1 - len(axes), -1))
    return moved.reshape(*moved.shape[: -1 - len(axes)], -1, moved.shape[-1])


def _visible(
    config: Config,
    query: Array,
    key: Array,
    given: Array | None,
    masks: Masks,
    *,
    causal: bool,
) -> list[Array]:
    found = [] if given is None else [given]
    if masks[0] is not None:
        found.append(masks[0][:, :, np.newaxis])
    found += [mask[:, np.newaxis] for mask in masks[1:3] if mask is not None]
    rows, columns = query.shape[1], key.shape[1]
    if causal:
        found.append(_not_later(rows, columns))
    if config["sliding_window"] is not None:
        apart = np.abs(np.arange(rows)[:, np.newaxis] - np.arange(columns))
        found.append((apart < config["sliding_window"])[np.newaxis])
    return found


def _with_heads(mask: Array, kept: int, count: int) -> Array:
    """Put axes of size 1 before those of queries and keys, for heads and other places."""
    first = mask.ndim - 2 * count
    return mask.reshape(*mask.shape[:first], *[1] * (kept - first), *mask.shape[first:])
