"""The base of recurrent layers as Keras 1 and the first Keras 2 had it: a step, and no cell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from konnx import backend as K
from konnx.graph import Tensor
from konnx.layers.base import InputSpec
from konnx.layers.recurrent.extras import Extras, split_inputs
from konnx.layers.recurrent.state import StatefulMixin
from konnx.layers.spec import Shape, as_list, check_all
from konnx.ops.recurrent import zeros_for


class Recurrent(StatefulMixin):
    """What recurrent layers of one's own were made from before there were cells (see `RNN`).

    A subclass defines `step(inputs, states)`, which is given one step's inputs (batch, ...) and the
    states followed by the constants, and returns the output and the new states. It sets `units`,
    and in `build` `states`: a list with None for each state, all (batch, units). It may define
    `get_constants`, `get_initial_state` and `preprocess_input`, too.

    Args:
        return_sequences: whether to return the output of each step, not only the last one.
        return_state: whether to return the last states, too, after the output.
        go_backwards: whether to begin with the last step.
        stateful: whether a batch starts with the states that the one before ended with.
        unroll: whether to write out all steps in place of a loop; their number must be fixed.
        implementation: kept for the subclass.

    Example:
        >>> from konnx.layers import Input
        >>> class Sum(Recurrent):
        ...     units = 3
        ...     def step(self, inputs, states):
        ...         return inputs + states[0], [inputs + states[0]]
        >>> Sum(return_sequences=True)(Input((10, 3))).shape
        (None, 10, 3)
    """

    supports_masking = True
    units: int

    def __init__(
        self,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        implementation: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.return_sequences = return_sequences
        self.return_state = return_state
        self.go_backwards = go_backwards
        self.stateful = stateful
        self.unroll = unroll
        self.implementation = implementation
        self.input_spec = [InputSpec(ndim=3)]
        self._count = 1

    def build(self, input_shape: Any) -> None:
        """Know the batch size that states need; a subclass may have set `input_spec` itself."""
        sequence = input_shape[0] if isinstance(input_shape, list) else input_shape
        if self.stateful and self._spec.shape is None:
            self.input_spec = [InputSpec(shape=(sequence[0], None, *sequence[2:]))]
        super().build(input_shape)

    @property
    def _spec(self) -> InputSpec:
        spec = as_list(self.input_spec)[0]
        assert isinstance(spec, InputSpec)
        return spec

    # What subclasses define

    def step(self, inputs: Tensor, states: Sequence[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Return the output of a step and the new states."""
        raise TypeError(f"`{type(self).__name__}` '{self.name}' must define `step`.")

    def get_constants(self, inputs: Tensor, training: Any = None) -> list[Tensor]:
        """Return tensors that each step is given, after the states."""
        return []

    def get_initial_state(self, inputs: Tensor) -> list[Tensor]:
        """Return the states to start with where none are given: zeros."""
        return [zeros_for(inputs, [self.units]) for _ in self.states]

    def preprocess_input(self, inputs: Tensor, training: Any = None) -> Tensor:
        """Return what is computed of the inputs for all steps at once."""
        return inputs

    # States

    @property
    def states(self) -> list[Any]:
        """The variables that hold the states; None for each before they exist."""
        return super().states

    @states.setter
    def states(self, states: Sequence[Any]) -> None:
        self._count = len(states)
        self._states = None if all(state is None for state in states) else list(states)

    def state_shapes(self, input_shape: Shape) -> list[Shape]:
        """Return the shape of each state for a sequence of a shape."""
        return [(input_shape[0], self.units)] * self._count

    # Calling

    def __call__(self, inputs: Any, initial_state: Any = None, **kwargs: Any) -> Any:
        """Apply the layer to a sequence, and to initial states: among the inputs or apart."""
        full_inputs, arguments = Extras(self).arrange(inputs, initial_state, None)
        return super().__call__(full_inputs, **arguments, **kwargs)

    def check_inputs(self, tensors: list[Tensor]) -> None:
        """Compare the sequence with `input_spec`; `call` looks at the states."""
        check_all([self._spec], tensors[:1], self.name)

    def call(
        self, inputs: Any, mask: Any = None, training: Any = None, initial_state: Any = None
    ) -> Any:
        sequence, given, _ = split_inputs(inputs, None)
        states = self._initial_states(sequence, given or initial_state)
        last, outputs, final = K.rnn(
            self.step,
            self.preprocess_input(sequence, training=None),
            states,
            go_backwards=self.go_backwards,
            mask=mask[0] if isinstance(mask, list) else mask,
            constants=self.get_constants(sequence, training=None),
            unroll=self.unroll,
            input_length=sequence.shape[1],
        )
        if self.stateful:
            self.add_update(list(zip(self.states, final, strict=True)))
        output = outputs if self.return_sequences else last
        return [output, *final] if self.return_state else output

    def _initial_states(self, sequence: Tensor, given: Any) -> list[Any]:
        if self.stateful and self._states is None:
            self.reset_states()
        if given is None or given == []:
            given = self.states if self.stateful else self.get_initial_state(sequence)
        states = as_list(given)
        if len(states) != len(self.states):
            raise ValueError(
                f"`{type(self).__name__}` '{self.name}' has {len(self.states)} states. "
                f"Received: {len(states)} initial states"
            )
        return states

    def compute_output_shape(self, input_shape: Any) -> Any:
        sequence = input_shape[0] if isinstance(input_shape, list) else input_shape
        steps = (sequence[1],) if self.return_sequences else ()
        output = (sequence[0], *steps, self.units)
        return [output, *self.state_shapes(sequence)] if self.return_state else output

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        first = mask[0] if isinstance(mask, list) else mask
        kept = first if self.return_sequences else None
        return [kept, *[None] * self._count] if self.return_state else kept

    def get_config(self) -> dict[str, Any]:
        names = (
            "return_sequences", "return_state", "go_backwards", "stateful", "unroll",
            "implementation",
        )  # fmt: skip
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
