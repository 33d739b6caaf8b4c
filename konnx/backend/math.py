"""Matrix products, reductions and functions of elements, with Keras' arguments."""

from __future__ import annotations

from konnx import ops
from konnx.graph import Tensor


def dot(x: Tensor, y: Tensor) -> Tensor:
    """Return the matrix product of x, over its last axis, and a matrix y."""
    if y.ndim != 2:
        raise ValueError(f"`dot` takes a matrix as its second argument. Received: {y!r}")
    return ops.matmul(x, y)
