"""One use of an operator in a file: what the functions that translate it are given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx

from konnx.graph import Tensor, int64s, op


@dataclass(frozen=True)
class Call:
    """A node with its inputs as tensors.

    Attributes:
        node: as the file has it.
        inputs: None where an optional one is absent.
        attributes: as `konnx.graph.Node` keeps them.
        version: of the operator set that the node belongs to.
    """

    node: onnx.NodeProto
    inputs: Sequence[Tensor | None]
    attributes: dict[str, Any]
    version: int

    @property
    def x(self) -> Tensor:
        """The first input, which must be there."""
        return self.given(0)

    @property
    def outputs(self) -> int:
        """The number of outputs up to the last one that has a name."""
        return max((i + 1 for i, name in enumerate(self.node.output) if name), default=0)

    def given(self, index: int) -> Tensor:
        """Return an input that the operator must have."""
        tensor = self.optional(index)
        if tensor is None:
            raise ValueError(f"input {index} is missing")
        return tensor

    def optional(self, index: int) -> Tensor | None:
        """Return an input, None if it is absent."""
        return self.inputs[index] if index < len(self.inputs) else None

    def constant(self, index: int) -> np.ndarray | None:
        """Return the value of an input; None if it is absent or no constant."""
        tensor = self.optional(index)
        return None if tensor is None else tensor.constant_value

    def get(self, name: str, default: Any = None) -> Any:
        """Return an attribute."""
        return self.attributes.get(name, default)

    def with_inputs(self, *inputs: Tensor | None, **attributes: Any) -> Sequence[Tensor]:
        """Apply the operator, as opset 18 has it, to other inputs and attributes."""
        if self.outputs == 1:
            return [op(self.node.op_type, *inputs, **attributes)]
        return op(self.node.op_type, *inputs, outputs=self.outputs, **attributes)


Translate = Callable[[Call], Sequence[Tensor] | None]
"""Makes the outputs of a call in opset 18; None: the operator as it is."""


def first_output(node: onnx.NodeProto) -> str:
    """Return the name of the first output that a node has."""
    return next((name for name in node.output if name), node.op_type)


def without(attributes: dict[str, Any], *names: str) -> dict[str, Any]:
    """Return attributes but those of some names."""
    return {key: value for key, value in attributes.items() if key not in names}


def axes_input(axes: Sequence[int] | None) -> Tensor | None:
    """Return axes as later opsets want them, an input instead of an attribute."""
    return None if axes is None else int64s(axes)
