"""What recurrent layers are called with beside a sequence: initial states and constants."""

from __future__ import annotations

from typing import Any

from konnx.graph import Tensor
from konnx.layers.base import Layer
from konnx.layers.spec import Shape, as_list

Split = tuple[Tensor, list[Tensor], list[Tensor]]


class Extras:
    """Tells a layer's further inputs apart, and remembers how many of them are constants.

    Args:
        layer: whose inputs they are, for messages.
    """

    def __init__(self, layer: Layer) -> None:
        self.count: int | None = None
        self.constant_shapes: list[Shape] = []
        self._layer = layer

    def arrange(
        self, inputs: Any, initial_state: Any, constants: Any
    ) -> tuple[Any, dict[str, Any]]:
        """Return the inputs of a call, and its arguments.

        States and constants that layers made are inputs, so that models know of them; others are
        arguments.

        Raises:
            ValueError: both kinds are mixed, or some are given twice.
        """
        if isinstance(inputs, list | tuple):
            if initial_state is not None or constants is not None:
                raise self._problem("gets states and constants either among its inputs or apart")
            inputs, initial_state, constants = split_inputs(inputs, self.count)
        states, fixed = as_list(initial_state), as_list(constants)
        if constants is not None and (fixed or self.count):
            self.count = len(fixed)
            self.constant_shapes = [tuple(one.shape) for one in fixed]
        made = [_is_made_by_layer(one) for one in (*states, *fixed)]
        if all(made):
            return ([inputs, *states, *fixed] if made else inputs), {}
        if any(made):
            raise self._problem("gets states and constants that layers made, or others, not both")
        given = {"initial_state": states or None, "constants": fixed or None}
        return inputs, {key: value for key, value in given.items() if value is not None}

    def _problem(self, demand: str) -> ValueError:
        return ValueError(f"`{type(self._layer).__name__}` '{self._layer.name}' {demand}.")


def split_inputs(inputs: Any, constants: int | None) -> Split:
    """Return the sequence, the states and the constants among the inputs of a call."""
    sequence, *rest = as_list(inputs)
    end = len(rest) - (constants or 0) if rest else 0
    return sequence, rest[:end], rest[end:]


def _is_made_by_layer(value: Any) -> bool:
    return isinstance(value, Tensor) and value._keras_history is not None
