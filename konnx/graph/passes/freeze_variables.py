"""Variables become constants of their present values."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from konnx.graph.leaves import constant
from konnx.graph.tensor import Node, Tensor
from konnx.graph.variable import Variable
from konnx.graph.walk import rewrite


def freeze_variables(outputs: Sequence[Tensor], keep: Collection[Variable] = ()) -> list[Tensor]:
    """Return the outputs with each variable replaced by one constant of its present value.

    Args:
        outputs: tensors of a graph.
        keep: variables to leave as they are.

    Example:
        >>> from konnx.graph import Variable, op
        >>> [frozen] = freeze_variables([op("Relu", Variable([-1.0, 2.0], name="v"))])
        >>> frozen.node.inputs[0].constant_value
        array([-1.,  2.], dtype=float32)
    """

    def replace(node: Node, inputs: list[Tensor | None]) -> list[Tensor] | None:
        variable = node.outputs[0]
        if not isinstance(variable, Variable) or variable in keep:
            return None
        return [constant(variable.numpy(), name=variable.name)]

    return rewrite(outputs, replace)
