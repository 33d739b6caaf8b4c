"""Changing shapes and taking parts, Keras' way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from konnx import ops
from konnx.graph import Tensor
from konnx.ops.shape import Size

_END = 2**63 - 1


def transpose(x: Tensor) -> Tensor:
    """Reverse the axes."""
    return ops.transpose(x)


def permute_dimensions(x: Tensor, pattern: Sequence[int]) -> Tensor:
    """Put the axes into the order that `pattern` gives."""
    return ops.transpose(x, pattern)


def batch_flatten(x: Tensor) -> Tensor:
    """Join all axes but the first."""
    return ops.flatten_from(x, 1)


def flatten(x: Tensor) -> Tensor:
    """Join all axes."""
    return ops.reshape(x, [-1])


def gather(reference: Tensor, indices: Any) -> Tensor:
    """Return the rows of `reference` (along its first axis) that whole numbers of any shape name.

    A negative index counts from the end; one that is too large is an error of the run.
    """
    return ops.gather(reference, indices)


def stack(x: Sequence[Any], axis: int = 0) -> Tensor:
    """Join tensors of one shape along a new axis."""
    return ops.stack(x, axis)


def repeat_elements(x: Tensor, rep: int, axis: int) -> Tensor:
    """Repeat each element `rep` times in a row along an axis, as np.repeat."""
    return ops.repeat_elements(x, rep, axis)


def tile(x: Tensor, n: int | Sequence[Size] | Tensor) -> Tensor:
    """Repeat x as a whole `n[i]` times along axis i; a number stands for a single axis."""
    return ops.tile(x, [n] if isinstance(n, int) else n)


def slice(x: Tensor, start: Any, size: Any) -> Tensor:
    """Return the part of x that begins at `start` and has the given sizes.

    Args:
        x: a tensor.
        start: for each axis (or for the first ones) a place, as numbers, scalar tensors or one
            tensor.
        size: likewise, how many elements; -1: all that follow (as a number only).

    Raises:
        ValueError: a start is negative.
    """
    starts = _listed(start)
    if any(isinstance(first, int) and first < 0 for first in starts):
        raise ValueError(f"`start` counts from the beginning. Received: start={start}")
    sizes = _listed(size)
    ends = [
        _END if isinstance(count, int) and count == -1 else first + count
        for first, count in zip(starts, sizes, strict=True)
    ]
    return ops.slice_axes(x, starts, ends, range(len(starts)))


def _listed(sizes: Any) -> list[Any]:
    if isinstance(sizes, Tensor):
        return list(ops.cast(sizes, "int64")) if sizes.ndim else [ops.cast(sizes, "int64")]
    many = sizes if isinstance(sizes, Sequence) else [sizes]
    return [ops.cast(one, "int64") if isinstance(one, Tensor) else int(one) for one in many]
