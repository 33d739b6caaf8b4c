from __future__ import annotations

from collections.abc import Sequence

import pytest

from konnx import ops
from konnx.graph import (
    Node,
    ScanParts,
    Tensor,
    TensorType,
    emit,
    is_scan,
    join_scans,
    op,
    placeholder,
    scan_node,
    tidy_scans,
    topological_order,
)

pytestmark = pytest.mark.no_runtime

X = placeholder(("time", "batch", 2), name="x")
START = placeholder(("batch", 2), name="start")


def running_sums() -> tuple[Tensor, Tensor]:
    """The total, and twice the sum before each step."""
    (total,), (doubled,) = ops.scan(
        lambda states, elements: ([states[0] + elements[0]], [op("Relu", states[0])]),
        [START],
        [X],
    )
    return total, doubled


def scans(outputs: Sequence[Tensor]) -> list[Node]:
    return [node for node in topological_order(outputs) if is_scan(node)]


def with_further_result(node: Node) -> Node:
    """The same loop, which keeps one more value of each step."""
    parts = ScanParts.of(node)
    more = op("Neg", parts.states[0])
    return scan_node(
        parts.initial,
        parts.sequences,
        parts.outer,
        parts.body.with_results([*parts.body.results, more]),
        [t.type for t in node.outputs] + [TensorType("float32", ("time", "batch", 2))],
        reverse=parts.reverse,
    )


def test_a_scan_comes_apart_into_what_it_was_made_of() -> None:
    total, _ = running_sums()
    parts = ScanParts.of(total.node)
    assert parts.initial == (START,)
    assert parts.sequences == (X,)
    assert parts.outer == ()
    assert [tensor.shape for tensor in parts.elements] == [(None, 2)]
    assert not parts.reverse


def test_scans_of_one_loop_become_one() -> None:
    total, _ = running_sums()
    more = with_further_result(total.node)
    joined = join_scans([total, more.outputs[-1]])
    assert len(scans([total, more.outputs[-1]])) == 2
    assert len(scans(joined)) == 1
    assert joined[0].node is joined[1].node


def test_loops_that_depend_on_each_other_are_joined_too() -> None:
    _, first = running_sums()
    (total,), _ = ops.scan(lambda s, e: ([s[0] + e[0]], []), [START], [first])
    more = [with_further_result(node).outputs[-1] for node in scans([total])]
    assert len(scans([total, *more])) == 4
    assert len(scans(join_scans([total, *more]))) == 2


def test_scans_of_different_loops_stay_apart() -> None:
    first, second = running_sums()[0], running_sums()[0]
    assert len(scans(join_scans([first, second]))) == 2


def test_what_no_one_uses_is_neither_carried_nor_kept() -> None:
    def step(states: list[Tensor], elements: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        x = elements[0]
        return [states[0] + x, states[1] * x], [states[0], states[1]]

    (total, _), _ = ops.scan(step, [START, START], [X])
    (left,) = tidy_scans([total])
    assert len(ScanParts.of(total.node).initial) == 2
    assert len(left.node.outputs) == 1
    assert left.node.inputs == (START, X)


def test_a_state_on_which_a_used_one_depends_is_carried() -> None:
    def step(states: list[Tensor], elements: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        return [states[0] + states[1], states[1] * elements[0]], []

    (total, _), _ = ops.scan(step, [START, START], [X])
    (left,) = tidy_scans([total])
    assert left is total


def test_graphs_without_bodies_are_left_alone() -> None:
    y = op("Relu", X)
    assert tidy_scans([y]) == [y]


def test_an_emitted_graph_runs_a_loop_once() -> None:
    total, _ = running_sums()
    more = with_further_result(total.node)
    model = emit({"x": X, "start": START}, {"total": total, "more": more.outputs[-1]}).model
    assert [node.op_type for node in model.graph.node] == ["Scan"]
