"""What is computed several times is computed once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from konnx.graph.passes._nodes import attributes_key
from konnx.graph.tensor import INTERNAL, Node, Tensor, is_constant
from konnx.graph.walk import rewrite

_RANDOM = frozenset(
    {"Bernoulli", "Multinomial", "RandomNormal", "RandomNormalLike", "RandomUniform"}
    | {"Dropout", "RandomUniformLike"}
)

_SMALL = 1024  # elements; larger constants are equal only if they are the same


def merge_duplicates(outputs: Sequence[Tensor]) -> list[Tensor]:
    """Return the outputs with one node in place of equal ones; random numbers are never equal."""
    known: dict[object, Sequence[Tensor]] = {}

    def replace(node: Node, inputs: list[Tensor | None]) -> Sequence[Tensor] | None:
        key = _key(node, inputs)
        if key is None:
            return None
        if key not in known:
            same = all(a is b for a, b in zip(inputs, node.inputs, strict=True))
            known[key] = (node if same else node.with_inputs(inputs)).outputs
        return known[key]

    return rewrite(outputs, replace)


def _key(node: Node, inputs: list[Tensor | None]) -> object:
    """What makes two nodes interchangeable; None for a node that is like no other."""
    if node.domain == INTERNAL:
        return _constant_key(node.outputs[0]) if is_constant(node.outputs[0]) else None
    if node.op_type in _RANDOM:
        return None
    types = tuple(output.type for output in node.outputs)
    return (node.domain, node.op_type, attributes_key(node), types, *inputs)


def _constant_key(tensor: Tensor) -> object:
    value: np.ndarray = tensor.node.attributes["value"]
    if value.size > _SMALL:
        return None
    return (value.dtype.str, value.shape, value.tobytes())
