"""Shapes: asking for them and changing them without touching the elements."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from konnx.graph import Dim, ShapeError, Tensor, constant, int64s, op, refine
from konnx.ops._convert import as_tensor, as_tensors, canonical_axis, scalar


def shape(x: Any) -> Tensor:
    """The sizes as an int64 tensor; a constant where all of them are known."""
    tensor = as_tensor(x)
    dims = tensor.dims
    if dims is not None and all(isinstance(dim, int) for dim in dims):
        return int64s([dim for dim in dims if isinstance(dim, int)])
    return op("Shape", tensor)


def int_shape(x: Any) -> tuple[int | None, ...]:
    """The sizes as Python integers, None for one that varies."""
    return as_tensor(x).shape


def reshape(x: Any, shape: Sequence[int | None] | Tensor) -> Tensor:
    """The elements in another shape.

    Args:
        x: a tensor.
        shape: the sizes, one of which may be -1 (what is left; None means the same), or an int64
            tensor.
    """
    tensor = as_tensor(x)
    if isinstance(shape, Tensor):
        return op("Reshape", tensor, shape)
    sizes = [-1 if size is None else int(size) for size in shape]
    return op("Reshape", tensor, int64s(sizes), allowzero=1 if 0 in sizes else None)


def reshape_keeping(x: Tensor, kept: int, sizes: Sequence[int]) -> Tensor:
    """The elements with the first `kept` axes as they are and the rest in the given sizes."""
    return op("Reshape", x, int64s([0] * kept + list(sizes)))


def reshape_like(x: Tensor, like: Tensor) -> Tensor:
    """The elements in the shape of another tensor."""
    dims = like.dims
    if dims is not None and dims == x.dims and _all_named(dims):
        return x
    if dims is None or sum(not isinstance(dim, int) for dim in dims) > 1 or 0 in dims:
        reshaped = op("Reshape", x, shape(like))
    else:
        reshaped = reshape(x, [dim if isinstance(dim, int) else -1 for dim in dims])
    return reshaped if dims is None else refine(reshaped, dims)


def _all_named(dims: tuple[Dim, ...]) -> bool:
    return all(dim is not None for dim in dims)


def flatten_from(x: Tensor, axis: int = 1) -> Tensor:
    """All axes from `axis` on joined into one."""
    rest = x.shape[axis:]
    if None in rest:
        return op("Reshape", x, int64s([0] * axis + [-1]))
    return reshape_keeping(x, axis, [int(np.prod([size for size in rest if size is not None]))])


def transpose(x: Any, perm: Sequence[int] | None = None) -> Tensor:
    """The axes in another order: axis i of the result is axis perm[i] of x; default: reversed."""
    tensor = as_tensor(x)
    order = list(range(tensor.ndim))[::-1] if perm is None else [int(axis) for axis in perm]
    if order == list(range(tensor.ndim)):
        return tensor
    value = tensor.constant_value
    if value is not None:
        return constant(value.transpose(order))
    return op("Transpose", tensor, perm=order)


def expand_dims(x: Any, axis: int = -1) -> Tensor:
    """A new axis of size 1 at position `axis` of the result."""
    tensor = as_tensor(x)
    return op("Unsqueeze", tensor, int64s([canonical_axis(axis, tensor.ndim + 1)]))


def squeeze(x: Any, axis: int) -> Tensor:
    """The tensor without an axis of size 1."""
    tensor = as_tensor(x)
    return op("Squeeze", tensor, int64s([canonical_axis(axis, tensor.ndim)]))


def concatenate(tensors: Sequence[Any], axis: int = -1) -> Tensor:
    """Tensors joined along an axis."""
    joined = as_tensors(*tensors)
    return op("Concat", *joined, axis=canonical_axis(axis, joined[0].ndim))


def expand(x: Tensor, sizes: Sequence[int] | Tensor) -> Tensor:
    """The tensor broadcast to a shape."""
    return op("Expand", x, sizes if isinstance(sizes, Tensor) else int64s(sizes))


def expand_like(x: Tensor, like: Tensor) -> Tensor:
    """The tensor broadcast to the shape of another."""
    if x.dims == like.dims and like.dims is not None and _all_named(like.dims):
        return x
    expanded = op("Expand", x, shape(like))
    return expanded if like.dims is None else refine(expanded, like.dims)


def tile(x: Any, repeats: Sequence[int]) -> Tensor:
    """The tensor repeated as a whole, `repeats[i]` times along axis i."""
    tensor = as_tensor(x)
    tiled = op("Tile", tensor, int64s(repeats))
    known = zip(tensor.dims or (), repeats, strict=True)
    return refine(tiled, [dim if times == 1 else None for dim, times in known])


def repeat(x: Any, n: int) -> Tensor:
    """Each row of a matrix n times: (batch, features) to (batch, n, features)."""
    tensor = as_tensor(x)
    if tensor.ndim != 2:
        raise ShapeError(f"`repeat` takes a tensor with 2 axes. Received: {tensor!r}")
    return tile(expand_dims(tensor, 1), (1, n, 1))


def pad(x: Tensor, pads: Sequence[tuple[int, int]], value: float = 0.0) -> Tensor:
    """The tensor with (before, after) elements of `value` added on each axis; negative ones cut."""
    if not any(before or after for before, after in pads):
        return x
    amounts = [before for before, _ in pads] + [after for _, after in pads]
    fill = None if value == 0.0 else scalar(value, x)
    return op("Pad", x, int64s(amounts), fill)


def pad_axes(x: Tensor, before: Tensor, after: Tensor, axis: int, value: float = 0.0) -> Tensor:
    """As `pad`, on the axes from `axis` on, by amounts (int64) that the graph computes.

    The amounts are spelled out for all axes: the `axes` input of Pad would do, but ONNX Runtime's
    layout optimizer (seen in 1.32) fails on it where it moves a Transpose past the Pad.
    """
    count = before.shape[0] or 0
    left, right = int64s([0] * axis), int64s([0] * (x.ndim - axis - count))
    amounts = op("Concat", left, before, right, left, after, right, axis=0)
    padded = op("Pad", x, amounts, None if value == 0.0 else scalar(value, x))
    dims = list(x.dims or ())
    dims[axis : axis + count] = [None] * count
    return refine(padded, dims)


def slice_axes(
    x: Tensor,
    starts: Sequence[int],
    ends: Sequence[int],
    axes: Sequence[int],
    steps: Sequence[int] | None = None,
) -> Tensor:
    """The part from `starts` to `ends` (exclusive) of some axes."""
    stride = None if steps is None or set(steps) == {1} else int64s(steps)
    return op("Slice", x, int64s(starts), int64s(ends), int64s(axes), stride)
