"""Putting products in an order in which more of them can be computed outside a loop."""

from __future__ import annotations

from collections.abc import Sequence

from konnx.graph import Node, Tensor, dependent_nodes, op, rewrite


def regroup_factors(tensors: Sequence[Tensor], sources: Sequence[Tensor]) -> list[Tensor]:
    """Return tensors with `(s * f) * g` written as `s * (f * g)`, where only s depends on sources.

    The derivatives of a step are products of an adjoint, which a backward loop carries, with
    factors known from the forward one. Written so, each product has one factor to be carried.
    """
    dependent = dependent_nodes(tensors, sources)

    def replace(node: Node, inputs: list[Tensor | None]) -> Sequence[Tensor] | None:
        if node not in dependent or node.op_type != "Mul":
            return _follow(node, inputs)
        x, y = (tensor for tensor in inputs if tensor is not None)
        product = _regrouped(x, y, node.outputs[0])
        product = _regrouped(y, x, node.outputs[0]) if product is None else product
        if product is None:
            return _follow(node, inputs)
        dependent.add(product.node)
        return [product]

    def _follow(node: Node, inputs: list[Tensor | None]) -> Sequence[Tensor] | None:
        if all(a is b for a, b in zip(inputs, node.inputs, strict=True)):
            return None
        copy = node.with_inputs(inputs)
        if node in dependent:
            dependent.add(copy)
        return copy.outputs

    def _regrouped(x: Tensor, y: Tensor, whole: Tensor) -> Tensor | None:
        """X * y, where x is a product with one dependent factor and y is not dependent."""
        if x.node.op_type != "Mul" or x.node not in dependent or y.node in dependent:
            return None
        factors = [tensor for tensor in x.node.inputs if tensor is not None]
        carried = [tensor for tensor in factors if tensor.node in dependent]
        if len(carried) != 1:
            return None
        (known,) = (tensor for tensor in factors if tensor is not carried[0])
        product = op("Mul", carried[0], op("Mul", known, y))
        return product if product.dims == whole.dims else None

    return rewrite(tensors, replace)
