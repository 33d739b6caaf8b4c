"""Running and differentiating what was built."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from konnx import autodiff, ops
from konnx.function import Function, Update
from konnx.graph import Tensor, Variable, is_placeholder, topological_order
from konnx.layers.spec import as_list


def function(
    inputs: Sequence[Tensor],
    outputs: Any,
    updates: Sequence[Update] | None = None,
    name: str = "function",
) -> Function:
    """Return a function of arrays; `updates` are (variable, new value) for each call.

    Example:
        >>> from konnx.backend import placeholder
        >>> x = placeholder(shape=(None, 2))
        >>> double = function([x], [x * 2.0])
        >>> double([[[1.0, 2.0]]])[0].tolist()
        [[2.0, 4.0]]
    """
    return Function(inputs, as_list(outputs), updates or (), name=name)


def gradients(loss: Tensor, variables: Any) -> Any:
    """Return the gradient of a loss for each variable, or other tensor; one for one."""
    found = autodiff.gradients(loss, as_list(variables))
    return found if isinstance(variables, list | tuple) else found[0]


def eval(x: Any) -> np.ndarray:
    """Return the value of a tensor that needs no inputs."""
    if isinstance(x, Variable):
        return x.numpy()
    tensor = ops.as_tensor(x)
    for node in topological_order([tensor]):
        if is_placeholder(node.outputs[0]) and node.outputs[0] is not ops.SEED:
            raise ValueError(
                f"{tensor!r} depends on the input '{node.name}'. Use K.function to run it."
            )
    return Function([], [tensor], name="eval")([])[0]
