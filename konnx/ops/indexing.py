"""Taking parts of tensors by position."""

from __future__ import annotations

from types import EllipsisType
from typing import Any

import numpy as np

from konnx.graph import ShapeError, Tensor, constant, int64s, is_float, op
from konnx.graph.tensor import register_operators
from konnx.ops._convert import as_tensor, canonical_axis, cast
from konnx.ops.shape import slice_axes

_END = np.iinfo(np.int64).max

Index = int | slice | EllipsisType | Tensor | np.ndarray | list[Any] | None


def gather(x: Any, indices: Any, axis: int = 0) -> Tensor:
    """The slices of x whose numbers `indices` gives, along an axis; negative ones count backwards.

    Args:
        x: a tensor.
        indices: whole numbers of any shape.
        axis: which axis of x; the axes of `indices` take its place.
    """
    tensor = as_tensor(x)
    return op("Gather", tensor, _numbers(indices), axis=canonical_axis(axis, tensor.ndim))


def gather_nd(x: Any, indices: Any) -> Tensor:
    """The parts of x at the places that the last axis of `indices` (int64) spells out."""
    return op("GatherND", as_tensor(x), cast(_numbers(indices), "int64"))


def _numbers(indices: Any) -> Tensor:
    tensor = indices if isinstance(indices, Tensor) else constant(np.asarray(indices))
    if is_float(tensor.dtype) or tensor.dtype == "bool":
        raise TypeError(f"Indices must be whole numbers. Received: {indices!r}. Use K.cast.")
    return tensor if tensor.dtype in ("int32", "int64") else cast(tensor, "int64")


def boolean_mask(x: Any, mask: Any) -> Tensor:
    """The parts of x where a mask over its first axes holds, in order; their number varies."""
    places = op("NonZero", as_tensor(mask, "bool"))
    if places.shape[0] == 1:
        return gather(x, op("Squeeze", places, int64s([0])))
    return gather_nd(x, op("Transpose", places, perm=[1, 0]))


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


def one_hot(indices: Any, num_classes: int, dtype: Any = "float32") -> Tensor:
    """1 at the place that each index gives in a new last axis, else 0; all 0 where none has it."""
    numbers = _numbers(indices)
    classes = constant(np.arange(num_classes, dtype=numbers.dtype))
    return cast(op("Equal", op("Unsqueeze", numbers, int64s([-1])), classes), dtype)


def getitem(x: Tensor, index: Index | tuple[Index, ...]) -> Tensor:
    """x[index], as NumPy has it.

    Integers, slices, Ellipsis and None are NumPy's basic indexing; integers and the bounds of
    slices may be scalar tensors. Beside them one list, array or tensor of whole numbers takes
    several places of its axis, in the order and shape that it has (`gather`). A mask (bool) stands
    alone (`boolean_mask`).

    Raises:
        TypeError: an index of another kind, or several lists.
        IndexError: more indices than axes, or more than one Ellipsis.
    """
    given = index if isinstance(index, tuple) else (index,)
    if len(given) == 1 and _is_mask(given[0]):
        return boolean_mask(x, given[0])
    basic, gathered = _split(_without_ellipsis(given, x.ndim))
    result = _basic(x, basic)
    if gathered is None:
        return result
    place, indices = gathered
    before = basic[:place]
    axis = len([item for item in before if item is None or isinstance(item, slice)])
    return gather(result, indices, axis)


Basic = int | slice | None


def _split(items: list[Any]) -> tuple[list[Basic], tuple[int, Any] | None]:
    """Basic indices, with the whole axis where a list or tensor stands, and that list's place."""
    places = [i for i, item in enumerate(items) if not isinstance(item, int | slice | None)]
    if not places:
        return items, None
    if len(places) > 1:
        raise TypeError(
            "A tensor takes one list or tensor as an index at a time. Received: "
            f"{items}. Take single elements with ops.gather_nd."
        )
    (place,) = places
    return [*items[:place], slice(None), *items[place + 1 :]], (place, items[place])


def _basic(x: Tensor, items: list[Basic]) -> Tensor:
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
    result = _slice(x, [(a, s) for a, s in slices if not _is_whole(s)])
    if squeezed:
        result = op("Squeeze", result, int64s(squeezed))
    return op("Unsqueeze", result, int64s(new_axes)) if new_axes else result


def _is_whole(item: slice) -> bool:
    return item.start is None and item.stop is None and item.step is None


def _is_mask(item: Any) -> bool:
    if isinstance(item, Tensor):
        return item.dtype == "bool"
    return isinstance(item, list | np.ndarray) and np.asarray(item).dtype == bool


def _without_ellipsis(items: tuple[Any, ...], ndim: int) -> list[Any]:
    for item in items:
        known = isinstance(
            item, int | np.integer | slice | EllipsisType | Tensor | np.ndarray | list | None
        )
        if not known or isinstance(item, bool) or _is_mask(item):  # to NumPy, a bool is a mask
            raise TypeError(
                "Tensors take integers, slices, ..., None, one list or tensor of whole numbers, or "
                f"one mask alone as indices. Received: {item!r}."
            )
    used = len([item for item in items if item is not None and item is not ...])
    if used > ndim:
        raise IndexError(f"A tensor with {ndim} axes takes at most as many indices. Got {used}.")
    if len([item for item in items if item is ...]) > 1:
        raise IndexError(f"An index takes one Ellipsis at most. Received: {items}")
    plain = [int(item) if isinstance(item, np.integer) else item for item in items]
    missing = [slice(None)] * (ndim - used)
    places = [i for i, item in enumerate(items) if item is ...]
    if not places:
        return [*plain, *missing]
    return [*plain[: places[0]], *missing, *plain[places[0] + 1 :]]


def _slice(x: Tensor, slices: list[tuple[int, slice]]) -> Tensor:
    if not slices:
        return x
    starts, ends, steps = [], [], []
    for _, part in slices:
        step = 1 if part.step is None else int(part.step)
        starts.append((0 if step > 0 else _END) if part.start is None else _bound(part.start))
        ends.append((_END if step > 0 else -_END) if part.stop is None else _bound(part.stop))
        steps.append(step)
    return slice_axes(x, starts, ends, [axis for axis, _ in slices], steps)


def _bound(value: Any) -> int | Tensor:
    return value if isinstance(value, Tensor) else int(value)


register_operators({"getitem": getitem})
