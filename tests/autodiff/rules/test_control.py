from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from konnx import ops
from konnx.autodiff import GradientError, gradients
from konnx.graph import (
    Node,
    ScanParts,
    Tensor,
    constant,
    in_train_phase,
    is_scan,
    op,
    placeholder,
    tidy_scans,
    topological_order,
)
from konnx.testing import check_gradients, evaluate, normal

pytestmark = pytest.mark.gradients

STEPS, BATCH, FEATURES, UNITS = 4, 3, 2, 3
Lists = tuple[list[Tensor], list[Tensor]]


def small(*shape: int, seed: int = 0) -> np.ndarray:
    return 0.5 * normal(shape, seed)


def simple(x: Tensor, h: Tensor, w: Tensor, u: Tensor, b: Tensor, **more: bool) -> list[Tensor]:
    def step(states: list[Tensor], elements: list[Tensor]) -> Lists:
        new = ops.tanh(ops.dense(elements[0], w, b) + ops.matmul(states[0], u))
        return [new], [new, ops.softmax(new)]

    (final,), kept = ops.scan(step, [h], [x], **more)
    return [final, *kept]


def lstm(x: Tensor, h: Tensor, c: Tensor, w: Tensor, u: Tensor, b: Tensor) -> list[Tensor]:
    def step(states: list[Tensor], elements: list[Tensor]) -> Lists:
        z = ops.dense(elements[0], w, b) + ops.matmul(states[0], u)
        i, f, g, o = op("Split", z, axis=1, num_outputs=4, outputs=4)
        cell = ops.sigmoid(f) * states[1] + ops.sigmoid(i) * ops.tanh(g)
        output = ops.sigmoid(o) * ops.tanh(cell)
        return [output, cell], [output]

    finals, kept = ops.scan(step, [h, c], [x])
    return [*finals, *kept]


SIMPLE = [
    small(STEPS, BATCH, FEATURES),
    small(BATCH, UNITS, seed=1),
    small(FEATURES, UNITS, seed=2),
    small(UNITS, UNITS, seed=3),
    small(UNITS, seed=4),
]
LSTM = [
    *SIMPLE[:2],
    small(BATCH, UNITS, seed=5),
    small(FEATURES, 4 * UNITS, seed=2),
    small(UNITS, 4 * UNITS, seed=3),
    small(4 * UNITS, seed=4),
]
DYNAMIC = [("time", "batch", FEATURES), ("batch", UNITS)]


@pytest.mark.parametrize("reverse", [False, True])
def test_a_simple_recurrence(reverse: bool) -> None:
    check_gradients(lambda *inputs: simple(*inputs, reverse=reverse), SIMPLE)


def test_a_recurrence_of_varying_length() -> None:
    check_gradients(simple, SIMPLE, dims=[*DYNAMIC, None, None, None])


def test_an_lstm() -> None:
    check_gradients(lstm, LSTM, dims=[*DYNAMIC, ("batch", UNITS), None, None, None])


@pytest.mark.parametrize("output", [0, 1, 2])
def test_a_single_output(output: int) -> None:
    check_gradients(lambda *inputs: lstm(*inputs)[output], LSTM)


@pytest.mark.parametrize("wrt", [0, 1, 2, 3, 4])
def test_a_single_input(wrt: int) -> None:
    check_gradients(simple, SIMPLE, wrt=[wrt])


def scans(outputs: Sequence[Tensor | None]) -> list[Node]:
    found = tidy_scans([tensor for tensor in outputs if tensor is not None])
    return [node for node in topological_order(found) if is_scan(node)]


def types_in(node: Node) -> list[str]:
    return [n.op_type for n in topological_order(ScanParts.of(node).body.results) if n.inputs]


@pytest.mark.no_runtime
def test_the_backward_loop_holds_one_product_for_each_adjoint_and_one_matrix_product() -> None:
    dims = [*DYNAMIC, ("batch", UNITS)]
    x, h, c = (placeholder(d, name=n) for d, n in zip(dims, "xhc", strict=True))
    w, u, b = (placeholder(v.shape, name=n) for v, n in zip(LSTM[3:], "wub", strict=True))
    loss = ops.sum(ops.square(lstm(x, h, c, w, u, b)[0]))
    forward, backward = scans([loss, *gradients(loss, [x, w, u, b])])
    assert types_in(forward).count("MatMul") == 1
    assert sorted(types_in(backward)) == sorted(["Add", "Concat", "MatMul"] + ["Mul"] * 6)


@pytest.mark.no_runtime
def test_forward_and_backward_pass_share_one_forward_loop() -> None:
    x, h = (placeholder(v.shape, name=n) for v, n in zip(SIMPLE[:2], "xh", strict=True))
    w, u, b = (placeholder(v.shape, name=n) for v, n in zip(SIMPLE[2:], "wub", strict=True))
    outputs = simple(x, h, w, u, b)
    loss = ops.sum(outputs[0])
    assert len(scans([loss, outputs[1], *gradients(loss, [w, u])])) == 2


def test_an_output_that_was_computed_after_the_loop() -> None:
    def function(x: Tensor, h: Tensor, v: Tensor) -> Tensor:
        _, (kept,) = ops.scan(
            lambda s, e: ([ops.tanh(s[0] + e[0])], [ops.matmul(s[0], v)]), [h], [x]
        )
        return kept

    inputs = [small(STEPS, BATCH, UNITS), small(BATCH, UNITS, seed=1), small(UNITS, 2, seed=2)]
    check_gradients(function, inputs)


def test_an_operator_that_can_only_be_run_step_by_step() -> None:
    """What has no form for all steps at once is differentiated, kept and summed in the loops."""

    def function(x: Tensor, h: Tensor, table: Tensor) -> list[Tensor]:
        indices = constant(np.array([[0, 2, 1]] * BATCH))

        def step(states: list[Tensor], elements: list[Tensor]) -> Lists:
            taken = op("GatherElements", ops.exp(states[0]) * table, indices, axis=1)
            return [ops.tanh(taken + elements[0])], [taken]

        (final,), kept = ops.scan(step, [h], [x])
        return [final, *kept]

    inputs = [small(STEPS, BATCH, UNITS), small(BATCH, UNITS, seed=1), small(BATCH, UNITS, seed=2)]
    check_gradients(function, inputs)


def test_a_gradient_that_has_no_form_for_all_steps_is_summed_in_the_loop() -> None:
    def function(x: Tensor, h: Tensor, table: Tensor) -> Tensor:
        indices = constant(np.array([[0, 2, 2]] * BATCH))

        def step(states: list[Tensor], elements: list[Tensor]) -> Lists:
            taken = op("GatherElements", table, ops.cast(elements[1], "int64"), axis=1)
            return [ops.tanh(states[0] * taken + elements[0])], []

        places = ops.stack([indices] * STEPS)
        return ops.scan(step, [h], [x, places])[0][0]

    inputs = [small(STEPS, BATCH, UNITS), small(BATCH, UNITS, seed=1), small(BATCH, UNITS, seed=2)]
    check_gradients(function, inputs)


def test_a_weight_that_is_used_twice_in_a_step() -> None:
    def function(x: Tensor, h: Tensor, u: Tensor, b: Tensor) -> Tensor:
        def step(states: list[Tensor], elements: list[Tensor]) -> Lists:
            first = ops.tanh(ops.matmul(states[0], u) + elements[0] * b)
            return [ops.tanh(ops.matmul(first, u) + b)], []

        return ops.scan(step, [h], [x])[0][0]

    u = small(UNITS, UNITS, seed=2)
    inputs = [small(STEPS, BATCH, UNITS), small(BATCH, UNITS, seed=1), u]
    for bias in (small(UNITS, seed=3), small(1, UNITS, seed=3), small(BATCH, 1, seed=3)):
        check_gradients(function, [*inputs, bias])
    check_gradients(function, [*inputs, np.float64(0.3)])


def test_a_state_without_a_batch() -> None:
    def function(x: Tensor, h: Tensor, u: Tensor) -> Tensor:
        def step(states: list[Tensor], elements: list[Tensor]) -> Lists:
            return [ops.tanh(ops.matmul(states[0], u) + elements[0])], []

        return ops.scan(step, [h], [x])[0][0]

    check_gradients(function, [small(STEPS, UNITS), small(UNITS, seed=1), small(UNITS, UNITS)])


def test_a_state_that_no_gradient_passes_is_left_alone() -> None:
    def function(x: Tensor, h: Tensor) -> Tensor:
        def step(states: list[Tensor], elements: list[Tensor]) -> Lists:
            count = states[1] + constant(1, "int64")
            return [states[0] * elements[0] + ops.cast(count, x.dtype), count], []

        return ops.scan(step, [h, constant(0, "int64")], [x])[0][0]

    check_gradients(function, [small(STEPS, BATCH), small(BATCH, seed=1)])


def test_loops_in_loops() -> None:
    def function(x: Tensor, h: Tensor, u: Tensor) -> list[Tensor]:
        def outer(states: list[Tensor], elements: list[Tensor]) -> Lists:
            def inner(totals: list[Tensor], parts: list[Tensor]) -> Lists:
                new = ops.tanh(ops.matmul(totals[0], u) + parts[0] * states[0])
                return [new], [new]

            (total,), (kept,) = ops.scan(inner, [states[0]], [elements[0]])
            return [total], [ops.sum(kept, 0)]

        finals, kept = ops.scan(outer, [h], [x])
        return [*finals, *kept]

    inputs = [small(2, STEPS, BATCH, UNITS), small(BATCH, UNITS, seed=1), small(UNITS, UNITS)]
    check_gradients(function, inputs, tolerance=1e-6)


def test_gradients_of_gradients() -> None:
    def function(x: Tensor, h: Tensor, u: Tensor) -> list[Tensor | None]:
        def step(states: list[Tensor], elements: list[Tensor]) -> Lists:
            return [ops.tanh(ops.matmul(states[0], u) + elements[0])], []

        (final,), _ = ops.scan(step, [h], [x])
        return gradients(ops.sum(final * final * final), [x, h, u])

    inputs = [small(3, BATCH, UNITS), small(BATCH, UNITS, seed=1), small(UNITS, UNITS, seed=2)]
    check_gradients(function, inputs, tolerance=1e-6)  # type: ignore[arg-type]


def test_the_phase_within_a_loop() -> None:
    def function(x: Tensor, h: Tensor) -> Tensor:
        def step(states: list[Tensor], elements: list[Tensor]) -> Lists:
            return [in_train_phase(ops.tanh(states[0]), states[0] * 0.5) * elements[0]], []

        return ops.scan(step, [h], [x])[0][0]

    for training in (True, False):
        check_gradients(function, [small(STEPS, BATCH), small(BATCH, seed=1)], training=training)


def test_a_cut_path_within_a_loop() -> None:
    x = placeholder((STEPS, BATCH), name="x")
    h = placeholder((BATCH,), name="h")

    def step(states: list[Tensor], elements: list[Tensor]) -> Lists:
        return [ops.stop_gradient(states[0]) * elements[0]], []

    (final,), _ = ops.scan(step, [h], [x])
    dx, dh = gradients(ops.sum(final), [x, h])
    assert dh is None
    assert dx is not None
    xs, hs = small(STEPS, BATCH).astype(np.float32), small(BATCH, seed=1).astype(np.float32)
    (value,) = evaluate([dx], {x: xs, h: hs})
    np.testing.assert_allclose(value[-1], xs[:-1].prod(0) * hs, rtol=1e-5)
    assert not value[:-1].any()


@pytest.mark.no_runtime
def test_an_operator_without_rule_in_a_body_is_named_with_its_layer() -> None:
    x = placeholder((STEPS, BATCH, BATCH), name="x")

    def step(states: list[Tensor], elements: list[Tensor]) -> Lists:
        bad = Node("Mystery", [states[0]], {}, [states[0].type], name="cell/Mystery").outputs[0]
        return [bad + elements[0]], []

    (final,), _ = ops.scan(step, [x[0]], [x])
    with pytest.raises(GradientError, match=r"Mystery in 'cell'"):
        gradients(ops.sum(final), [x])


BRANCHES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "exp": lambda x, y: ops.exp(x) * y,
    "one input only": lambda x, y: ops.tanh(x),
    "passes through": lambda x, y: x,
}


@pytest.mark.parametrize("flag", [True, False])
@pytest.mark.parametrize("name", BRANCHES)
def test_a_branch(name: str, flag: bool) -> None:
    def function(x: Tensor, y: Tensor) -> Tensor:
        condition = constant(np.bool_(flag))
        (z,) = ops.cond(condition, lambda: [BRANCHES[name](x, y)], lambda: [x * y * y])
        return z

    check_gradients(function, [small(BATCH, 2), small(BATCH, 2, seed=1)])


def test_a_branch_within_a_loop() -> None:
    def function(x: Tensor, h: Tensor) -> Tensor:
        def step(states: list[Tensor], elements: list[Tensor]) -> Lists:
            late = elements[1] > constant(1.5, x.dtype)
            (new,) = ops.cond(late, lambda: [ops.exp(states[0])], lambda: [states[0] * elements[0]])
            return [new], []

        steps = constant(np.arange(STEPS), x.dtype)
        return ops.scan(step, [h], [x, steps])[0][0]

    check_gradients(function, [small(STEPS, BATCH), small(BATCH, seed=1)], tolerance=1e-6)
