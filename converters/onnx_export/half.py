"""A graph that computes in float16, while its inputs and outputs stay as they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from onnx import TensorProto

from konnx import ops
from konnx.converters.onnx_export.interface import Interface
from konnx.graph import Node, Tensor, TensorType, bodies_of, constant, is_constant, is_placeholder
from konnx.graph.walk import topological_order

_LARGEST = float(np.finfo(np.float16).max)
_SMALLEST = float(np.finfo(np.float16).smallest_subnormal)

_KEPT_INPUTS: Mapping[str, frozenset[int]] = {"Resize": frozenset({1, 2})}
"""By operator: inputs that are float32 by its definition."""


def in_float16(found: Interface) -> Interface:
    """Return the same graph with float16 in place of float32, cast after inputs, before outputs.

    Loops and branches keep computing in float32, as does what has no float16 by definition.

    Raises:
        ValueError: a weight is too large for float16; names it.
    """
    walk = _Halving()
    outputs = walk.run(list(found.outputs.values()))
    return Interface(found.inputs, dict(zip(found.outputs, outputs, strict=True)))


class _Halving:
    """One walk; each old tensor has a form in the new graph, which may be float16."""

    def __init__(self) -> None:
        self._new: dict[Tensor, Tensor] = {}
        self._cast: dict[tuple[Tensor, str], Tensor] = {}

    def run(self, outputs: Sequence[Tensor]) -> list[Tensor]:
        for node in topological_order(outputs):
            self._visit(node)
        return [self._as(tensor, tensor.dtype) for tensor in outputs]

    def _visit(self, node: Node) -> None:
        first = node.outputs[0]
        if is_placeholder(first) or is_constant(first):
            self._new[first] = first
            return
        made = self._whole(node) if bodies_of(node) else self._halved(node)
        self._new.update(zip(node.outputs, made.outputs, strict=True))

    def _whole(self, node: Node) -> Node:
        """The node as it is, on inputs that are cast back."""
        return node.with_inputs([None if t is None else self._as(t, t.dtype) for t in node.inputs])

    def _halved(self, node: Node) -> Node:
        kept = _KEPT_INPUTS.get(node.op_type, frozenset())
        inputs = [
            None if t is None else self._as(t, t.dtype if index in kept else _half(t.dtype))
            for index, t in enumerate(node.inputs)
        ]
        types = [TensorType(_half(one.dtype), one.dims) for one in node.outputs]
        attributes = {key: _attribute(node, key, one) for key, one in node.attributes.items()}
        return Node(node.op_type, inputs, attributes, types, domain=node.domain, name=node.name)

    def _as(self, tensor: Tensor, dtype: str) -> Tensor:
        """The new form of a tensor in a dtype."""
        new = self._new[tensor]
        if new.dtype == dtype:
            return new
        key = (new, dtype)
        if key not in self._cast:
            whole = new.constant_value
            made = ops.cast(new, dtype) if whole is None else _constant(new, whole, dtype)
            self._cast[key] = made
        return self._cast[key]


def _half(dtype: str) -> str:
    return "float16" if dtype == "float32" else dtype


def _attribute(node: Node, key: str, value: Any) -> Any:
    """Attributes that name float32, or hold it."""
    if key in ("to", "dtype") and value == TensorProto.FLOAT:
        return int(TensorProto.FLOAT16)
    if isinstance(value, np.ndarray) and value.dtype == np.float32:
        return _rounded(value, node.name)
    return value


def _constant(tensor: Tensor, value: np.ndarray, dtype: str) -> Tensor:
    cast = _rounded(value, tensor.name) if dtype == "float16" else value.astype(dtype)
    return constant(cast, name=tensor.name)


def _rounded(value: np.ndarray, name: str) -> np.ndarray:
    """In float16; what only keeps a divisor from zero does not become zero.

    Infinite values stay, and the lowest float32, which stands for them, becomes the lowest float16.
    """
    finite = np.isfinite(value)
    edge = np.abs(value) == np.finfo(np.float32).max
    if (np.abs(value[finite & ~edge]) > _LARGEST).any():
        largest = float(np.abs(value[finite & ~edge]).max())
        raise ValueError(
            f"float16 ends at {_LARGEST:.0f}, and '{name}' holds {largest:g}. Export in float32."
        )
    half = np.clip(value, -_LARGEST, _LARGEST) if edge.any() else value
    half = np.where(finite, half, value).astype(np.float16)
    if value.size == 1 and not half.any() and value.any():
        return np.full_like(half, np.copysign(_SMALLEST, value.reshape(-1)[0]))
    return half
