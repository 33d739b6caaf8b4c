"""Rules for matrix products."""

from __future__ import annotations

from konnx import ops
from konnx.autodiff.rules._table import Gradients, inputs_of, rule
from konnx.graph import Node, Tensor, op


def _transposed(x: Tensor) -> Tensor:
    return ops.transpose(x, [*range(x.ndim - 2), x.ndim - 1, x.ndim - 2])


@rule("MatMul", broadcasts=True)
def matmul(node: Node, dy: Tensor) -> Gradients:
    """da = dy b^T, db = a^T dy; a weight matrix gets one large product instead of many."""
    a, b = inputs_of(node)
    if a.ndim > 1 and b.ndim > 1:
        return _of_matrices(a, b, dy)
    row = ops.expand_dims(a, 0) if a.ndim == 1 else a
    column = ops.expand_dims(b, 1) if b.ndim == 1 else b
    dy = ops.expand_dims(dy, -1) if b.ndim == 1 else dy
    dy = ops.expand_dims(dy, -2) if a.ndim == 1 else dy
    da, db = _of_matrices(row, column, dy)
    return (
        ops.squeeze(da, -2) if a.ndim == 1 else da,
        ops.squeeze(db, -1) if b.ndim == 1 else db,
    )


def _of_matrices(a: Tensor, b: Tensor, dy: Tensor) -> tuple[Tensor, Tensor]:
    da = op("MatMul", dy, _transposed(b))
    if b.ndim == 2 and a.ndim > 2:
        db = op("MatMul", _transposed(as_matrix(a)), as_matrix(dy))
    else:
        db = op("MatMul", _transposed(a), dy)
    return da, db


def as_matrix(x: Tensor) -> Tensor:
    """All axes but the last joined into one."""
    return ops.reshape(x, [-1, x.shape[-1]]) if x.shape[-1] is not None else _dynamic_matrix(x)


def _dynamic_matrix(x: Tensor) -> Tensor:
    last = op("Shape", x, start=-1)
    return op("Reshape", x, op("Concat", ops.as_tensor([-1], "int64"), last, axis=0))


@rule("Gemm", broadcasts=True)
def gemm(node: Node, dy: Tensor) -> Gradients:
    """As MatMul; the bias sums over the rows (done by the driver)."""
    a, b = inputs_of(node)[:2]
    turned_a, turned_b = (node.attributes.get(name, 0) for name in ("transA", "transB"))
    a, b = _transposed(a) if turned_a else a, _transposed(b) if turned_b else b
    scaled = _scaled(dy, node.attributes.get("alpha", 1.0))
    da = op("MatMul", scaled, _transposed(b))
    db = op("MatMul", _transposed(a), scaled)
    da, db = _transposed(da) if turned_a else da, _transposed(db) if turned_b else db
    bias = [_scaled(dy, node.attributes.get("beta", 1.0)) for _ in node.inputs[2:]]
    return [da, db, *bias]


def _scaled(dy: Tensor, factor: float) -> Tensor:
    return dy if factor == 1.0 else dy * factor
