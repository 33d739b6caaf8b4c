"""Making Scan operators that hold no more than what must be computed step by step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from konnx.graph import (
    Dim,
    Node,
    ShapeError,
    Tensor,
    TensorType,
    close_over,
    current_scope,
    dependent_nodes,
    find_captures,
    scan_node,
    stand_in,
    substitute,
    topological_order,
)
from konnx.graph.types import merge_dims
from konnx.ops._lifting import Lifted, Lifter


@dataclass(frozen=True)
class Surroundings:
    """What stands outside a loop for tensors of its body that are neither states nor elements.

    Args:
        parameters: placeholders on which such tensors depend.
        covers: whether a node is such a one, so that nothing needs to look behind it.
        value: the value of an output of such a node.
        fallback: asked for the value of what cannot be computed for all steps at once; None where
            it has to be computed step by step.
    """

    parameters: Sequence[Tensor] = ()
    covers: Callable[[Node], bool] = lambda node: False
    value: Callable[[Tensor], Lifted | None] = lambda tensor: None
    fallback: Callable[[Tensor], Lifted | None] = lambda tensor: None


@dataclass(frozen=True)
class Loop:
    """What is repeated: all tensors but `initial` and `sequences` are those of one step.

    Args:
        states: placeholders for the carried state.
        initial: their values before the first step.
        new_states: their values after a step, of the same types.
        elements: placeholders for one step's part of each sequence.
        sequences: tensors whose axis 0 runs over the steps; at least one.
        reverse: whether to begin with the last step; what is stacked keeps the sequences' order.
        surroundings: where further tensors of the body come from.
    """

    states: Sequence[Tensor]
    initial: Sequence[Tensor]
    new_states: Sequence[Tensor]
    elements: Sequence[Tensor]
    sequences: Sequence[Tensor]
    reverse: bool = False
    surroundings: Surroundings = Surroundings()


def run_loop(loop: Loop, requests: Sequence[Tensor]) -> tuple[list[Tensor], list[Lifted]]:
    """Return the final states, and the requested tensors of the body for all steps.

    Raises:
        ShapeError: a state changes its dtype or shape from step to step.
    """
    for index, states in enumerate(zip(loop.states, loop.new_states, strict=True)):
        _check_state(index, *states)
    partition = _Partition(loop, requests)
    lifted = [partition.value(tensor) for tensor in requests]
    finals, stacked = _scan(loop, partition)
    proxies = dict(zip(partition.produced.values(), stacked, strict=True))
    tensors = substitute([one.tensor for one in lifted], proxies) if proxies else None
    if tensors is None:
        return finals, lifted
    return finals, [
        Lifted(tensor, one.stacked, one.rank) for tensor, one in zip(tensors, lifted, strict=True)
    ]


def _check_state(index: int, old: Tensor, new: Tensor) -> None:
    try:
        merge_dims(old.dims, new.dims)
        fits = old.dtype == new.dtype and not _is_repeated(old, new)
    except ValueError:
        fits = False
    if not fits:
        where = f" in '{current_scope()}'" if current_scope() else ""
        raise ShapeError(
            f"State {index} of the loop{where} must keep its dtype and shape from step to step: "
            f"it begins as {old.dtype}{list(old.dims or ())} and a step makes it "
            f"{new.dtype}{list(new.dims or ())}. Give an initial state of that type."
        )


def _is_repeated(old: Tensor, new: Tensor) -> bool:
    """Tell whether a size of 1 becomes one that varies."""
    pairs = zip(old.dims or (), new.dims or (), strict=False)
    return any(one == 1 and isinstance(other, str) for one, other in pairs)


class _Partition:
    """Divides a body into what a Scan computes, and what is computed before and after it.

    Inside is what lies between the old and the new states, and what depends on it or has no rule
    for all steps at once. Everything else is lifted.
    """

    def __init__(self, loop: Loop, requests: Sequence[Tensor]) -> None:
        self._loop = loop
        self._results = [*loop.new_states, *requests]
        self._sequences = dict(zip(loop.elements, loop.sequences, strict=True))
        parameters = [*loop.states, *loop.elements, *loop.surroundings.parameters]
        self._local = dependent_nodes(self._results, parameters)
        self._sources = list(loop.states)
        self._targets = list(loop.new_states)
        self.produced: dict[Tensor, Tensor] = {}
        self._divide(requests)

    def _divide(self, requests: Sequence[Tensor]) -> None:
        while True:
            self.inside = self._between()
            self.frontier = self._find_frontier()
            self.produced.clear()
            surroundings = self._loop.surroundings
            self._lifter = Lifter(self._is_leaf, self._leaf, surroundings.fallback)
            for tensor in [*self.frontier, *requests]:
                self._lifter.lift(tensor)
            if not self._lifter.failed:
                return
            outputs = [tensor for node in self._lifter.failed for tensor in node.outputs]
            self._sources += outputs
            self._targets += outputs

    def _between(self) -> set[Node]:
        variable = dependent_nodes(self._results, self._sources)
        needed = topological_order(self._targets, stop=lambda node: node not in variable)
        return {node for node in needed if node in variable} | {t.node for t in self._loop.states}

    def _find_frontier(self) -> list[Tensor]:
        """The tensors that what is inside takes from outside."""
        used = [t for node in self.inside for t in node.inputs if t is not None]
        used += self._loop.new_states
        return [t for t in dict.fromkeys(used) if t.node not in self.inside]

    def _is_leaf(self, node: Node) -> bool:
        return (
            node in self.inside
            or node not in self._local
            or node.outputs[0] in self._sequences
            or self._loop.surroundings.covers(node)
        )

    def _leaf(self, tensor: Tensor) -> Lifted | None:
        rank = len(tensor.dims or ())
        if tensor.node in self.inside:
            if tensor not in self.produced:
                self.produced[tensor] = stand_in_for_steps(tensor, self._steps)
            return Lifted(self.produced[tensor], True, rank)
        if tensor in self._sequences:
            return Lifted(self._sequences[tensor], True, rank)
        if self._loop.surroundings.covers(tensor.node):
            return self._loop.surroundings.value(tensor)
        return Lifted(tensor, False, rank)

    @property
    def _steps(self) -> Dim:
        return steps_of(self._loop.sequences)

    def value(self, tensor: Tensor) -> Lifted:
        """The value for all steps of a tensor of the frontier, or a requested one."""
        lifted = self._lifter.lift(tensor)
        assert lifted is not None
        return lifted


def steps_of(sequences: Sequence[Tensor]) -> Dim:
    """Return the number of steps as far as sequences tell it; a number beats a name."""
    known = [(tensor.dims or (None,))[0] for tensor in sequences]
    numbers = [size for size in known if isinstance(size, int)]
    return next(iter([*numbers, *(size for size in known if size is not None)]), None)


def stand_in_for_steps(tensor: Tensor, steps: Dim) -> Tensor:
    """Return a placeholder for the values of a tensor at all steps."""
    return stand_in(tensor, TensorType(tensor.dtype, (steps, *(tensor.dims or ()))))


def _scan(loop: Loop, partition: _Partition) -> tuple[list[Tensor], list[Tensor]]:
    """Make the Scan; return the final states, and what it produces at each step, stacked."""
    produced = list(partition.produced)
    if not loop.states and not produced:
        return [], []
    inner, elements, sequences = _enter(loop, partition)
    results = substitute([*loop.new_states, *produced], inner)
    parameters = [*loop.states, *elements]
    outer = find_captures(results, parameters)
    steps = steps_of(sequences)
    types = [
        TensorType(start.dtype, merge_dims(start.dims, new.dims))
        for start, new in zip(loop.initial, loop.new_states, strict=True)
    ]
    types += [TensorType(tensor.dtype, (steps, *(tensor.dims or ()))) for tensor in produced]
    body = close_over(results, parameters, outer)
    node = scan_node(loop.initial, sequences, outer, body, types, reverse=loop.reverse)
    count = len(loop.states)
    return list(node.outputs[:count]), list(node.outputs[count:])


def _enter(
    loop: Loop, partition: _Partition
) -> tuple[dict[Tensor, Tensor], list[Tensor], list[Tensor]]:
    """What stands inside for each tensor of the frontier; the elements and sequences for that."""
    inner: dict[Tensor, Tensor] = {}
    elements: dict[Tensor, Tensor] = {}
    for tensor in partition.frontier:
        lifted = partition.value(tensor)
        if not lifted.stacked:
            inner[tensor] = lifted.tensor
            continue
        element = tensor if tensor in loop.elements else stand_in(tensor)
        inner[tensor], elements[element] = element, lifted.tensor
    if not elements:  # a Scan needs something that tells the number of steps
        elements[loop.elements[0]] = loop.sequences[0]
    changed = {old: new for old, new in inner.items() if old is not new}
    return changed, list(elements), list(elements.values())
