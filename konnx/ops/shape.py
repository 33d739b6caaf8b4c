"""Shapes: asking for them and changing them without touching the elements."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from konnx.graph import (
    Dim,
    ShapeError,
    Tensor,
    constant,
    int64s,
    op,
    refine,
    standardize_dtype,
)
from konnx.ops._convert import (
    as_tensor,
    as_tensors,
    canonical_axes,
    canonical_axis,
    cast,
    scalar,
)

Size = int | Tensor
"""A size: known, or a scalar tensor of whole numbers that a run computes."""

_WHOLE = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")


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


def size_of(x: Tensor, axis: int) -> Size:
    """The size of an axis: a Python integer, or a scalar tensor (int64) where it varies."""
    size = x.shape[axis]
    if size is not None:
        return size
    start = canonical_axis(axis, x.ndim)
    return op("Squeeze", op("Shape", x, start=start, end=start + 1), int64s([0]))


def sizes_tensor(sizes: Sequence[Size | None] | Tensor) -> Tensor:
    """Sizes as one int64 tensor; each may be a number or a scalar tensor, None stands for -1."""
    if isinstance(sizes, Tensor):
        return cast(sizes, "int64")
    if not any(isinstance(size, Tensor) for size in sizes):
        return int64s([-1 if size is None else int(size) for size in sizes])  # type: ignore[arg-type]
    parts = [
        reshape(cast(size, "int64"), [1])
        if isinstance(size, Tensor)
        else int64s([-1 if size is None else size])
        for size in sizes
    ]
    return op("Concat", *parts, axis=0)


def known_sizes(sizes: Sequence[Size | None] | Tensor) -> list[int | None] | None:
    """What is known of sizes when the graph is built; None: not even their number."""
    if isinstance(sizes, Tensor):
        value = sizes.constant_value
        if value is not None:
            return [int(size) for size in value]
        return None if sizes.shape[0] is None else [None] * sizes.shape[0]
    return [None if isinstance(size, Tensor) or size == -1 else size for size in sizes]


def reshape(x: Any, shape: Sequence[Size | None] | Tensor) -> Tensor:
    """The elements in another shape.

    Args:
        x: a tensor.
        shape: the sizes, one of which may be -1 (what is left; None means the same) and each of
            which may be a scalar tensor; or a tensor of whole numbers.
    """
    tensor = as_tensor(x)
    sizes = sizes_tensor(shape)
    value = sizes.constant_value
    if value is None:
        reshaped = op("Reshape", tensor, sizes)
        known = known_sizes(shape)
        return reshaped if known is None else refine(reshaped, known)
    zero = 0 in value and not isinstance(shape, Tensor)
    return op("Reshape", tensor, sizes, allowzero=1 if zero else None)


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


def split(x: Any, sizes: Sequence[int], axis: int = -1) -> list[Tensor]:
    """Parts of given sizes along an axis, which they fill: what `concatenate` joins."""
    tensor = as_tensor(x)
    if len(sizes) == 1:
        return [tensor]
    place = canonical_axis(axis, tensor.ndim)
    return list(op("Split", tensor, int64s(sizes), axis=place, outputs=len(sizes)))


def stack(tensors: Sequence[Any], axis: int = 0) -> Tensor:
    """Tensors of one shape joined along a new axis."""
    parts = as_tensors(*tensors)
    axis = canonical_axis(axis, parts[0].ndim + 1)
    return op("Concat", *[expand_dims(part, axis) for part in parts], axis=axis)


def reverse(x: Any, axes: int | Sequence[int]) -> Tensor:
    """The elements in reverse order along some axes."""
    tensor = as_tensor(x)
    turned = canonical_axes(axes, tensor.ndim)
    last, end = [-1] * len(turned), [-(2**62)] * len(turned)
    return slice_axes(tensor, last, end, turned, last) if turned else tensor


def arange(start: Any, stop: Any = None, step: Any = 1, dtype: Any = "int64") -> Tensor:
    """The numbers from `start` (or 0) to `stop`, which is not reached.

    A constant where all three are Python numbers. As in NumPy, one number alone is `stop`.
    """
    if stop is None:
        start, stop = 0, start
    limits = (start, stop, step)
    if not any(isinstance(limit, Tensor) for limit in limits):
        return constant(np.arange(*limits).astype(standardize_dtype(dtype)))
    inner = "int64" if standardize_dtype(dtype) in _WHOLE else "float64"
    return cast(op("Range", *[cast(as_tensor(limit), inner) for limit in limits]), dtype)


def repeat_elements(x: Any, times: int, axis: int) -> Tensor:
    """Each element `times` times in a row along an axis, as NumPy's repeat."""
    tensor = as_tensor(x)
    axis = canonical_axis(axis, tensor.ndim)
    repeats = [1] * (tensor.ndim + 1)
    repeats[axis + 1] = times
    copies = tile(expand_dims(tensor, axis + 1), repeats)
    dims: list[Dim] = list(tensor.dims or ())
    sizes = shape(tensor)
    factors = np.ones(tensor.ndim, np.int64)
    factors[axis] = times
    known = sizes.constant_value
    target = (
        int64s((known * factors).tolist())
        if known is not None
        else op("Mul", sizes, constant(factors))
    )
    size = dims[axis]
    dims[axis] = size * times if isinstance(size, int) else None
    return refine(op("Reshape", copies, target), dims)


def expand(x: Tensor, sizes: Sequence[int] | Tensor) -> Tensor:
    """The tensor broadcast to a shape."""
    return op("Expand", x, sizes if isinstance(sizes, Tensor) else int64s(sizes))


def expand_like(x: Tensor, like: Tensor) -> Tensor:
    """The tensor broadcast to the shape of another."""
    if x.dims == like.dims and like.dims is not None and _all_named(like.dims):
        return x
    expanded = op("Expand", x, shape(like))
    return expanded if like.dims is None else refine(expanded, like.dims)


def zeros_like(x: Tensor) -> Tensor:
    """Zeros of the shape and dtype of a tensor."""
    return expand_like(scalar(0, x), x)


def tile(x: Any, repeats: Sequence[Size] | Tensor) -> Tensor:
    """The tensor repeated as a whole, `repeats[i]` times along axis i."""
    tensor = as_tensor(x)
    tiled = op("Tile", tensor, sizes_tensor(repeats))
    if isinstance(repeats, Tensor):
        return tiled
    known = zip(tensor.dims or (), repeats, strict=True)
    return refine(tiled, [dim if isinstance(n, int) and n == 1 else None for dim, n in known])


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
    starts: Sequence[Size] | Tensor,
    ends: Sequence[Size] | Tensor,
    axes: Sequence[int],
    steps: Sequence[int] | None = None,
) -> Tensor:
    """The part from `starts` to `ends` (exclusive) of some axes; both may be scalar tensors."""
    stride = None if steps is None or set(steps) == {1} else int64s(steps)
    part = op("Slice", x, sizes_tensor(starts), sizes_tensor(ends), int64s(axes), stride)
    whole = {axis % x.ndim for axis in axes}
    return refine(part, [None if axis in whole else dim for axis, dim in enumerate(x.dims or ())])
