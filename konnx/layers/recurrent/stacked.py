"""A stack of cells that is used as one cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from inspect import signature
from typing import Any, Self, TypeVar

from konnx.graph import Tensor
from konnx.layers.arguments import problem
from konnx.layers.base import Layer
from konnx.layers.composite import Composite
from konnx.layers.spec import Shape, as_list

State = TypeVar("State")


def check_cell(owner: Layer, cell: Any) -> None:
    """Check that an object can be a cell.

    Raises:
        ValueError: it has no `call`, or no `state_size`.
    """
    if not callable(getattr(cell, "call", None)) or not hasattr(cell, "state_size"):
        demand = "must be a cell: an object with `call(inputs, states)` and `state_size`"
        raise problem(owner, "cell", demand, cell)


def state_sizes(cell: Any) -> list[int]:
    """Return the size of each state of a cell."""
    return as_list(cell.state_size)


def takes(cell: Any, argument: str) -> bool:
    """Tell whether the `call` of a cell has an argument."""
    return argument in signature(cell.call).parameters


def build_cell(
    owner: Composite, cell: Any, step_shape: Shape, constants: Sequence[Shape], scope: str
) -> None:
    """Make the weights of a cell, if it is a layer that has none yet.

    Args:
        owner: the layer that holds the cell.
        cell: the cell.
        step_shape: of its input at one step.
        constants: the shapes of constants; handed on if its `call` takes them.
        scope: what the names of the weights begin with.
    """
    if isinstance(cell, Layer):
        takes_them = constants and takes(cell, "constants")
        shape = [step_shape, *constants] if takes_them else step_shape
        owner.build_part(cell, shape, scope)


def cell_config(cell: Any) -> dict[str, Any]:
    """Return the class name and the config of a cell, which need not be a layer."""
    return {"class_name": type(cell).__name__, "config": cell.get_config()}


class StackedRNNCells(Composite):
    """Cells one upon the other: each gets the output of the one before as its input.

    As in Keras 2.1 the states of the last cell come first, so that the first state belongs to the
    output.

    Args:
        cells: the cells, the first to the input.

    Raises:
        ValueError: there is none, or one is no cell.

    Example:
        >>> from konnx.layers import RNN, GRUCell, Input, LSTMCell
        >>> RNN(StackedRNNCells([LSTMCell(8), GRUCell(4)])).cell.state_size
        (4, 8, 8)
    """

    def __init__(self, cells: Sequence[Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not isinstance(cells, list | tuple) or not cells:
            raise problem(self, "cells", "must be a list of cells", cells)
        for cell in cells:
            check_cell(self, cell)
        self.cells = list(cells)

    @property
    def state_size(self) -> tuple[int, ...]:
        """The size of each state, those of the last cell first."""
        return tuple(size for cell in reversed(self.cells) for size in state_sizes(cell))

    def build(self, input_shape: Any) -> None:
        shapes = input_shape if isinstance(input_shape, list) else [input_shape]
        shape, constants = shapes[0], shapes[1:]
        scope = self.weight_scope or self.name
        for index, cell in enumerate(self.cells):
            build_cell(self, cell, shape, constants, f"{scope}/cell_{index}")
            shape = (shape[0], state_sizes(cell)[0])
        super().build(input_shape)

    def split(self, states: Sequence[State]) -> list[list[State]]:
        """Return the states of each cell, in the order of the cells."""
        left, parts = list(states), []
        for cell in reversed(self.cells):
            count = len(state_sizes(cell))
            parts.append(left[:count])
            left = left[count:]
        return parts[::-1]

    def join(self, parts: Sequence[Sequence[Tensor]]) -> list[Tensor]:
        """Return the states of all cells as one list."""
        return [state for part in reversed(parts) for state in part]

    def draw_masks(
        self, inputs: Tensor, states: Sequence[Tensor], training: bool | None = None
    ) -> None:
        """Draw the masks of dropout of all cells for a loop over time."""
        for cell, own in zip(self.cells, self.split(states), strict=True):
            if hasattr(cell, "draw_masks"):
                cell.draw_masks(inputs, own, training)
            inputs = own[0]  # has the shape of the output

    def call(
        self,
        inputs: Tensor,
        states: Sequence[Tensor],
        training: bool | None = None,
        constants: Any = None,
    ) -> tuple[Tensor, list[Tensor]]:
        """Return the output of the last cell and the new states of all."""
        new_states = []
        given = {"training": training, "constants": constants}
        for cell, own in zip(self.cells, self.split(states), strict=True):
            arguments = {key: value for key, value in given.items() if takes(cell, key)}
            if constants is None:
                arguments.pop("constants", None)
            inputs, new = cell.call(inputs, own, **arguments)
            new_states.append(new)
        return inputs, self.join(new_states)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "cells": [cell_config(cell) for cell in self.cells]}

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None
    ) -> Self:
        """Make a stack from what `get_config` returned, or a later Keras' own."""
        from konnx.layers.registry import deserialize

        cells = [deserialize(one, custom_objects) for one in config["cells"]]
        return super().from_config({**config, "cells": cells})
