"""A rectifier with an upper limit is one Clip, which ONNX Runtime fuses into a convolution."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from konnx.graph.leaves import constant
from konnx.graph.passes._nodes import make, says_as_much, value_of
from konnx.graph.tensor import Node, Tensor
from konnx.graph.walk import rewrite


def merge_clips(outputs: Sequence[Tensor]) -> list[Tensor]:
    """Return the outputs with Min(Relu(x), limit) made Clip(x, 0, limit)."""
    return rewrite(outputs, _replace)


def _replace(node: Node, inputs: list[Tensor | None]) -> Sequence[Tensor] | None:
    if node.op_type != "Min" or len(inputs) != 2:
        return None
    for place in (0, 1):
        rectified, limit = inputs[1 - place], value_of(inputs, place)
        if rectified is None or rectified.node.op_type != "Relu" or limit is None:
            continue
        x = rectified.node.inputs[0]
        if x is not None and _is_limit(limit) and says_as_much(x, node.outputs[0]):
            bounds = [constant(np.asarray(n, limit.dtype)) for n in (0, limit.item())]
            return make("Clip", [x, *bounds], {}, [node.outputs[0].type], node.name).outputs
    return None


def _is_limit(value: np.ndarray) -> bool:
    """Tell whether a constant is one number that leaves a range above 0."""
    return value.size == 1 and value.ndim == 0 and bool(value >= 0)
