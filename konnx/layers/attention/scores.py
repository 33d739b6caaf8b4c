"""What all kinds of attention share: which elements see which, and the softmax over them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

from konnx import ops
from konnx.graph import Tensor

_LEAST = {"float16": -3e4}


def causal_mask(queries: Tensor, keys: Tensor) -> Tensor:
    """True where a key is not later than a query; (1, queries, keys)."""
    return ops.greater_equal(*_places(queries, keys))


def window_mask(queries: Tensor, keys: Tensor, size: int) -> Tensor:
    """True where a key is less than `size` places from a query; (1, queries, keys)."""
    rows, columns = _places(queries, keys)
    return ops.less(ops.abs(ops.subtract(rows, columns)), size)


def _places(queries: Tensor, keys: Tensor) -> tuple[Tensor, Tensor]:
    rows, columns = (ops.arange(ops.size_of(one, 1)) for one in (queries, keys))
    return ops.reshape(rows, [1, -1, 1]), ops.reshape(columns, [1, 1, -1])


def joined(masks: Sequence[Tensor | None]) -> Tensor | None:
    """True where all masks are; None if there is none."""
    given = [ops.cast(mask, "bool") for mask in masks if mask is not None]
    return reduce(ops.logical_and, given) if given else None


def weights_of(scores: Tensor, mask: Tensor | None) -> Tensor:
    """The softmax over the last axis, of what the mask lets through."""
    if mask is not None:
        hidden = ops.cast(ops.logical_not(mask), scores.dtype)
        scores = scores + hidden * _LEAST.get(scores.dtype, -1e9)
    return ops.softmax(scores, -1)


def with_dropout(weights: Tensor, rate: float, seed: int | None) -> Tensor:
    """The weights, some of which are dropped in training."""
    if not rate:
        return weights
    return ops.in_train_phase(ops.dropout(weights, rate, seed=seed), weights)
