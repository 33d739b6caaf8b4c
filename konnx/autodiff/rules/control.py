"""Rules for control flow: Scan backwards is a Scan from the last step to the first; If an If.

Inside the backward loop is only what depends on the adjoint of the carried state. Derivatives of
single steps are taken for all steps at once before it, from values that the forward loop keeps; and
the gradients of what the body captures, such as weights, as one product over all steps after it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from konnx import ops
from konnx.autodiff.rules._regroup import regroup_factors
from konnx.autodiff.rules._steps import SumOverSteps, sum_over_steps
from konnx.autodiff.rules._table import RULES, Context, Gradients, Rule
from konnx.graph import (
    Node,
    ScanParts,
    Subgraph,
    Tensor,
    bodies_of,
    captured_by,
    dependent_nodes,
    is_scan,
    op,
    refine,
    scan_node,
    stand_in,
    substitute,
    topological_order,
)
from konnx.ops._lifting import Lifted, for_all_steps, has_lifting_rule
from konnx.ops._stepping import Loop, Surroundings, run_loop, stand_in_for_steps, steps_of

# Scan -------------------------------------------------------------------------------------------


def scan(node: Node, dys: Sequence[Tensor | None], context: Context) -> Gradients:
    """Run the adjoint of the body from the last step to the first."""
    if not is_scan(node):
        raise ValueError(f"{node!r} has no body that konnx can look into: no gradient")
    return _ReversedScan(ScanParts.of(node), dys, context).gradients()


class _ReversedScan:
    """The backward pass of one Scan."""

    def __init__(self, parts: ScanParts, dys: Sequence[Tensor | None], context: Context) -> None:
        self._parts = parts
        self._context = context
        count = len(parts.initial)
        self._final_dys, self._kept_dys = dys[:count], dys[count:]
        self._inside = [*parts.body.parameters, *parts.body.captures]
        self._needed = self._find_needed()
        self._adjoints = {i: stand_in(parts.states[i]) for i in self._find_carried()}
        self._elements = {
            i: stand_in(parts.kept[i]) for i, dy in enumerate(self._kept_dys) if dy is not None
        }
        self._forward = {node for node in topological_order(parts.body.results) if node.inputs}
        self._forward |= {tensor.node for tensor in self._inside}
        self._saved: dict[Tensor, Tensor] = {}

    def gradients(self) -> Gradients:
        parts, found = self._parts, self._differentiate()
        sources = [*self._adjoints.values(), *self._elements.values()]
        self._backward = dependent_nodes(list(found.values()), sources)
        wanted = [p for p, one in zip(self._inside, self._context.needed, strict=True) if one]
        elements = [p for p in parts.elements if p in wanted and p in found]
        totals = {p: self._total(found[p]) for p in parts.body.captures if p in found}
        accumulated = [p for p, total in totals.items() if total is None]
        sums = {p: total for p, total in totals.items() if total is not None}
        requests = [found[p] for p in elements]
        requests += [request for total in sums.values() for request in total.requests]
        finals, lifted = run_loop(self._loop(found, accumulated), requests)
        states = [parts.states[i] for i in self._adjoints]
        gradients = dict(zip([*states, *accumulated], finals, strict=True))
        for p in elements:
            gradients[p] = for_all_steps(lifted.pop(0), parts.sequences[0])
        for p, total in sums.items():
            own, lifted = lifted[: len(total.requests)], lifted[len(total.requests) :]
            gradients[p] = total.combine(own, self._steps())
        return self._in_order({p: dx for p, dx in gradients.items() if p in wanted and p in found})

    # Which of the body's tensors matter ---------------------------------------------------------

    def _find_needed(self) -> set[Tensor]:
        """The parameters and captures whose gradient is asked for, or leads to one that is."""
        parts = self._parts
        pairs = zip(self._inside, self._context.needed, strict=True)
        needed = {p for p, wanted in pairs if wanted}
        while True:
            reached = self._context.depend(parts.new_states, list(needed))
            more = {s for s, one in zip(parts.states, reached, strict=True) if one} - needed
            if not more:
                return needed
            needed |= more

    def _find_carried(self) -> list[int]:
        """The states whose adjoint is not zero at every step."""
        parts = self._parts
        results = [r for r, dy in zip(parts.kept, self._kept_dys, strict=True) if dy is not None]
        candidates = [i for i, state in enumerate(parts.states) if state in self._needed]
        carried = [i for i in candidates if self._final_dys[i] is not None]
        while True:
            used = [*results, *(parts.new_states[i] for i in carried)]
            more = [
                i
                for i in candidates
                if i not in carried and any(self._context.depend(used, [parts.states[i]]))
            ]
            if not more:
                return sorted(carried)
            carried += more

    # One step backwards -------------------------------------------------------------------------

    def _differentiate(self) -> dict[Tensor, Tensor]:
        """The gradient for each needed parameter and capture, of one step."""
        parts = self._parts
        outputs = [parts.new_states[i] for i in self._adjoints]
        outputs += [parts.kept[i] for i in self._elements]
        dys = [*self._adjoints.values(), *self._elements.values()]
        wrt = [p for p in self._inside if p in self._needed]
        gradients = self._context.pull_back(outputs, dys, wrt)
        found = {p: dx for p, dx in zip(wrt, gradients, strict=True) if dx is not None}
        return dict(zip(found, regroup_factors(list(found.values()), dys), strict=True))

    def _total(self, term: Tensor) -> SumOverSteps | None:
        """How to sum a gradient over the steps; None: in the loop, step by step."""
        if term.node in self._backward and not has_lifting_rule(term.node.op_type):
            return None
        return sum_over_steps(term)

    # The loop backwards -------------------------------------------------------------------------

    def _loop(self, found: dict[Tensor, Tensor], accumulated: Sequence[Tensor]) -> Loop:
        parts = self._parts
        states, starts, new_states = [], [], []
        for i, adjoint in self._adjoints.items():
            dy = self._final_dys[i]
            states.append(adjoint)
            starts.append(ops.zeros_like(parts.finals[i]) if dy is None else dy)
            new_states.append(found.get(parts.states[i], ops.zeros_like(adjoint)))
        for capture in accumulated:
            sum_so_far = stand_in(capture)
            states.append(sum_so_far)
            starts.append(ops.zeros_like(self._outer(capture)))
            new_states.append(sum_so_far + found[capture])
        elements = list(self._elements.values())
        sequences = [dy for dy in self._kept_dys if dy is not None]
        if not elements:  # something must tell the number of steps
            elements, sequences = [parts.elements[0]], [parts.sequences[0]]
        return Loop(
            states,
            starts,
            new_states,
            elements,
            sequences,
            not parts.reverse,
            Surroundings(self._inside, self._forward.__contains__, self._value, self._fallback),
        )

    def _outer(self, capture: Tensor) -> Tensor:
        return self._parts.outer[self._parts.body.captures.index(capture)]

    def _value(self, tensor: Tensor) -> Lifted:
        """What stands outside for a tensor of the forward body."""
        parts, rank = self._parts, len(tensor.dims or ())
        if tensor in parts.body.captures:
            return Lifted(self._outer(tensor), False, rank)
        if tensor in parts.elements:
            return Lifted(parts.sequences[parts.elements.index(tensor)], True, rank)
        return self._save(tensor)

    def _save(self, tensor: Tensor) -> Lifted:
        """Let the forward loop keep a value of each step."""
        if tensor not in self._saved:
            steps = steps_of(self._parts.sequences)
            self._saved[tensor] = stand_in_for_steps(tensor, steps)
        return Lifted(self._saved[tensor], True, len(tensor.dims or ()))

    def _fallback(self, tensor: Tensor) -> Lifted | None:
        """A derivative that cannot be taken for all steps at once is taken in the forward loop."""
        return None if tensor.node in self._backward else self._save(tensor)

    # Putting it together ------------------------------------------------------------------------

    def _steps(self) -> Tensor:
        return ops.squeeze(op("Shape", self._parts.sequences[0], start=0, end=1), 0)

    def _in_order(self, gradients: dict[Tensor, Tensor]) -> Gradients:
        """A gradient or None for each input, connected to what the forward loop kept."""
        parts = self._parts
        outer = dict(zip(self._inside, _inputs_of(parts), strict=True))
        refined = [refine(dx, outer[p].dims or ()) for p, dx in gradients.items()]
        connected = substitute(refined, self._kept_values())
        by_parameter = dict(zip(gradients, connected, strict=True))
        return [by_parameter.get(p) for p in self._inside]

    def _kept_values(self) -> dict[Tensor, Tensor]:
        """Each saved value by its stand-in: an output of the Scan, or of it with more results."""
        parts = self._parts
        known = dict(zip(parts.kept, parts.stacked, strict=True))
        more = [tensor for tensor in self._saved if tensor not in known]
        if more:
            types = [tensor.type for tensor in (*parts.finals, *parts.stacked)]
            types += [self._saved[tensor].type for tensor in more]
            node = scan_node(
                parts.initial,
                parts.sequences,
                parts.outer,
                parts.body.with_results([*parts.body.results, *more]),
                types,
                reverse=parts.reverse,
                name=parts.name,
            )
            known.update(zip(more, node.outputs[-len(more) :], strict=True))
        return {proxy: known[tensor] for tensor, proxy in self._saved.items()}


def _inputs_of(parts: ScanParts) -> list[Tensor]:
    return [*parts.initial, *parts.sequences, *parts.outer]


# If ---------------------------------------------------------------------------------------------


def if_(node: Node, dys: Sequence[Tensor | None], context: Context) -> Gradients:
    """Differentiate each branch; the one that ran is run again backwards."""
    bodies = bodies_of(node)
    if not bodies:
        raise ValueError(f"{node!r} has no branches that konnx can look into: no gradient")
    outer = [tensor for tensor in captured_by(node) if tensor is not None]
    needed = [i for i, wanted in enumerate(context.needed[1:]) if wanted]
    given = {i: dy for i, dy in enumerate(dys) if dy is not None}
    branches = {key: _Branch.of(body, given, needed, context) for key, body in bodies.items()}
    wanted = [i for i in needed if any(i in branch.found for branch in branches.values())]
    if not wanted:
        return [None] * len(node.inputs)
    attributes = {key: branch.body(wanted) for key, branch in branches.items()}
    condition = node.inputs[0]
    types = [outer[i].type for i in wanted]
    backward = Node("If", [condition, *outer, *given.values()], attributes, types)
    gradients = dict(zip(wanted, backward.outputs, strict=True))
    return [None, *(gradients.get(i) for i in range(len(outer)))]


@dataclass(frozen=True)
class _Branch:
    """One branch backwards: placeholders for the outputs' gradients, and what it finds."""

    captures: tuple[Tensor, ...]
    dys: list[Tensor]
    found: dict[int, Tensor]

    @staticmethod
    def of(
        body: Subgraph, given: dict[int, Tensor], needed: Sequence[int], context: Context
    ) -> _Branch:
        dys = [stand_in(dy) for dy in given.values()]
        wrt = [body.captures[i] for i in needed]
        gradients = context.pull_back([body.results[i] for i in given], dys, wrt)
        pairs = zip(needed, gradients, strict=True)
        return _Branch(body.captures, dys, {i: dx for i, dx in pairs if dx is not None})

    def body(self, wanted: Sequence[int]) -> Subgraph:
        results = [
            self.found[i] if i in self.found else ops.zeros_like(self.captures[i]) for i in wanted
        ]
        return Subgraph((), (*self.captures, *self.dys), tuple(results))


RULES["Scan"] = Rule(control=scan)
RULES["If"] = Rule(control=if_)
