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


def subtract_scaled(x: Tensor, factor: Tensor, y: Tensor) -> Tensor:
    """x - factor * y, for a scalar factor.

    Where y is a product a^T b of two matrices, as gradients of Dense kernels are, one Gemm does
    all: it starts from x and adds a^T (-factor * b), so that y itself is never written.
    """
    factors = _transposed_product(y)
    if factors is None or x.dtype not in ("float32", "float64"):
        return op("Sub", x, op("Mul", factor, y))
    a, b = factors
    return op("Gemm", a, op("Mul", b, op("Neg", factor)), x, transA=1)


def _transposed_product(y: Tensor) -> tuple[Tensor, Tensor] | None:
    """The matrices a and b, if y is the product of a's transpose and b."""
    if y.node.op_type != "MatMul" or y.ndim != 2:
        return None
    left, b = y.node.inputs
    if left is None or b is None or left.node.op_type != "Transpose" or b.ndim != 2:
        return None
    a = left.node.inputs[0]
    return None if a is None or a.ndim != 2 else (a, b)


register_operators({"matmul": matmul})
