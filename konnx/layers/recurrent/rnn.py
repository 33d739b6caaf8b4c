"""The layer that repeats a cell over time, the base of all recurrent layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

from konnx import ops
from konnx.graph import Tensor, name_scope
from konnx.layers.arguments import problem
from konnx.layers.composite import Composite
from konnx.layers.recurrent.extras import Extras, split_inputs
from konnx.layers.recurrent.fused import Outcome, can_fuse, fuse
from konnx.layers.recurrent.stacked import (
    StackedRNNCells,
    build_cell,
    cell_config,
    check_cell,
    state_sizes,
    takes,
)
from konnx.layers.recurrent.state import StatefulMixin
from konnx.layers.spec import InputSpec, Shape, as_list, check_all
from konnx.ops.recurrent import zeros_for


class RNN(StatefulMixin, Composite):
    """Repeats a cell over the time steps of a sequence.

    Input shape (batch, time, features); output shape (batch, units), or (batch, time, units) if
    `return_sequences`. A masked step repeats the output and the states of the step before.

    Args:
        cell: an object with `call(inputs, states)`, which returns the output and a list of new
            states, and `state_size`, a number or, for several states, a list of them; the first is
            that of the output. Its `call` may also take `training` and `constants`. A list of
            cells is stacked.
        return_sequences: whether to return the output of each step, not only the last one.
        return_state: whether to return the last states, too, after the output.
        go_backwards: whether to begin with the last step; the outputs then come in that order.
        stateful: whether a batch starts with the states that the one before ended with, sample by
            sample; the batch size must be fixed.
        unroll: whether to write out all steps in place of a loop; their number must be fixed.
        zero_output_for_mask: whether the output of a masked step is zero instead, where all outputs
            are returned; later versions of Keras do so within `Bidirectional`.
        input_dim: short for `input_shape`, with `input_length`.

    Raises:
        ValueError: `cell` is no cell, or a size does not fit.

    Example:
        >>> from konnx.layers import GRUCell, Input
        >>> RNN(GRUCell(8), return_sequences=True)(Input((10, 3))).shape
        (None, 10, 8)
    """

    supports_masking = True

    def __init__(
        self,
        cell: Any,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        zero_output_for_mask: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**_with_input_shape(kwargs))
        self.cell = StackedRNNCells(cell) if isinstance(cell, list | tuple) else cell
        check_cell(self, self.cell)
        self.return_sequences = return_sequences
        self.return_state = return_state
        self.go_backwards = go_backwards
        self.stateful = stateful
        self.unroll = unroll
        self.zero_output_for_mask = zero_output_for_mask
        self.input_spec = [InputSpec(ndim=3)]
        self.extras = Extras(self)

    # Shapes

    def build(self, input_shape: Any) -> None:
        sequence = _first(input_shape)
        batch = sequence[0] if self.stateful else None
        self.input_spec = [InputSpec(shape=(batch, None, *sequence[2:]))]
        scope = self.weight_scope or self.name
        step_shape = (sequence[0], *sequence[2:])
        build_cell(self, self.cell, step_shape, self.extras.constant_shapes, scope)
        if self.stateful:
            self.reset_states()
        super().build(input_shape)

    def check_inputs(self, tensors: list[Tensor]) -> None:
        """Compare the sequence with `input_spec`; `call` looks at the states."""
        check_all(as_list(self.input_spec), tensors[:1], self.name)

    def compute_output_shape(self, input_shape: Any) -> Any:
        sequence = _first(input_shape)
        states = self.state_shapes(sequence)
        output = states[0]
        if self.return_sequences:
            output = (output[0], sequence[1], *output[1:])
        return [output, *states] if self.return_state else output

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        kept = _first(mask) if self.return_sequences else None
        return [kept, *[None] * len(state_sizes(self.cell))] if self.return_state else kept

    # Calling

    def __call__(
        self, inputs: Any, initial_state: Any = None, constants: Any = None, **kwargs: Any
    ) -> Any:
        """Apply the layer.

        Args:
            inputs: the sequence; or a list of it, initial states and constants.
            initial_state: the first states: a tensor or array, or a list of them; all made by
                layers, or none.
            constants: further inputs of the cell, the same at each step, likewise.
            **kwargs: arguments of `call`: `mask`, `training`.
        """
        full_inputs, arguments = self.extras.arrange(inputs, initial_state, constants)
        return super().__call__(full_inputs, **arguments, **kwargs)

    def call(
        self,
        inputs: Any,
        mask: Any = None,
        training: bool | None = None,
        initial_state: Any = None,
        constants: Any = None,
    ) -> Any:
        sequence, states, fixed = split_inputs(inputs, self.extras.count)
        initial = self._initial_states(sequence, states or initial_state)
        fixed = [ops.as_tensor(one) for one in fixed or as_list(constants)]
        from_zero = not states and initial_state is None and self._starts_from_zero
        outcome = self._run(sequence, initial, fixed, _first(mask), training, from_zero=from_zero)
        if self.stateful:
            self.add_update(list(zip(self.states, outcome.states, strict=True)))
        output = outcome.last_output
        if self.return_sequences:
            output = self._without_masked(outcome.outputs, _first(mask))
        return [output, *outcome.states] if self.return_state else output

    def _without_masked(self, outputs: Tensor, mask: Tensor | None) -> Tensor:
        if mask is None or not self.zero_output_for_mask:
            return outputs
        steps = mask[:, ::-1] if self.go_backwards else mask
        for _ in range(len(outputs.shape) - len(steps.shape)):
            steps = ops.expand_dims(steps, -1)
        return outputs * ops.cast(steps, outputs.dtype)

    def _initial_states(self, sequence: Tensor, given: Any) -> list[Tensor]:
        if given is None:
            given = self.states if self.stateful else self.get_initial_state(sequence)
        states = [ops.as_tensor(state, sequence.dtype) for state in as_list(given)]
        expected = self.state_shapes(sequence.shape)
        fits = len(states) == len(expected) and all(
            _may_equal(state.shape, shape) for state, shape in zip(states, expected, strict=True)
        )
        if not fits:
            demand = f"must hold tensors of the shapes {expected}"
            raise problem(self, "initial_state", demand, [state.shape for state in states])
        return states

    @property
    def _starts_from_zero(self) -> bool:
        return not self.stateful and type(self).get_initial_state is RNN.get_initial_state

    def get_initial_state(self, inputs: Tensor) -> list[Tensor]:
        """Return the states to start with where none are given: zeros."""
        return [zeros_for(inputs, [size]) for size in state_sizes(self.cell)]

    def _run(
        self,
        sequence: Tensor,
        states: list[Tensor],
        constants: list[Tensor],
        mask: Tensor | None,
        training: bool | None,
        *,
        from_zero: bool,
    ) -> Outcome:
        """The outcome step by step and, for inference, by one operator where that can be."""
        if training or constants or not can_fuse(self.cell):
            return self._loop(sequence, states, constants, mask, training)
        before = ops.multiply(states[0], 0.0) if self.unroll else None
        fused = fuse(
            self.cell,
            sequence,
            states,
            mask,
            go_backwards=self.go_backwards,
            from_zero=from_zero,
            masked_start=before,
        )
        if training is False:
            return fused
        looped = self._loop(sequence, states, constants, mask, training)
        return Outcome(
            ops.in_train_phase(looped.last_output, fused.last_output),
            ops.in_train_phase(looped.outputs, fused.outputs),
            [ops.in_train_phase(a, b) for a, b in zip(looped.states, fused.states, strict=True)],
        )

    def _loop(
        self,
        sequence: Tensor,
        states: list[Tensor],
        constants: list[Tensor],
        mask: Tensor | None,
        training: bool | None,
    ) -> Outcome:
        from konnx.backend import rnn

        self._check_loop(sequence, constants)
        arguments: dict[str, Any] = {}
        if takes(self.cell, "training"):
            arguments["training"] = training
        if hasattr(self.cell, "draw_masks"):
            self.cell.draw_masks(sequence[:, 0], states, training)

        def step(inputs: Tensor, carried: Sequence[Tensor]) -> tuple[Tensor, list[Tensor]]:
            own = list(carried[: len(states)])
            if constants:
                arguments["constants"] = list(carried[len(states) :])
            with name_scope(getattr(self.cell, "name", "cell")):
                output, new = self.cell.call(inputs, own, **arguments)
            return output, as_list(new)

        last_output, outputs, final = rnn(
            step,
            sequence,
            states,
            go_backwards=self.go_backwards,
            mask=mask,
            constants=constants,
            unroll=self.unroll,
            input_length=sequence.shape[1],
        )
        return Outcome(last_output, outputs, list(final))

    def _check_loop(self, sequence: Tensor, constants: list[Tensor]) -> None:
        if constants and not takes(self.cell, "constants"):
            demand = "must not be given: the cell's `call` takes no `constants`"
            raise problem(self, "constants", demand, [one.shape for one in constants])
        if self.unroll and sequence.shape[1] is None:
            demand = "needs a fixed number of time steps; give the first layer all sizes"
            raise problem(self, "unroll", demand, True)

    # Configs

    def get_config(self) -> dict[str, Any]:
        config = {
            **super().get_config(),
            "return_sequences": self.return_sequences,
            "return_state": self.return_state,
            "go_backwards": self.go_backwards,
            "stateful": self.stateful,
            "unroll": self.unroll,
            "cell": cell_config(self.cell),
        }
        if self.zero_output_for_mask:  # Keras 2.1 does not know it
            config["zero_output_for_mask"] = True
        if self.extras.count is not None:
            config["num_constants"] = self.extras.count
        return config

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None
    ) -> Self:
        """Make a layer from what `get_config` returned, or a later Keras' own."""
        from konnx.layers.registry import deserialize

        config = dict(config)
        constants = config.pop("num_constants", None)
        if "cell" in config:
            config["cell"] = deserialize(config["cell"], custom_objects)
        layer = super().from_config(config)
        layer.extras.count = constants
        return layer


def _first(value: Any) -> Any:
    return value[0] if isinstance(value, list) else value


def _may_equal(shape: Shape, other: Shape) -> bool:
    return len(shape) == len(other) and all(
        None in (a, b) or a == b for a, b in zip(shape, other, strict=True)
    )


def _with_input_shape(kwargs: dict[str, Any]) -> dict[str, Any]:
    """Put `input_dim` and `input_length` together to `input_shape`."""
    kwargs = dict(kwargs)
    features, length = kwargs.pop("input_dim", None), kwargs.pop("input_length", None)
    if features is not None:
        kwargs.setdefault("input_shape", (length, features))
    return kwargs
