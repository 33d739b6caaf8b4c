"""Rules for reductions."""

from __future__ import annotations

from konnx import ops
from konnx.autodiff.rules._table import Gradients, present, rule
from konnx.graph import Node, Tensor, constant, op
from konnx.ops import canonical_axes


def _axes(node: Node) -> tuple[int, ...]:
    x = present(node.inputs[0])
    given = node.inputs[1] if len(node.inputs) > 1 else None
    if given is None:
        return canonical_axes(None, x.ndim)
    value = given.constant_value
    if value is None:
        raise ValueError(f"{node!r} reduces over axes that are not constant: no gradient")
    return canonical_axes(value.tolist(), x.ndim)


def _with_kept_axes(node: Node, value: Tensor) -> Tensor:
    """The output or its gradient with the axes that were reduced as size 1."""
    if node.attributes.get("keepdims", 1):
        return value
    return op("Unsqueeze", value, constant(_axes(node), "int64"))


def _spread(node: Node, dy: Tensor) -> Tensor:
    return ops.expand_like(_with_kept_axes(node, dy), present(node.inputs[0]))


def _to_x(node: Node, dx: Tensor) -> Gradients:
    return [dx, *[None] * (len(node.inputs) - 1)]


@rule("ReduceSum")
def reduce_sum(node: Node, dy: Tensor) -> Gradients:
    """The same gradient for every element."""
    return _to_x(node, _spread(node, dy))


@rule("ReduceMean")
def reduce_mean(node: Node, dy: Tensor) -> Gradients:
    """The same gradient for every element, over their number."""
    return _to_x(node, _spread(node, dy / _count(node, dy.dtype)))


def _count(node: Node, dtype: str) -> Tensor:
    x = present(node.inputs[0])
    count = 1
    for axis in _axes(node):
        size = x.shape[axis]
        if size is None:
            sizes = ops.cast(op("Size", x), dtype)
            return sizes / ops.cast(op("Size", node.outputs[0]), dtype)
        count *= size
    return constant(count, dtype)


@rule("ReduceMax")
@rule("ReduceMin")
def reduce_extreme(node: Node, dy: Tensor) -> Gradients:
    """To the extreme elements; equal ones share."""
    x = present(node.inputs[0])
    hits = ops.cast(ops.equal(x, _with_kept_axes(node, node.outputs[0])), dy.dtype)
    shared = _with_kept_axes(node, dy) / ops.sum(hits, _axes(node), keepdims=True)
    return _to_x(node, hits * shared)
