"""What the layers within a model compute: the last tensor of each, as a further output."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from onnx import ModelProto

Array = np.ndarray[Any, Any]


def layer_tensors(model: ModelProto) -> dict[str, str]:
    """Return the name of the last tensor of each layer, in the order in which they come.

    Nodes are named layer/operator; those with other names count as layers of their own.
    """
    tensors: dict[str, str] = {}
    for node in model.graph.node:
        layer = node.name.rpartition("/")[0] or node.name
        if layer and node.output and node.output[0]:
            tensors.pop(layer, None)  # so that it takes the place of its last node
            tensors[layer] = node.output[0]
    return tensors


def with_layer_outputs(model: ModelProto, tensors: Mapping[str, str]) -> ModelProto:
    """Return a model that also gives these tensors."""
    import onnx

    extended = onnx.ModelProto()
    extended.CopyFrom(model)
    present = {value.name for value in model.graph.output}
    for name in dict.fromkeys(tensors.values()):
        if name not in present:
            extended.graph.output.append(onnx.ValueInfoProto(name=name))
    return extended


def arranged_as(found: Array, expected: Array) -> Array | None:
    """Return an array with its axes in the order of another, which may have channels elsewhere.

    Returns:
        None: its shape cannot be that of the other, or the sizes do not tell the order.
    """
    if found.shape == expected.shape:
        return found
    if found.ndim != expected.ndim or found.ndim < 3:
        return None
    for moved in (np.moveaxis(found, 1, -1), np.moveaxis(found, -1, 1)):
        if moved.shape == expected.shape:
            return moved
    return None
