"""Loops over time and over elements, and choices, as Keras names them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from konnx import ops
from konnx.graph import ShapeError, Tensor, int64s, op, standardize_dtype

StepFunction = Callable[[Tensor, list[Tensor]], tuple[Tensor, Sequence[Tensor]]]
Result = tuple[Tensor, Tensor, list[Tensor]]


def rnn(
    step_function: StepFunction,
    inputs: Tensor,
    initial_states: Sequence[Tensor],
    go_backwards: bool = False,
    mask: Tensor | None = None,
    constants: Sequence[Tensor] | None = None,
    unroll: bool = False,
    input_length: int | None = None,
) -> Result:
    """Repeat a step along the time axis of a tensor.

    Args:
        step_function: called with one step's input, (batch, ...), and the list of states followed
            by the constants; returns the step's output and the list of new states. It is called
            once, symbolically (with `unroll` once for each step).
        inputs: (batch, time, ...).
        initial_states: the states before the first step, each (batch, ...). With a mask, the first
            state must be the output of the step before.
        go_backwards: whether to begin with the last step; the outputs then are in that order.
        mask: (batch, time) or (batch, time, 1); where it is 0 or False, states stay as they were
            and the output is that of the step before (before the first step, the first state;
            zeros with `unroll`).
        constants: tensors that each step is given.
        unroll: whether to repeat the operators of a step instead of running a loop; faster for
            short sequences, and larger.
        input_length: accepted as in Keras; the number of steps is read from `inputs`.

    Returns:
        The last output, (batch, ...); all outputs, (batch, time, ...); the last states.

    Raises:
        ShapeError: a state changes its dtype or shape from step to step.
        ValueError: the inputs have less than 3 axes, a mask comes without states, or `unroll` meets
            a number of steps that varies.

    Example:
        >>> from konnx.graph import placeholder
        >>> x, start = placeholder(("batch", 5, 3), name="x"), placeholder(("batch", 3), name="h")
        >>> last, outputs, states = rnn(lambda x, s: (x + s[0], [x + s[0]]), x, [start])
        >>> last.shape, outputs.shape
        ((None, 3), (None, 5, 3))
    """
    if inputs.ndim < 3:
        raise ValueError(f"`rnn` takes inputs with at least 3 axes. Received: {inputs!r}")
    if mask is not None and not initial_states:
        raise ValueError(
            "`rnn`: with a mask, `initial_states` must not be empty, since a masked step gives the "
            "first state as its output."
        )
    loop = _Loop(step_function, list(constants or ()), len(initial_states))
    sequences = [_time_major(inputs)]
    if mask is not None:
        sequences.append(_time_major(_as_flags(mask)))
    run = loop.unrolled if unroll else loop.scanned
    return run(list(initial_states), sequences, go_backwards)


def _time_major(x: Tensor) -> Tensor:
    """(batch, time, ...) as (time, batch, ...); of looked-up rows, the rows of numbers in order."""
    if _is_look_up(x):
        table, numbers = (tensor for tensor in x.node.inputs if tensor is not None)
        return op("Gather", table, ops.transpose(numbers, [1, 0]), axis=0)
    return ops.transpose(x, [1, 0, *range(2, x.ndim)])


def _is_look_up(x: Tensor) -> bool:
    """Tell whether x is rows of a table, for numbers (batch, time)."""
    numbers = x.node.inputs[1] if x.node.op_type == "Gather" else None
    return numbers is not None and numbers.ndim == 2 and not x.node.attributes.get("axis", 0)


def _as_flags(mask: Tensor) -> Tensor:
    """(batch, time) of bool."""
    flags = ops.cast(mask, "bool")
    return ops.squeeze(flags, 2) if flags.ndim == 3 else flags


class _Loop:
    """A step function with all that stays the same from step to step."""

    def __init__(
        self, step_function: StepFunction, constants: list[Tensor], state_count: int
    ) -> None:
        self._step_function = step_function
        self._constants = constants
        self._state_count = state_count

    def _run_step(self, x: Tensor, states: Sequence[Tensor]) -> tuple[Tensor, list[Tensor]]:
        output, new_states = self._step_function(x, [*states, *self._constants])
        new_states = list(new_states)
        if len(new_states) != self._state_count:
            raise ShapeError(
                f"The step function of `rnn` must return one new state for each of "
                f"{self._state_count}. Received: {new_states}"
            )
        return output, new_states

    def _step(
        self, elements: list[Tensor], states: Sequence[Tensor], previous: Tensor | None
    ) -> tuple[Tensor, list[Tensor]]:
        """A step that, if elements hold flags, changes nothing where the flag is False."""
        x, *rest = elements
        output, new_states = self._run_step(x, states)
        if not rest:
            return output, new_states
        return self._masked(rest[0], output, new_states, states, previous)

    def _masked(
        self,
        flags: Tensor,
        output: Tensor,
        new_states: list[Tensor],
        states: Sequence[Tensor],
        previous: Tensor | None,
    ) -> tuple[Tensor, list[Tensor]]:
        kept = [_where(flags, new, old) for new, old in zip(new_states, states, strict=True)]
        if output is new_states[0] and previous is states[0]:
            return kept[0], kept
        before = ops.zeros_like(output) if previous is None else previous
        return _where(flags, output, before), kept

    def scanned(self, initial: list[Tensor], sequences: list[Tensor], go_backwards: bool) -> Result:
        """Run one loop over a number of steps that may vary."""
        is_state = False

        def step(states: list[Tensor], elements: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
            nonlocal is_state
            output, new_states = self._step(elements, states, states[0] if states else None)
            is_state = bool(new_states) and output is new_states[0]
            return new_states, [output]

        finals, (stacked,) = ops.scan(step, initial, sequences, reverse=go_backwards)
        last = finals[0] if is_state else stacked[0 if go_backwards else -1]
        outputs = stacked[::-1] if go_backwards else stacked
        return last, _time_major(outputs), finals

    def unrolled(
        self, initial: list[Tensor], sequences: list[Tensor], go_backwards: bool
    ) -> Result:
        """Write the operators of a step once for each step."""
        steps = sequences[0].shape[0]
        if steps is None:
            raise ValueError(
                "`rnn` with unroll=True needs a fixed number of steps. Received: inputs of shape "
                f"{(sequences[0].shape[1], None, *sequences[0].shape[2:])}"
            )
        states, outputs = initial, list[Tensor]()
        for place in range(steps)[:: -1 if go_backwards else 1]:
            elements = [sequence[place] for sequence in sequences]
            output, states = self._step(elements, states, outputs[-1] if outputs else None)
            outputs.append(output)
        return outputs[-1], stack_steps(outputs), states


def stack_steps(outputs: Sequence[Tensor]) -> Tensor:
    """Return tensors (batch, ...), one for each step, as (batch, time, ...)."""
    return op("Concat", *[ops.expand_dims(output, 1) for output in outputs], axis=1)


def _where(flags: Tensor, new: Tensor, old: Tensor) -> Tensor:
    """Flags (batch,) choose between rows of the others."""
    if new.ndim > 1:
        flags = op("Unsqueeze", flags, int64s(range(1, new.ndim)))
    return ops.where(flags, new, old)


def switch(condition: Tensor, then_expression: Any, else_expression: Any) -> Any:
    """Choose between two tensors of one shape.

    Args:
        condition: bool or int. A scalar chooses one of them as a whole, and only that one is
            computed; otherwise each of its elements chooses for a part, with axes of size 1
            appended until it has as many as the expressions.
        then_expression: a tensor, or a function that returns one, for where the condition holds.
        else_expression: the same for where it does not hold.

    Raises:
        ValueError: the condition has more axes than the expressions.

    Example:
        >>> from konnx.graph import placeholder
        >>> x = placeholder(("batch", 2), name="x")
        >>> switch(ops.sum(x) > 0, lambda: ops.log(x), lambda: x).shape
        (None, 2)
    """
    condition = ops.cast(condition, "bool")
    if condition.ndim == 0:
        branches = [_branch(then_expression), _branch(else_expression)]
        return ops.cond(condition, *branches)[0]
    then, otherwise = (_called(one) for one in (then_expression, else_expression))
    missing = ops.as_tensor(then).ndim - condition.ndim
    if missing < 0:
        raise ValueError(
            "`switch`: the condition must not have more axes than the expressions. Received: "
            f"{condition!r} and {then!r}"
        )
    if missing:
        axes = range(condition.ndim, condition.ndim + missing)
        condition = op("Unsqueeze", condition, int64s(axes))
    return ops.where(condition, then, otherwise)


def _called(expression: Any) -> Any:
    return expression() if callable(expression) else expression


def _branch(expression: Any) -> Callable[[], list[Tensor]]:
    return lambda: [ops.as_tensor(_called(expression))]


def map_fn(fn: Callable[[Any], Any], elems: Any, name: str | None = None, dtype: Any = None) -> Any:
    """Apply a function to each element along the first axis and stack the results.

    Args:
        fn: of one element; returns a tensor, or a list of them.
        elems: a tensor, or a list of them, of which `fn` then gets the list of elements.
        name: accepted as in Keras.
        dtype: of the results; default: as `fn` returns them.

    Example:
        >>> from konnx.graph import placeholder
        >>> x = placeholder(("batch", 4), name="x")
        >>> map_fn(lambda row: ops.sum(row), x).shape
        (None,)
    """
    several_in = isinstance(elems, list | tuple)
    several_out = False

    def step(_: list[Tensor], elements: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        nonlocal several_out
        results = fn(elements if several_in else elements[0])
        several_out = isinstance(results, list | tuple)
        results = list(results) if several_out else [results]
        if dtype is not None:
            results = [ops.cast(result, standardize_dtype(dtype)) for result in results]
        return [], results

    _, stacked = ops.scan(step, [], list(elems) if several_in else [elems])
    return stacked if several_out else stacked[0]


def foldl(
    fn: Callable[[Tensor, Tensor], Tensor],
    elems: Tensor,
    initializer: Any = None,
    name: str | None = None,
) -> Tensor:
    """Combine the elements along the first axis into one, from the first to the last.

    Args:
        fn: of what is combined so far and the next element; returns the new combination.
        elems: a tensor with at least one element, without an initializer at least two if their
            number varies.
        initializer: what to begin with; default: the first element.
        name: accepted as in Keras.

    Example:
        >>> from konnx.graph import placeholder
        >>> foldl(lambda so_far, x: so_far * 2.0 + x, placeholder((3, 4), name="x")).shape
        (4,)
    """
    return _fold(fn, elems, initializer, from_right=False)


def foldr(
    fn: Callable[[Tensor, Tensor], Tensor],
    elems: Tensor,
    initializer: Any = None,
    name: str | None = None,
) -> Tensor:
    """Combine the elements along the first axis into one, from the last to the first; see `foldl`.

    Example:
        >>> from konnx.graph import placeholder
        >>> foldr(lambda so_far, x: so_far * 2.0 + x, placeholder((3, 4), name="x")).shape
        (4,)
    """
    return _fold(fn, elems, initializer, from_right=True)


def _fold(
    fn: Callable[[Tensor, Tensor], Tensor], elems: Tensor, initializer: Any, *, from_right: bool
) -> Tensor:
    if initializer is None:
        initializer = elems[-1 if from_right else 0]
        if elems.shape[0] == 1:
            return ops.as_tensor(initializer)
        elems = elems[:-1] if from_right else elems[1:]
    start = ops.as_tensor(initializer, elems.dtype)

    def step(states: list[Tensor], elements: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        return [fn(states[0], elements[0])], []

    (final,), _ = ops.scan(step, [start], [elems], reverse=from_right)
    return final
