"""Asking about tensors."""

from __future__ import annotations

import numpy as np

from konnx.graph import Tensor, Variable


def ndim(x: Tensor) -> int:
    """Return the number of axes."""
    return x.ndim


def dtype(x: Tensor) -> str:
    """Return the name of the element type."""
    return x.dtype


def count_params(x: Variable) -> int:
    """Return the number of scalars in a variable."""
    return int(np.prod(x.shape))
