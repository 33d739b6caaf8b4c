"""Running and differentiating what was built."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from konnx import autodiff, graph, ops
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

    Args:
        inputs: placeholders; `learning_phase()` may be among them.
        outputs: tensors to return.
        updates: (variable, new value), as `update` makes them; computed from the old values.
        name: of the ONNX graph.

    Example:
        >>> from konnx.backend import placeholder
        >>> x = placeholder(shape=(None, 2))
        >>> double = function([x], [x * 2.0])
        >>> double([[[1.0, 2.0]]])[0].tolist()
        [[2.0, 4.0]]
    """
    return Function(inputs, as_list(outputs), updates or (), name=name)


def gradients(loss: Tensor, variables: Any) -> list[Tensor | None]:
    """Return the gradient of (the sum of) a loss for each variable, input or other tensor.

    A list, as in Keras, for a single tensor too; None where the loss does not depend on one.

    Example:
        >>> from konnx.backend import placeholder
        >>> x = placeholder((2,))
        >>> function([x], gradients(x * x, x))([[1.0, 2.0]])[0].tolist()
        [2.0, 4.0]
    """
    return autodiff.gradients(loss, as_list(variables))


def stop_gradient(variables: Any) -> Any:
    """Return a tensor, or a list of them, that gradients take for constants."""
    if isinstance(variables, list | tuple):
        return [ops.stop_gradient(one) for one in variables]
    return ops.stop_gradient(variables)


def print_tensor(x: Tensor, message: str = "") -> Tensor:
    """Return x, which is printed to stderr after `message` in each run that computes the result.

    Use what is returned: a run prints only what its outputs depend on. It prints when the run is
    over, in no order that the graph does not impose. Nothing is printed inside the body of a loop,
    nor by an exported model.
    """
    return graph.print_tensor(ops.as_tensor(x), message)


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
