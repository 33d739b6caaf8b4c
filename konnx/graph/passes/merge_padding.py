"""Zeros padded before a convolution become padding of the convolution."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from konnx.graph.passes._nodes import ints_of, make, value_of
from konnx.graph.tensor import Node, Tensor
from konnx.graph.walk import rewrite


def merge_padding(outputs: Sequence[Tensor]) -> list[Tensor]:
    """Return the outputs with a constant zero Pad of spatial axes merged into the Conv after it.

    Pooling is left alone: it does not see its own padding as zeros.
    """
    return rewrite(outputs, _replace)


def _replace(node: Node, inputs: list[Tensor | None]) -> Sequence[Tensor] | None:
    padded = inputs[0] if node.op_type == "Conv" else None
    if padded is None or padded.node.op_type != "Pad":
        return None
    if node.attributes.get("auto_pad", "NOTSET") not in ("NOTSET", b"NOTSET"):
        return None
    added = _spatial_zeros(padded.node)
    if added is None:
        return None
    own = node.attributes.get("pads", [0] * len(added))
    pads = [mine + more for mine, more in zip(own, added, strict=True)]
    types = [tensor.type for tensor in node.outputs]
    given = [padded.node.inputs[0], *inputs[1:]]
    return make(node.op_type, given, {**node.attributes, "pads": pads}, types, node.name).outputs


def _spatial_zeros(node: Node) -> list[int] | None:
    """The amounts before and after each spatial axis, if a Pad adds zeros there and only there."""
    dims, amounts = node.outputs[0].dims, ints_of(node.inputs, 1)
    if dims is None or amounts is None or min(amounts, default=0) < 0 or not _pads_zeros(node):
        return None
    axes = ints_of(node.inputs, 3) if len(node.inputs) > 3 else list(range(len(dims)))
    if axes is None:
        return None
    pairs = np.zeros((2, len(dims)), np.int64)
    pairs[:, axes] = np.reshape(amounts, (2, -1))
    if pairs[:, :2].any():
        return None
    return [int(amount) for amount in pairs[:, 2:].reshape(-1)]


def _pads_zeros(node: Node) -> bool:
    if node.attributes.get("mode", "constant") not in ("constant", b"constant"):
        return False
    fill = node.inputs[2] if len(node.inputs) > 2 else None
    value = value_of(node.inputs, 2)
    return fill is None or (value is not None and not value.any())
