"""Sums over the steps of a loop, taken at once from values stacked over the steps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from konnx import ops
from konnx.autodiff.rules.linalg import as_matrix
from konnx.graph import Node, Tensor, op
from konnx.ops._lifting import Lifted

Combine = Callable[[Sequence[Lifted], Tensor], Tensor]


@dataclass(frozen=True)
class SumOverSteps:
    """How to sum a tensor of a body over all steps.

    Args:
        requests: tensors of the body that are needed for all steps.
        combine: makes the sum from them and from the number of steps, an int64 scalar.
    """

    requests: list[Tensor]
    combine: Combine


def sum_over_steps(term: Tensor) -> SumOverSteps:
    """Say how to sum a tensor of a body over all steps.

    A product of two matrices whose rows are samples, as gradients of weights are, becomes one
    product whose rows are the samples of all steps.
    """
    rule = _RULES.get(term.node.op_type)
    found = None if rule is None or term.node.domain else rule(term.node)
    return found or SumOverSteps([term], lambda lifted, steps: _summed(lifted[0], steps))


def _summed(lifted: Lifted, steps: Tensor) -> Tensor:
    if lifted.stacked:
        return ops.sum(lifted.tensor, 0)
    return lifted.tensor * ops.cast(steps, lifted.tensor.dtype)


def _inputs(node: Node) -> list[Tensor]:
    return [tensor for tensor in node.inputs if tensor is not None]


def _of_sum(node: Node) -> SumOverSteps | None:
    x, y = _inputs(node)
    if not x.dims == y.dims == node.outputs[0].dims:
        return None
    first, second = sum_over_steps(x), sum_over_steps(y)
    count = len(first.requests)

    def combine(lifted: Sequence[Lifted], steps: Tensor) -> Tensor:
        parts = first.combine(lifted[:count], steps), second.combine(lifted[count:], steps)
        return op("Add", *parts)

    return SumOverSteps(first.requests + second.requests, combine)


def _of_linear(node: Node) -> SumOverSteps | None:
    """An operator that commutes with sums: one of shape, whose other inputs are constants."""
    x, *others = _inputs(node)
    if any(tensor.constant_value is None for tensor in others):
        return None
    inner = sum_over_steps(x)

    def combine(lifted: Sequence[Lifted], steps: Tensor) -> Tensor:
        return node.with_inputs([inner.combine(lifted, steps), *others]).outputs[0]

    return SumOverSteps(inner.requests, combine)


def _of_reduction(node: Node) -> SumOverSteps | None:
    x, *axes = _inputs(node)
    value = axes[0].constant_value if axes else None
    if value is None or not value.size:
        return None
    places = [0, *(int(axis) % x.ndim + 1 for axis in value.reshape(-1))]
    keepdims = bool(node.attributes.get("keepdims", 1))

    def combine(lifted: Sequence[Lifted], steps: Tensor) -> Tensor:
        (one,) = lifted
        if not one.stacked:
            return _summed(one, steps)
        total = ops.sum(one.tensor, places, keepdims=keepdims)
        return ops.squeeze(total, 0) if keepdims else total

    return SumOverSteps([x], combine)


def _of_product(node: Node) -> SumOverSteps | None:
    x, y = _inputs(node)
    if x.ndim != 2 or y.ndim != 2:
        return None
    if _is_ones(x):
        return SumOverSteps([y], lambda lifted, steps: _sum_of_rows(lifted[0], steps))
    if x.node.op_type != "Transpose":
        return None
    (samples,) = _inputs(x.node)
    return SumOverSteps([samples, y], _product_of_rows)


def _is_ones(x: Tensor) -> bool:
    """Tell whether a tensor is a row of ones, as `ops.sum_to_last_axis` makes it."""
    one = _inputs(x.node)[0].constant_value if x.node.op_type == "Expand" else None
    return one is not None and one.ndim == 0 and one == 1 and x.shape[0] == 1


def _sum_of_rows(lifted: Lifted, steps: Tensor) -> Tensor:
    total = ops.expand_dims(ops.sum_to_last_axis(lifted.tensor), 0)
    return total if lifted.stacked else total * ops.cast(steps, total.dtype)


def _product_of_rows(lifted: Sequence[Lifted], steps: Tensor) -> Tensor:
    x, y = lifted
    if x.stacked and y.stacked:
        return op("MatMul", ops.transpose(as_matrix(x.tensor)), as_matrix(y.tensor))
    # One of the two is always the same, so that the other one may be summed up before.
    left, right = (_summed(one, steps) if one.stacked else one.tensor for one in lifted)
    product = op("MatMul", ops.transpose(left), right)
    return product if x.stacked or y.stacked else product * ops.cast(steps, product.dtype)


_RULES: dict[str, Callable[[Node], SumOverSteps | None]] = {
    "Add": _of_sum,
    "MatMul": _of_product,
    "ReduceSum": _of_reduction,
    **dict.fromkeys(("Identity", "Reshape", "Squeeze", "Transpose", "Unsqueeze"), _of_linear),
}
