"""Matrix products."""

from __future__ import annotations

from typing import Any

from konnx.graph import Dim, ShapeError, Tensor, op, refine
from konnx.graph.tensor import register_operators
from konnx.ops._convert import as_tensors, canonical_axis
from konnx.ops.elementwise import multiply
from konnx.ops.reduction import sum as reduce_sum
from konnx.ops.shape import expand_dims, reshape, size_of, squeeze, transpose


def matmul(x: Any, y: Any) -> Tensor:
    """The matrix product over the last two axes; axes before them broadcast."""
    first, second = as_tensors(x, y)
    return op("MatMul", first, second)


def dot(x: Any, y: Any) -> Tensor:
    """The product over the last axis of x and the last but one of y, as NumPy's dot.

    Args:
        x: (..., n).
        y: (..., n, m), or (n,).

    Returns:
        The axes of x but the last, then those of y but n: (2, 3) and (4, 3, 5) give (2, 4, 5).
    """
    first, second = as_tensors(x, y)
    if second.ndim <= 2:
        return op("MatMul", first, second)
    columns = _move(second, second.ndim - 2, 0)
    rest = [size_of(columns, axis) for axis in range(1, columns.ndim)]
    columns = reshape(columns, [size_of(second, -2), -1])
    sizes = [*[size_of(first, axis) for axis in range(first.ndim - 1)], *rest]
    dims = [*_dims(first)[:-1], *_dims(second)[:-2], _dims(second)[-1]]
    return refine(reshape(op("MatMul", first, columns), sizes), dims)


def batch_dot(x: Any, y: Any, axes: tuple[int, int]) -> Tensor:
    """The product over one axis of each, sample by sample.

    Args:
        x: (batch, ...), of at least 2 axes.
        y: (batch, ...), of at least 2 axes.
        axes: the axis of x and the axis of y that are summed over; not the batch.

    Returns:
        The axes of x but its own, then those of y but the batch and its own; (batch, 1) where
        nothing else is left. But where both axes lie among the last two of the higher rank, all
        axes before these two are batches that both have, as Keras 2.1 does it.

    Raises:
        ShapeError: fewer than 2 axes, the batch axis, or sizes that differ.
    """
    first, second = as_tensors(x, y)
    a, b = _contracted(first, second, axes)
    rank = max(first.ndim, second.ndim)
    if rank == 2:
        return reduce_sum(multiply(first, second), 1, keepdims=True)
    if min(a, b) >= rank - 2:
        return _matrix_by_matrix(first, second, a, b, rank)
    left, right = _move(first, a, first.ndim - 1), _move(second, b, 1)
    rows = reshape(left, [size_of(left, 0), -1, size_of(left, -1)])
    columns = reshape(right, [size_of(right, 0), size_of(right, 1), -1])
    sizes = [size_of(left, axis) for axis in range(left.ndim - 1)]
    sizes += [size_of(right, axis) for axis in range(2, right.ndim)]
    dims = [*_dims(left)[:-1], *_dims(right)[2:]]
    return refine(reshape(op("MatMul", rows, columns), sizes), dims)


def _matrix_by_matrix(x: Tensor, y: Tensor, a: int, b: int, rank: int) -> Tensor:
    """The products of matrices over the axes before the last two; a vector is one row or column."""
    rows = _move(x, a, rank - 1) if x.ndim == rank else expand_dims(x, rank - 2)
    columns = _move(y, b, rank - 2) if y.ndim == rank else expand_dims(y, rank - 1)
    product = op("MatMul", rows, columns)
    if x.ndim < rank:
        return squeeze(product, rank - 2)
    return squeeze(product, rank - 1) if y.ndim < rank else product


def _contracted(x: Tensor, y: Tensor, axes: tuple[int, int]) -> tuple[int, int]:
    received = f"Received: {x!r}, {y!r}, axes={axes}"
    if min(x.ndim, y.ndim) < 2:
        raise ShapeError(
            f"`batch_dot` takes tensors with a batch and at least one axis. {received}"
        )
    a, b = (canonical_axis(axis, one.ndim) for axis, one in zip(axes, (x, y), strict=True))
    if 0 in (a, b):
        raise ShapeError(f"`batch_dot` cannot sum over the batch, axis 0. {received}")
    if None not in (x.shape[a], y.shape[b]) and x.shape[a] != y.shape[b]:
        raise ShapeError(f"`batch_dot` sums over two axes of one size. {received}")
    return a, b


def _move(x: Tensor, axis: int, place: int) -> Tensor:
    """The tensor with one axis moved."""
    order = [other for other in range(x.ndim) if other != axis]
    order.insert(place, axis)
    return transpose(x, order)


def _dims(x: Tensor) -> tuple[Dim, ...]:
    return x.dims or ()


def subtract_scaled(x: Tensor, factor: Tensor, y: Tensor) -> Tensor:
    """x - factor * y, for a scalar factor.

    Where y is a product a^T b of two matrices, as gradients of Dense kernels are, one Gemm does
    all: it starts from x and adds a^T (-factor * b), so that y itself is never written. Likewise
    where y is rows added to zeros, as gradients of embeddings are: they are added to x at once.
    """
    factors, rows = _transposed_product(y), _added_rows(y)
    if rows is not None:
        indices, updates = rows
        scaled = op("Mul", updates, op("Neg", factor))
        return op("ScatterND", x, indices, scaled, reduction="add")
    if factors is None or x.dtype not in ("float32", "float64"):
        return op("Sub", x, op("Mul", factor, y))
    a, b = factors
    return op("Gemm", a, op("Mul", b, op("Neg", factor)), x, transA=1)


def _added_rows(y: Tensor) -> tuple[Tensor, Tensor] | None:
    """The places and the rows, if y is made by adding rows to zeros."""
    if y.node.op_type != "ScatterND" or y.node.attributes.get("reduction") != "add":
        return None
    start, indices, updates = y.node.inputs
    if start is None or indices is None or updates is None or start.node.op_type != "Expand":
        return None
    (filled, _) = start.node.inputs
    value = None if filled is None else filled.constant_value
    return (indices, updates) if value is not None and not value.any() else None


def _transposed_product(y: Tensor) -> tuple[Tensor, Tensor] | None:
    """The matrices a and b, if y is the product of a's transpose and b."""
    if y.node.op_type != "MatMul" or y.ndim != 2:
        return None
    left, b = y.node.inputs
    if left is None or b is None or left.node.op_type != "Transpose" or b.ndim != 2:
        return None
    a = left.node.inputs[0]
    return None if a is None or a.ndim != 2 else (a, b)


register_operators({"matmul": matmul, "rmatmul": lambda x, y: matmul(y, x)})
