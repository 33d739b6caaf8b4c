from __future__ import annotations

import pytest

from konnx import ops
from konnx.autodiff import gradients
from konnx.graph import (
    Tensor,
    bodies_of,
    composite,
    drop_composites,
    has_phase,
    in_train_phase,
    is_scan,
    placeholder,
    select_phase,
    stop_gradient,
    topological_order,
)

pytestmark = pytest.mark.no_runtime


def types(*tensors: Tensor) -> list[str]:
    return [node.op_type for node in topological_order(tensors)]


@pytest.mark.parametrize(("training", "expected"), [(True, "Exp"), (False, "Tanh")])
def test_a_phase_becomes_one_side_and_the_other_vanishes(training: bool, expected: str) -> None:
    x = placeholder((2,), name="x")
    phase = ops.relu(in_train_phase(ops.exp(x), ops.tanh(x)))
    assert types(*select_phase([phase], training=training)) == ["Placeholder", expected, "Relu"]


@pytest.mark.parametrize(("training", "expected"), [(True, "Exp"), (False, "Abs")])
def test_phases_inside_phases_are_resolved(training: bool, expected: str) -> None:
    x = placeholder((2,), name="x")
    inner = in_train_phase(ops.exp(x), ops.tanh(x))
    outer = in_train_phase(inner, ops.abs(x))
    assert types(*select_phase([outer], training=training)) == ["Placeholder", expected]


def test_stop_gradient_vanishes() -> None:
    x = placeholder((2,), name="x")
    assert select_phase([stop_gradient(x)], training=True) == [x]


@pytest.mark.parametrize(("kept", "expected"), [(True, ["Composite"]), (False, [])])
def test_a_composite_vanishes_unless_it_is_asked_for(kept: bool, expected: list[str]) -> None:
    x = placeholder((2,), name="x")
    y = composite(ops.exp(x), "Exponential", [x], {})
    resolved = select_phase([y], training=True, keep_composites=kept)
    assert types(*resolved) == ["Placeholder", "Exp", *expected]
    assert types(*drop_composites(resolved)) == ["Placeholder", "Exp"]


def test_a_composite_in_a_loop_vanishes() -> None:
    x = placeholder((4, 2), name="x")

    def step(state: list[Tensor], row: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        return [composite(state[0] + ops.exp(row[0]), "Sum", [*state, *row], {})], []

    (final,), _ = ops.scan(step, [x[0]], [x])
    [resolved] = drop_composites(select_phase([final], training=True, keep_composites=True))
    bodies = [body for node in topological_order([resolved]) for body in bodies_of(node).values()]
    assert "Composite" not in types(*bodies[0].results)


def test_gradients_pass_through_a_composite() -> None:
    x = placeholder((2,), name="x")
    [dx] = gradients(ops.sum(composite(ops.exp(x), "Exponential", [x], {})), [x])
    assert dx is not None
    assert "Exp" in types(*select_phase([dx], training=True))


def test_what_has_no_phase_stays_the_same() -> None:
    y = ops.exp(placeholder((2,)))
    assert not has_phase([y])
    assert select_phase([y], training=True) == [y]
    assert has_phase([in_train_phase(y, y)])


def test_a_loop_and_its_gradients_are_resolved_as_one_loop() -> None:
    x = placeholder((4, 3, 2), name="x")
    (final,), _ = ops.scan(lambda s, e: ([ops.relu(s[0] * e[0])], []), [x[0]], [x])
    (dx,) = gradients(ops.sum(final), [x])
    assert dx is not None
    resolved = select_phase([final, dx], training=True)
    forward = [node for node in topological_order(resolved) if is_scan(node)]
    assert len(forward) == 2
    assert len([n for n in forward if "scan_input_directions" not in n.attributes]) == 1
