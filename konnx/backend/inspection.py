"""Asking about tensors."""

from __future__ import annotations

from typing import Any

import numpy as np

from konnx import graph
from konnx.graph import Tensor


def ndim(x: Tensor) -> int:
    """Return the number of axes."""
    return x.ndim


def dtype(x: Tensor) -> str:
    """Return the name of the element type."""
    return x.dtype


def count_params(x: Tensor) -> int:
    """Return the number of scalars in a variable, or in a tensor of known shape.

    Raises:
        ValueError: a size varies.
    """
    if None in x.shape:
        raise ValueError(f"The number of elements of {x!r} varies. Use K.shape in the graph.")
    return int(np.prod([size for size in x.shape if size is not None]))


def get_variable_shape(x: Tensor) -> tuple[int | None, ...]:
    """Return the shape as Python integers."""
    return x.shape


def is_tensor(x: Any) -> bool:
    """Tell whether x is symbolic: a tensor, variable or placeholder."""
    return isinstance(x, Tensor)


def is_variable(x: Any) -> bool:
    """Tell whether x is a variable."""
    return isinstance(x, Tensor) and graph.is_variable(x)


def is_placeholder(x: Any) -> bool:
    """Tell whether x is an input of a function."""
    return isinstance(x, Tensor) and graph.is_placeholder(x)


def is_keras_tensor(x: Any) -> bool:
    """Tell whether a tensor was made by a layer or by `Input`.

    Raises:
        ValueError: x is no tensor at all.
    """
    if not isinstance(x, Tensor):
        raise ValueError(f"Expected a symbolic tensor. Received: {x!r} of {type(x).__name__}")
    return x._keras_history is not None


def is_sparse(tensor: Any) -> bool:
    """Tell whether a tensor is sparse: never, as ONNX Runtime computes on dense ones."""
    return False


def to_dense(tensor: Tensor) -> Tensor:
    """Return the tensor, which is dense already."""
    return tensor
