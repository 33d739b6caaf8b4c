"""A Transpose before Flatten and a Dense layer becomes an order of the kernel's rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from konnx.graph.leaves import constant, int64s
from konnx.graph.passes._nodes import (
    BROADCASTING,
    UNARY,
    find_users,
    known_sizes,
    make,
    value_of,
)
from konnx.graph.tensor import Node, Tensor
from konnx.graph.walk import rewrite


def absorb_transposes(outputs: Sequence[Tensor]) -> list[Tensor]:
    """Return the outputs with no Transpose between feature maps and a product with a matrix.

    Where (batch, …) is transposed, flattened to (batch, features) and used by nothing but MatMul
    or Gemm with constant matrices (elementwise operators may come before), the matrices' rows
    are put in the order in which the features come without the Transpose.
    """
    return _Absorption(outputs).run()


class _Absorption:
    def __init__(self, outputs: Sequence[Tensor]) -> None:
        self._outputs = list(outputs)
        self._users = find_users(outputs)
        # By tensor: feature j of the old value is feature order[j] of the tensor.
        self._order: dict[Tensor, np.ndarray] = {}
        self._matrices: dict[object, Tensor] = {}

    def run(self) -> list[Tensor]:
        return rewrite(self._outputs, self._replace)

    def _replace(self, node: Node, inputs: list[Tensor | None]) -> Sequence[Tensor] | None:
        if node.op_type == "Reshape" and self._is_flattened_transpose(node):
            return [self._flattened(node, inputs)]
        order = next((self._order[t] for t in inputs if t is not None and t in self._order), None)
        if order is None:
            return None
        if node.op_type in ("MatMul", "Gemm"):
            return self._product(node, inputs, order)
        new = node.with_inputs([self._ordered(tensor, order) for tensor in inputs])
        self._order[new.outputs[0]] = order
        return new.outputs

    # Where it applies -------------------------------------------------------------------------

    def _is_flattened_transpose(self, node: Node) -> bool:
        transposed = node.inputs[0]
        if transposed is None or transposed.node.op_type != "Transpose":
            return False
        if transposed in self._outputs or not _flattens(node):
            return False
        # A Transpose that is needed elsewhere stays, and nothing would be won.
        return all(
            _flattens(user) and self._ends_in_products(user.outputs[0])
            for user in self._users[transposed]
        )

    def _ends_in_products(self, tensor: Tensor) -> bool:
        pending = [tensor]
        while pending:
            tensor = pending.pop()
            users = self._users[tensor]
            if tensor in self._outputs or not users:
                return False
            for user in users:
                if _is_product(user, tensor):
                    continue
                if not _is_elementwise(user, tensor):
                    return False
                pending.append(user.outputs[0])
        return True

    # What takes its place ---------------------------------------------------------------------

    def _flattened(self, node: Node, inputs: list[Tensor | None]) -> Tensor:
        transposed = inputs[0]
        assert transposed is not None  # as _is_flattened_transpose has seen
        source = transposed.node.inputs[0]
        perm = transposed.node.attributes["perm"]
        sizes = known_sizes((source.dims or ())[1:] if source is not None else None)
        assert sizes is not None
        features = int(np.prod(sizes))
        order = np.arange(features).reshape(sizes).transpose([axis - 1 for axis in perm[1:]])
        shape = int64s([0, features])
        new = make("Reshape", [source, shape], {}, [node.outputs[0].type], node.name).outputs[0]
        self._order[new] = order.reshape(-1)
        return new

    def _ordered(self, tensor: Tensor | None, order: np.ndarray) -> Tensor | None:
        """A constant operand with its features in the new order; other operands as they are."""
        value = None if tensor is None else tensor.constant_value
        if tensor is None or value is None or value.ndim == 0 or value.shape[-1] == 1:
            return tensor
        moved = np.empty_like(value)
        moved[..., order] = value
        return constant(moved, name=tensor.node.name)

    def _product(
        self, node: Node, inputs: list[Tensor | None], order: np.ndarray
    ) -> Sequence[Tensor]:
        x, matrix, *bias = inputs
        assert matrix is not None
        key = (matrix, bool(node.attributes.get("transB")), order.tobytes())
        if key not in self._matrices:
            value = matrix.constant_value
            assert value is not None  # as _is_product has seen
            moved = np.empty_like(value)
            moved[(slice(None), order) if key[1] else order] = value
            self._matrices[key] = constant(moved, name=matrix.node.name)
        return node.with_inputs([x, self._matrices[key], *bias]).outputs


def _flattens(node: Node) -> bool:
    """Tell whether a node joins all axes but the first, which stays, of a Transpose's output."""
    x = node.inputs[0] if node.op_type == "Reshape" else None
    if x is None or x.dims is None or x.node.inputs[0] is None or x.node.inputs[0].dims is None:
        return False
    perm = x.node.attributes.get("perm")
    sizes, joined = known_sizes(x.dims[1:]), node.outputs[0].dims
    if not perm or perm[0] != 0 or not sizes or joined is None or len(joined) != 2:
        return False
    return known_sizes(x.node.inputs[0].dims[1:]) is not None and joined[1] == np.prod(sizes)


def _is_product(node: Node, tensor: Tensor) -> bool:
    matrix = value_of(node.inputs, 1)
    if node.op_type not in ("MatMul", "Gemm") or node.attributes.get("transA"):
        return False
    alone = node.inputs[0] is tensor and node.inputs.count(tensor) == 1
    return alone and matrix is not None and matrix.ndim == 2


def _is_elementwise(node: Node, tensor: Tensor) -> bool:
    """Tell whether a node treats each feature by itself, alone or with constants."""
    if node.op_type in UNARY:
        return True
    others = [other for other in node.inputs if other is not None and other is not tensor]
    return (
        node.op_type in BROADCASTING
        and node.outputs[0].dims == tensor.dims
        and all(other.constant_value is not None for other in others)
    )
