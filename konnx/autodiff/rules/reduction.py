"""Rules for reductions."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from konnx import ops
from konnx.autodiff.rules._table import Gradients, lowering, present, rule
from konnx.graph import Node, Tensor, constant, op
from konnx.ops import canonical_axes


def _axes(node: Node) -> tuple[int, ...]:
    x = present(node.inputs[0])
    given = node.inputs[1] if len(node.inputs) > 1 else None
    value = None if given is None else given.constant_value
    if given is not None and value is None:
        raise ValueError(
            f"{node!r} reduces over axes that are not constant: no gradient without keepdims"
        )
    if value is None or not value.size:
        return (
            () if node.attributes.get("noop_with_empty_axes", 0) else canonical_axes(None, x.ndim)
        )
    return canonical_axes(value.tolist(), x.ndim)


def _with_kept_axes(node: Node, value: Tensor) -> Tensor:
    """The output or its gradient with the axes that were reduced as size 1."""
    if node.attributes.get("keepdims", 1):
        return value
    return op("Unsqueeze", value, constant(_axes(node), "int64"))


def _reduced(op_type: str, node: Node, x: Tensor) -> Tensor:
    """Another reduction over the axes of a node, which are kept as size 1."""
    noop = node.attributes.get("noop_with_empty_axes")
    return op(op_type, x, *node.inputs[1:], keepdims=1, noop_with_empty_axes=noop)


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
    """How many elements each output sums up."""
    x, given = present(node.inputs[0]), [*node.inputs, None][1]
    sizes = [x.shape[axis] for axis in _axes(node)] if _is_known(given) else [None]
    if None in sizes:
        counted = ops.cast(op("Size", x), dtype)
        return counted / ops.cast(op("Size", node.outputs[0]), dtype)
    return constant(math.prod(size for size in sizes if size is not None), dtype)


def _is_known(axes: Tensor | None) -> bool:
    return axes is None or axes.constant_value is not None


@rule("ReduceMax")
@rule("ReduceMin")
def reduce_extreme(node: Node, dy: Tensor) -> Gradients:
    """To the extreme elements; equal ones share."""
    x = present(node.inputs[0])
    hits = ops.cast(ops.equal(x, _with_kept_axes(node, node.outputs[0])), dy.dtype)
    shared = _with_kept_axes(node, dy) / _reduced("ReduceSum", node, hits)
    return _to_x(node, hits * shared)


@rule("ReduceProd")
def reduce_prod(node: Node, dy: Tensor) -> Gradients:
    """To each element the product of the others, zeros among them or not.

    Where there are zeros, second derivatives take these products for constants.
    """
    x = present(node.inputs[0])
    zeros = ops.cast(ops.equal(x, ops.scalar(0, x)), x.dtype)
    others = x + zeros
    product = _reduced("ReduceProd", node, others)
    hidden = _reduced("ReduceSum", node, zeros) - zeros  # how many of the others are 0
    seen = 1.0 - ops.clip(hidden, 0.0, 1.0)
    return _to_x(node, _with_kept_axes(node, dy) * product / others * seen)


@rule("ReduceLogSumExp")
def reduce_log_sum_exp(node: Node, dy: Tensor) -> Gradients:
    """The softmax of the elements; its sum is taken anew, as the output is rounded."""
    x = present(node.inputs[0])
    share = ops.exp(x - _with_kept_axes(node, node.outputs[0]))
    share = share / _reduced("ReduceSum", node, share)
    return _to_x(node, _with_kept_axes(node, dy) * share)


# What a reduction does before and after its sum.
_COMPOSED: dict[str, tuple[Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]]] = {
    "ReduceL1": (ops.abs, ops.identity),
    "ReduceL2": (ops.square, lambda total: op("Sqrt", total)),
    "ReduceLogSum": (ops.identity, ops.log),
    "ReduceSumSquare": (ops.square, ops.identity),
}


def _composed(node: Node) -> Sequence[Tensor]:
    before, after = _COMPOSED[node.op_type]
    total = op("ReduceSum", before(present(node.inputs[0])), *node.inputs[1:], **node.attributes)
    return [after(total)]


for _op_type in _COMPOSED:
    lowering(_op_type)(_composed)


@rule("CumSum")
def cumsum(node: Node, dy: Tensor) -> Gradients:
    """Summed up from the other end."""
    turned = 1 - node.attributes.get("reverse", 0)
    exclusive = node.attributes.get("exclusive", 0)
    return [op("CumSum", dy, node.inputs[1], reverse=turned, exclusive=exclusive), None]


@rule("TopK")
def top_k(node: Node, dy: Tensor | None, _: Tensor | None = None) -> Gradients:
    """Back to the places that the elements were taken from; the indices have no gradient."""
    if dy is None:
        return [None, None]
    x = present(node.inputs[0])
    zeros = ops.zeros_like(x)
    axis = node.attributes.get("axis", -1)
    return [op("ScatterElements", zeros, node.outputs[1], dy, axis=axis), None]
