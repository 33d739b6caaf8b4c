"""Matrix products."""

from __future__ import annotations

from typing import Any

from konnx.graph import Tensor, op
from konnx.graph.tensor import register_operators
from konnx.ops._convert import as_tensors


def matmul(x: Any, y: Any) -> Tensor:
    """The matrix product over the last two axes; axes before them broadcast."""
    first, second = as_tensors(x, y)
    return op("MatMul", first, second)


register_operators({"matmul": matmul})
