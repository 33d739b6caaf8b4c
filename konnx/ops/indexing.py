"""Taking parts of tensors by position."""

from __future__ import annotations

from types import EllipsisType
from typing import Any

import numpy as np

from konnx.graph import ShapeError, Tensor, constant, int64s, op
from konnx.graph.tensor import register_operators
from konnx.ops._convert import canonical_axis, cast
from konnx.ops.shape import slice_axes

_END = np.iinfo(np.int64).max

Index = int | slice | EllipsisType | None


def gather_elements(x: Tensor, indices: Tensor, axis: int = -1) -> Tensor:
    """For each position, the element of x whose place along `axis` the index gives."""
    return op("GatherElements", x, indices, axis=canonical_axis(axis, x.ndim))


def one_hot_like(indices: Tensor, scores: Tensor) -> Tensor:
    """1 where the last axis of `scores` has the index given, else 0, in the dtype of `scores`."""
    size = scores.shape[-1]
    if size is None:
        raise ShapeError(f"The size of the last axis must be known. Received: {scores!r}")
    classes = constant(np.arange(size, dtype=indices.dtype))
    hits = op("Equal", op("Unsqueeze", indices, int64s([-1])), classes)
    return cast(hits, scores.dtype)


def getitem(x: Tensor, index: Index | tuple[Index, ...]) -> Tensor:
    """x[index] with integers, slices, Ellipsis and None, as NumPy's basic indexing.

    Raises:
        TypeError: an index of another kind.
        IndexError: more indices than axes, or more than one Ellipsis.
    """
    items = _without_ellipsis(index if isinstance(index, tuple) else (index,), x.ndim)
    slices: list[tuple[int, slice]] = []
    squeezed: list[int] = []
    new_axes: list[int] = []
    axis = 0
    for item in items:
        if item is None:
            new_axes.append(axis - len(squeezed) + len(new_axes))
            continue
        if isinstance(item, slice):
            slices.append((axis, item))
        else:
            slices.append((axis, slice(item, item + 1 if item != -1 else None)))
            squeezed.append(axis)
        axis += 1
    result = _slice(x, [(a, s) for a, s in slices if s != slice(None)])
    if squeezed:
        result = op("Squeeze", result, int64s(squeezed))
    return op("Unsqueeze", result, int64s(new_axes)) if new_axes else result


def _without_ellipsis(items: tuple[Any, ...], ndim: int) -> list[int | slice | None]:
    for item in items:
        known = isinstance(item, int | np.integer | slice | EllipsisType | None)
        if not known or isinstance(item, bool):  # to NumPy, a bool is a mask
            raise TypeError(
                "Tensors take integers, slices, ... and None as indices. "
                f"Received: {item!r}. Take elements by their numbers with ops.gather_elements."
            )
    used = len([item for item in items if item is not None and item is not ...])
    if used > ndim:
        raise IndexError(f"A tensor with {ndim} axes takes at most as many indices. Got {used}.")
    if sum(item is ... for item in items) > 1:
        raise IndexError(f"An index takes one Ellipsis at most. Received: {items}")
    missing = [slice(None)] * (ndim - used)
    if ... not in items:
        return [*items, *missing]
    place = items.index(...)
    return [*items[:place], *missing, *items[place + 1 :]]


def _slice(x: Tensor, slices: list[tuple[int, slice]]) -> Tensor:
    if not slices:
        return x
    starts, ends, steps = [], [], []
    for _, part in slices:
        step = 1 if part.step is None else int(part.step)
        starts.append((0 if step > 0 else _END) if part.start is None else int(part.start))
        ends.append((_END if step > 0 else -_END) if part.stop is None else int(part.stop))
        steps.append(step)
    return slice_axes(x, starts, ends, [axis for axis, _ in slices], steps)


register_operators({"getitem": getitem})
