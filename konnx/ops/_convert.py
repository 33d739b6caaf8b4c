"""From Python values and arrays to tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from konnx.graph import ShapeError, Tensor, constant, is_float, op, standardize_dtype
from konnx.graph.types import elem_type_of

_SIGNED = ("int8", "int16", "int32", "int64")

TensorLike = Tensor | np.ndarray | float | int | bool | Sequence[Any]


def as_tensor(value: Any, dtype: str | None = None) -> Tensor:
    """Return the value as a tensor; constants take `dtype`, tensors must already have it.

    Raises:
        ShapeError: a tensor of another dtype than `dtype`, or fractions where whole numbers go.
    """
    if isinstance(value, Tensor):
        if dtype is not None and value.dtype != dtype:
            raise ShapeError(
                f"Expected a {dtype} tensor. Received: {value!r}. Convert it with K.cast."
            )
        return value
    if dtype is not None and not is_float(dtype):
        _check_whole(value, dtype)
    return constant(value, dtype)


def _check_whole(value: Any, dtype: str) -> None:
    """Refuse to cut off fractions without a word, as in `counts * 0.5`."""
    array = np.asarray(value)
    if array.dtype.kind == "f" and (array % 1 != 0).any():
        raise ShapeError(
            f"A {dtype} tensor cannot meet fractions. Received: {value!r}. Convert the tensor "
            "with K.cast."
        )


def as_tensors(*values: Any) -> list[Tensor]:
    """Return values that meet in one operator as tensors of one dtype.

    Python values take the dtype of the tensors; whole numbers of several widths the widest one, so
    that sizes (int64) and counts (int32) may meet.
    """
    dtypes = [value.dtype for value in values if isinstance(value, Tensor)]
    if len(set(dtypes)) > 1 and set(dtypes) <= set(_SIGNED):
        widest = max(dtypes, key=_SIGNED.index)
        return [
            cast(value, widest) if isinstance(value, Tensor) else as_tensor(value, widest)
            for value in values
        ]
    dtype = dtypes[0] if dtypes else None
    return [as_tensor(value, dtype) for value in values]


def scalar(value: float, like: Tensor) -> Tensor:
    """Return a constant scalar of the dtype of `like`."""
    return as_tensor(value, like.dtype)


def cast(x: Any, dtype: Any) -> Tensor:
    """Convert to a dtype; a constant is converted now."""
    tensor, name = as_tensor(x), standardize_dtype(dtype)
    if tensor.dtype == name:
        return tensor
    value = tensor.constant_value
    if value is not None:
        return constant(value.astype(name))
    return op("Cast", tensor, to=elem_type_of(name))


def canonical_axis(axis: int, ndim: int) -> int:
    """Return the axis counted from the front.

    Raises:
        ValueError: there is no such axis.
    """
    if not -ndim <= axis < ndim:
        raise ValueError(f"`axis` must lie between {-ndim} and {ndim - 1}. Received: axis={axis}")
    return axis % ndim


def canonical_axes(axis: int | Sequence[int] | None, ndim: int) -> tuple[int, ...]:
    """Return axes counted from the front; None means all."""
    if axis is None:
        return tuple(range(ndim))
    axes = [axis] if isinstance(axis, int | np.integer) else list(axis)
    return tuple(canonical_axis(int(one), ndim) for one in axes)
