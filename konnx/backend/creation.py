"""Making tensors: inputs, variables and constants."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from konnx.config import floatx
from konnx.graph import Dim, Tensor, Variable
from konnx.graph import constant as _constant
from konnx.graph import placeholder as _placeholder


def placeholder(
    shape: Sequence[int | None] | None = None,
    ndim: int | None = None,
    dtype: Any = None,
    name: str | None = None,
) -> Tensor:
    """Make an input of a function; give its shape, or only the number of its axes."""
    if shape is None and ndim is None:
        raise ValueError("`placeholder` needs `shape` or `ndim`.")
    sizes = list(shape) if shape is not None else [None] * (ndim or 0)
    dims: list[Dim] = list(sizes)
    if dims and dims[0] is None:
        dims[0] = "batch"
    return _placeholder(dims, dtype or floatx(), name or "placeholder")


def variable(value: Any, dtype: Any = None, name: str | None = None, constraint: Any = None) -> Any:
    """Make a variable with an initial value, of `floatx()` unless `dtype` says otherwise."""
    return Variable(np.asarray(value), dtype or floatx(), name or "variable", constraint=constraint)


def constant(
    value: Any, dtype: Any = None, shape: Sequence[int] | None = None, name: str | None = None
) -> Tensor:
    """Make a constant, of `floatx()` unless `dtype` says otherwise; a scalar may fill a shape."""
    array = np.asarray(value, dtype=dtype or floatx())
    return _constant(array if shape is None else np.broadcast_to(array, shape), name=name or "")
