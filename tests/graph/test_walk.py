"""Walks: order and substitution; none of them recurses."""

from __future__ import annotations

import pytest

from konnx import ops
from konnx.graph import (
    Node,
    Tensor,
    Variable,
    constant,
    has_phase,
    in_train_phase,
    op,
    placeholder,
    rewrite,
    select_phase,
    substitute,
    topological_order,
)

pytestmark = pytest.mark.no_runtime

DEPTH = 10_000


def types(*tensors: Tensor) -> list[str]:
    return [node.op_type for node in topological_order(tensors)]


def chain(tensor: Tensor) -> Tensor:
    """10,000 nodes in a row, made without inference to be quick."""
    for _ in range(DEPTH):
        tensor = Node("Relu", (tensor,), {}, [tensor.type]).outputs[0]
    return tensor


def test_inputs_come_before_their_users() -> None:
    x, y = placeholder((2,), name="x"), placeholder((2,), name="y")
    summed = x + y
    order = topological_order([summed * x])
    assert [node.name for node in order] == ["x", "y", "Add", "Mul"]


def test_shared_nodes_are_listed_once() -> None:
    x = placeholder((2,), name="x")
    y = x * x
    assert types(y + y, y) == ["Placeholder", "Mul", "Add"]


def test_both_outputs_of_a_node_list_it_once() -> None:
    parts = op("Split", placeholder((2,)), constant([1, 1], "int64"), axis=0, outputs=2)
    assert types(*parts).count("Split") == 1


def test_a_walk_does_not_look_behind_where_it_is_told_to_stop() -> None:
    y = ops.tanh(placeholder((2,)))
    order = topological_order([ops.exp(y)], stop=lambda node: node.op_type == "Tanh")
    assert [node.op_type for node in order] == ["Tanh", "Exp"]


def test_rewriting_nothing_copies_nothing() -> None:
    y = ops.exp(placeholder((2,)))
    assert rewrite([y], lambda node, inputs: None) == [y]


def test_only_what_depends_on_a_change_is_copied() -> None:
    x, y = placeholder((2,), name="x"), placeholder((2,), name="y")
    kept, changed = ops.exp(x), ops.exp(y)
    (result,) = substitute([kept * changed], {y: x})
    assert result.node.inputs[0] is kept
    assert result.node.inputs[1] is not changed
    assert types(result) == ["Placeholder", "Exp", "Exp", "Mul"]


def test_substitution_replaces_computed_tensors_and_leaves_the_rest() -> None:
    x = placeholder((2,), name="x")
    y = ops.exp(x)
    other = placeholder((2,), name="other")
    first, second = substitute([ops.tanh(y), x], {y: other})
    assert types(first) == ["Placeholder", "Tanh"]
    assert first.node.inputs == (other,)
    assert second is x


def test_substitution_of_an_output_itself() -> None:
    x, other = placeholder((2,), name="x"), placeholder((2,), name="other")
    assert substitute([x], {x: other}) == [other]


def test_substitution_of_one_of_two_outputs() -> None:
    first, second = op("Split", placeholder((2,)), constant([1, 1], "int64"), axis=0, outputs=2)
    other = placeholder((1,), name="other")
    (result,) = substitute([first + second], {second: other})
    assert result.node.inputs == (first, other)


def test_variables_can_be_substituted() -> None:
    kernel, other = Variable([1.0], name="kernel"), placeholder((1,), name="other")
    (result,) = substitute([kernel * 2], {kernel: other})
    assert result.node.inputs[0] is other


def test_walks_take_graphs_of_any_depth() -> None:
    x, other = placeholder((), name="x"), placeholder((), name="other")
    deep = chain(in_train_phase(x, x))
    assert len(topological_order([deep])) == DEPTH + 2
    assert has_phase([deep])
    (resolved,) = select_phase([deep], training=True)
    (result,) = substitute([resolved], {x: other})
    order = topological_order([result])
    assert len(order) == DEPTH + 1
    assert order[0] is other.node
