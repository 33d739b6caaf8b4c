"""When two nodes, or two constants, are the same but for their names."""

from __future__ import annotations

import numpy as np

from konnx.graph.tensor import Node

RANDOM = frozenset(
    {"Bernoulli", "Dropout", "Multinomial", "RandomNormal", "RandomNormalLike", "RandomUniform"}
    | {"RandomUniformLike"}
)
"""Operators that give other values each time; such a node is like no other."""

_SMALL = 1024  # elements; larger constants are equal only if they are the same


def attributes_key(node: Node) -> object:
    """The attributes of a node in a form that can be compared and hashed."""
    return tuple((key, _hashable(value)) for key, value in sorted(node.attributes.items()))


def _hashable(value: object) -> object:
    if isinstance(value, np.ndarray):
        return (value.dtype.str, value.shape, value.tobytes())
    if isinstance(value, list | tuple):
        return tuple(map(_hashable, value))
    return value


def constant_key(value: np.ndarray) -> object:
    """A key that equal constants share; None for one too large to compare."""
    if value.size > _SMALL:
        return None
    return (value.dtype.str, value.shape, value.tobytes())
