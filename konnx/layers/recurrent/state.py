"""States that recurrent layers carry from batch to batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from konnx.graph import Variable
from konnx.layers.base import Layer
from konnx.layers.recurrent.stacked import state_sizes
from konnx.layers.spec import InputSpec, Shape, as_list


class StatefulMixin(Layer):
    """Keeps the states of a layer whose `stateful` is true.

    `reset_states` makes the states when it is first called, and sets them.
    """

    cell: Any

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._states: list[Any] | None = None

    def state_shapes(self, input_shape: Shape) -> list[Shape]:
        """Return the shape of each state for a sequence of a shape."""
        return [(input_shape[0], size) for size in state_sizes(self.cell)]

    @property
    def states(self) -> list[Any]:
        """The variables that hold the states; None for each before they exist."""
        if self._states is None:
            return [None] * len(self.state_shapes((None,) * 5))
        return self._states

    @states.setter
    def states(self, states: Sequence[Any]) -> None:
        self._states = list(states)

    def reset_states(self, states: Any = None) -> None:
        """Set the states to zero, or to what is given.

        Args:
            states: an array, or a list of one for each state.

        Raises:
            AttributeError: the layer is not stateful.
            ValueError: sizes are not known, or an array has another shape than its state.
        """
        if not self.stateful:
            raise AttributeError(f"Layer '{self.name}' has no states to reset: stateful=False.")
        shapes = self._known_shapes()
        if self._states is None:
            self._states = [
                Variable(np.zeros(shape, self.dtype), name=f"{self.name}/state_{index}")
                for index, shape in enumerate(shapes)
            ]
        given = [np.zeros(shape) for shape in shapes] if states is None else as_list(states)
        values = [np.asarray(value, dtype=self.dtype) for value in given]
        if [value.shape for value in values] != shapes:
            raise ValueError(
                f"`{type(self).__name__}` '{self.name}' has states of the shapes {shapes}. "
                f"Received: arrays of the shapes {[value.shape for value in values]}"
            )
        for variable, value in zip(self._states, values, strict=True):
            variable.assign(value)

    def _known_shapes(self) -> list[tuple[int, ...]]:
        spec = as_list(self.input_spec)[0]
        assert isinstance(spec, InputSpec)
        shapes = self.state_shapes(spec.shape or (None,) * (spec.ndim or 0))
        if any(None in shape for shape in shapes):
            raise ValueError(
                f"`{type(self).__name__}` '{self.name}' is stateful, so its states need a fixed "
                "shape, the batch size included. Give the first layer `batch_input_shape`, or "
                f"Input `batch_shape`. Received: states of the shapes {shapes}"
            )
        return [tuple(size for size in shape if size is not None) for shape in shapes]
