"""Control flow: loops over sequences, and choices between two branches of which one runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from konnx.graph import (
    Node,
    ShapeError,
    Tensor,
    TensorType,
    close_over,
    constant,
    find_captures,
    int64s,
    next_serial,
    op,
    placeholder,
    stand_in,
    topological_order,
)
from konnx.graph.types import common_dims
from konnx.ops._lifting import for_all_steps
from konnx.ops._stepping import Loop, run_loop
from konnx.ops.random import current_seed, drawing_from

Step = Callable[[list[Tensor], list[Tensor]], tuple[Sequence[Tensor], Sequence[Tensor]]]

_STRIDE = 0x9E3779B97F4A7C15 - 2**64  # odd, so that all steps draw from different seeds


def scan(
    step: Step,
    initial: Sequence[Tensor],
    sequences: Sequence[Tensor],
    *,
    reverse: bool = False,
) -> tuple[list[Tensor], list[Tensor]]:
    """Repeat a step along the first axis of sequences, carrying a state from one to the next.

    What a step computes without the state is computed for all steps at once, outside the loop.

    Args:
        step: called once, symbolically, with the states and the elements of this step; returns the
            new states and what is to be kept of each step.
        initial: the states before the first step.
        sequences: tensors of (steps, ...), at least one; ONNX Runtime cannot run 0 steps.
        reverse: whether to begin with the last step.

    Returns:
        The final states, and what each step kept as (steps, ...), in the order of the sequences.

    Raises:
        ShapeError: a state changes its dtype or shape, or there is no sequence.

    Example:
        >>> from konnx.graph import placeholder
        >>> x = placeholder((5, 3), name="x")
        >>> (total,), (sums,) = scan(
        ...     lambda states, elements: ([states[0] + elements[0]], [states[0]]),
        ...     [constant(np.zeros(3, np.float32))], [x],
        ... )
        >>> total.shape, sums.shape
        ((3,), (5, 3))
    """
    if not sequences or any(not tensor.shape for tensor in sequences):
        raise ShapeError(
            f"A scan needs at least one sequence with an axis of steps. Received: {sequences}"
        )
    states = [stand_in(tensor) for tensor in initial]
    elements = [_element(tensor) for tensor in sequences]
    seed = placeholder((), "int64", "step_seed")
    with drawing_from(seed):
        new_states, kept = step(list(states), list(elements))
    new_states, kept = list(new_states), list(kept)
    if len(new_states) != len(states):
        raise ShapeError(
            f"A step of a scan must return one new state for each of {len(states)}. "
            f"Received: {len(new_states)}"
        )
    if any(seed in node.outputs for node in topological_order([*new_states, *kept])):
        elements, sequences = [*elements, seed], [*sequences, _seeds(sequences[0])]
    loop = Loop(states, initial, new_states, elements, sequences, reverse)
    finals, lifted = run_loop(loop, kept)
    return finals, [for_all_steps(one, sequences[0]) for one in lifted]


def _element(sequence: Tensor) -> Tensor:
    return stand_in(sequence, TensorType(sequence.dtype, (sequence.dims or ())[1:]))


def _seeds(sequence: Tensor) -> Tensor:
    """A seed for each step."""
    steps = op("Squeeze", op("Shape", sequence, start=0, end=1), int64s([0]))
    places = op("Range", constant(np.int64(0)), steps, constant(np.int64(1)))
    return op("Add", op("Mul", places, constant(np.int64(_STRIDE))), current_seed())


Branch = Callable[[], Sequence[Tensor]]


def cond(condition: Tensor, then: Branch, otherwise: Branch) -> list[Tensor]:
    """Run one of two branches, as a scalar condition says; the other one costs nothing.

    Args:
        condition: bool, with one element.
        then: called once, symbolically; returns the results where the condition holds. What it
            makes itself is part of the branch; what was there before is computed in any case.
        otherwise: the same, where the condition does not hold; results of the same dtypes.

    Raises:
        ShapeError: the condition is no bool scalar, or the branches' results differ in number,
            dtype or number of axes.

    Example:
        >>> from konnx.graph import placeholder
        >>> x, flag = placeholder(("batch", 2), name="x"), placeholder((), "bool", "flag")
        >>> cond(flag, lambda: [op("Exp", x)], lambda: [x])[0].shape
        (None, 2)
    """
    if condition.dtype != "bool" or condition.shape not in ((), (1,)):
        raise ShapeError(f"A condition must be a bool scalar. Received: {condition!r}")
    first = next_serial()
    results = [list(then()), list(otherwise())]
    types = _joined_types(*results)
    outer = find_captures([*results[0], *results[1]], (), made_before=first)
    bodies = [close_over(result, (), outer) for result in results]
    branches = {"then_branch": bodies[0], "else_branch": bodies[1]}
    return list(Node("If", [condition, *outer], branches, types).outputs)


def _joined_types(then: Sequence[Tensor], otherwise: Sequence[Tensor]) -> list[TensorType]:
    """The types that hold for either branch."""
    fits = len(then) == len(otherwise) and all(
        a.dtype == b.dtype and len(a.dims or ()) == len(b.dims or ())
        for a, b in zip(then, otherwise, strict=False)
    )
    if not fits:
        raise ShapeError(
            "The branches of a condition must return as many tensors, of the same dtypes and "
            f"numbers of axes. Received: {list(then)} and {list(otherwise)}"
        )
    return [
        TensorType(a.dtype, common_dims(a.dims, b.dims))
        for a, b in zip(then, otherwise, strict=True)
    ]
