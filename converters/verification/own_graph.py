"""Running the graph that a layer itself made, where there is no plain evaluation of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from konnx.converters.verification.masks import Value

if TYPE_CHECKING:
    from konnx.layers.node import InboundNode


def by_its_graph(node: InboundNode, given: Sequence[Value]) -> list[Value]:
    """Run the graph that a layer's call made, from its inputs and their masks on."""
    from konnx.function import Function
    from konnx.graph import stand_in, substitute

    replaced = {tensor: stand_in(tensor) for tensor in node.inputs}
    pairs = zip(node.inputs, given, strict=True)  # one tensor may be given twice
    feeds = {replaced[tensor]: value.array for tensor, value in pairs}
    for tensor, value in zip(node.inputs, given, strict=True):
        mask = tensor._keras_mask
        if mask is not None and value.mask is not None and mask not in replaced:
            replaced[mask] = stand_in(mask)
            feeds[replaced[mask]] = value.mask.astype(np.dtype(mask.dtype))
    masks = [tensor._keras_mask for tensor in node.outputs]
    wanted = [*node.outputs, *[mask for mask in masks if mask is not None]]
    outputs = Function(list(feeds), substitute(wanted, replaced))(list(feeds.values()))
    arrays, left = outputs[: len(node.outputs)], iter(outputs[len(node.outputs) :])
    return [
        Value(array, None if mask is None else next(left))
        for array, mask in zip(arrays, masks, strict=True)
    ]
