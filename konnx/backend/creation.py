"""Making tensors: inputs, variables and constants."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

import numpy as np

from konnx import graph, ops
from konnx.backend.running import eval
from konnx.config import floatx
from konnx.graph import Dim, Tensor, Variable
from konnx.graph import constant as _constant
from konnx.graph import placeholder as _placeholder
from konnx.ops.random import Sizes
from konnx.ops.shape import known_sizes


def placeholder(
    shape: Sequence[int | None] | None = None,
    ndim: int | None = None,
    dtype: Any = None,
    sparse: bool = False,
    name: str | None = None,
) -> Tensor:
    """Make an input of a function; give its shape, or only the number of its axes.

    Args:
        shape: the sizes, None for one that varies.
        ndim: the number of axes, where `shape` is not given.
        dtype: default `floatx()`.
        sparse: refused, as ONNX has no sparse tensors.
        name: of the input.

    Raises:
        ValueError: neither shape nor ndim is given, or `sparse` is true.
    """
    if sparse:
        raise ValueError("Tensors are dense in ONNX. Received: sparse=True")
    if shape is None and ndim is None:
        raise ValueError("`placeholder` needs `shape` or `ndim`.")
    sizes = list(shape) if shape is not None else [None] * (ndim or 0)
    dims: list[Dim] = list(sizes)
    if dims and dims[0] is None:
        dims[0] = "batch"
    return _placeholder(dims, dtype or floatx(), name or "placeholder")


def variable(value: Any, dtype: Any = None, name: str | None = None, constraint: Any = None) -> Any:
    """Make a variable with an initial value, of `floatx()` unless `dtype` says otherwise.

    Args:
        value: an array, a number, a SciPy sparse matrix (made dense), or a tensor that needs no
            inputs, whose present value is taken.
        dtype: default `floatx()`.
        name: of the variable.
        constraint: a function of the new value that an optimizer applies after each update.
    """
    if isinstance(value, Tensor):
        value = eval(value)
    array = value.toarray() if hasattr(value, "tocoo") else np.asarray(value)
    return Variable(array, dtype or floatx(), name or "variable", constraint=constraint)


def constant(
    value: Any, dtype: Any = None, shape: Sequence[int] | None = None, name: str | None = None
) -> Tensor:
    """Make a constant, of `floatx()` unless `dtype` says otherwise; a scalar may fill a shape."""
    array = np.asarray(value, dtype=dtype or floatx())
    return _constant(array if shape is None else np.broadcast_to(array, shape), name=name or "")


def zeros(shape: Sizes, dtype: Any = None, name: str | None = None) -> Any:
    """Make a variable full of zeros; a tensor, where a size is a tensor.

    Args:
        shape: the sizes.
        dtype: default `floatx()`.
        name: of the variable.
    """
    return _filled(0, shape, dtype, name or "zeros")


def ones(shape: Sizes, dtype: Any = None, name: str | None = None) -> Any:
    """Make a variable full of ones; a tensor, where a size is a tensor. Arguments as of `zeros`."""
    return _filled(1, shape, dtype, name or "ones")


def _filled(value: int, shape: Sizes, dtype: Any, name: str) -> Tensor:
    dtype = dtype or floatx()
    sizes = ops.sizes_tensor(shape)
    known = sizes.constant_value
    if known is None:
        filled = ops.expand(ops.as_tensor(value, dtype), sizes)
        return graph.refine(filled, known_sizes(shape) or filled.shape)
    return Variable(np.full(known, value), dtype, name)


def eye(size: int, dtype: Any = None, name: str | None = None) -> Variable:
    """Make a variable that is the identity matrix of `size` rows, of `floatx()` by default."""
    return Variable(np.eye(size), dtype or floatx(), name or "eye")


def zeros_like(x: Any, dtype: Any = None, name: str | None = None) -> Tensor:
    """Return zeros in the shape of a tensor, in its dtype unless `dtype` is given."""
    return _filled_like(0, x, dtype)


def ones_like(x: Any, dtype: Any = None, name: str | None = None) -> Tensor:
    """Return ones in the shape of a tensor, in its dtype unless `dtype` is given."""
    return _filled_like(1, x, dtype)


def _filled_like(value: int, x: Any, dtype: Any) -> Tensor:
    like = ops.as_tensor(x)
    filling = _constant(np.asarray(value, dtype or like.dtype))
    return ops.expand_like(filling, like)


def identity(x: Any, name: str | None = None) -> Tensor:
    """Return the same value as a tensor of its own, with a name if one is given."""
    with graph.name_scope(name) if name else nullcontext():
        return ops.identity(x)


def arange(start: Any, stop: Any = None, step: Any = 1, dtype: Any = "int32") -> Tensor:
    """Return the numbers from `start` to `stop`, which is not reached; one number alone is `stop`.

    Each may be a scalar tensor.
    """
    return ops.arange(start, stop, step, dtype)


def cast_to_floatx(x: Any) -> np.ndarray:
    """Return an array (not a tensor) as one of `floatx()`.

    Example:
        >>> cast_to_floatx([1, 2]).dtype
        dtype('float32')
    """
    return np.asarray(x, dtype=floatx())
