from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from konnx import ops
from konnx.graph import (
    ScanParts,
    ShapeError,
    Tensor,
    bodies_of,
    constant,
    in_train_phase,
    int64s,
    is_scan,
    op,
    placeholder,
    topological_order,
)
from konnx.testing import evaluate, normal

STEPS, BATCH, FEATURES, UNITS = 5, 3, 2, 4
X = placeholder(("time", "batch", FEATURES), name="x")
H = placeholder(("batch", UNITS), name="h")
X_VALUE = normal((STEPS, BATCH, FEATURES)).astype(np.float32)
H_VALUE = normal((BATCH, UNITS), 1).astype(np.float32)
W, U, B = (
    normal(shape, 2).astype(np.float32) for shape in ((FEATURES, UNITS), (UNITS, UNITS), (UNITS,))
)

Lists = tuple[list[Tensor], list[Tensor]]


def recurrence(states: list[Tensor], elements: list[Tensor]) -> Lists:
    projected = ops.dense(elements[0], constant(W), constant(B))
    h = ops.tanh(projected + ops.matmul(states[0], constant(U)))
    return [h], [h, ops.exp(h)]


def expected(steps: list[int]) -> tuple[np.ndarray, np.ndarray]:
    h, kept = H_VALUE, {}
    for step in steps:
        h = np.tanh(X_VALUE[step] @ W + B + h @ U)
        kept[step] = h
    return h, np.stack([kept[step] for step in sorted(kept)])


def body_of(tensor: Tensor) -> list[str]:
    (node,) = (node for node in topological_order([tensor]) if is_scan(node))
    return [n.op_type for n in topological_order(ScanParts.of(node).body.results) if n.inputs]


@pytest.mark.parametrize("reverse", [False, True])
def test_a_scan_carries_a_state_from_step_to_step(reverse: bool) -> None:
    (final,), (kept, exponential) = ops.scan(recurrence, [H], [X], reverse=reverse)
    values = evaluate([final, kept, exponential], {X: X_VALUE, H: H_VALUE})
    steps = list(range(STEPS))
    final_value, kept_value = expected(steps[::-1] if reverse else steps)
    np.testing.assert_allclose(values[0], final_value, atol=1e-5)
    np.testing.assert_allclose(values[1], kept_value, atol=1e-5)
    np.testing.assert_allclose(values[2], np.exp(kept_value), atol=1e-4)


@pytest.mark.no_runtime
def test_only_what_depends_on_the_state_is_inside() -> None:
    (final,), (_, exponential) = ops.scan(recurrence, [H], [X])
    assert sorted(body_of(final)) == ["Add", "MatMul", "Tanh"]
    assert exponential.node.op_type == "Exp"
    assert exponential.dims == ("time", "batch", UNITS)


LIFTED: dict[str, Callable[[Tensor], Tensor]] = {
    "broadcast with fewer axes": lambda x: x * constant(np.float32([2.0, 3.0])) + x[:, 0:1][0],
    "cast": lambda x: ops.cast(ops.cast(x, "float64"), "float32"),
    "clip": lambda x: ops.clip(x, -0.5, 0.5),
    "concatenate with what is always the same": lambda x: op(
        "Concat", x, constant(np.ones((BATCH, 2), np.float32)), axis=1
    ),
    "convolution": lambda x: ops.convolution(
        ops.expand_dims(x, -1),
        constant(np.ones((2, 1, 3), np.float32)),
        strides=[1],
        dilations=[1],
    ),
    "expand": lambda x: ops.expand(x, [2, BATCH, FEATURES]),
    "gemm": lambda x: ops.dense(x, constant(W), constant(B)),
    "matrix product": lambda x: ops.matmul(ops.transpose(x), x),
    "mean": lambda x: ops.mean(x, 1, keepdims=True),
    "pad": lambda x: ops.pad(x, [(0, 0), (1, 2)]),
    "reshape": lambda x: ops.reshape(x, (-1, 1, 2)),
    "shape": lambda x: ops.cast(op("Shape", x), "float32") + ops.mean(x),
    "size": lambda x: ops.cast(op("Size", x), "float32") * x,
    "slice": lambda x: x[1:, ::-1],
    "softmax": lambda x: ops.softmax(x),
    "split": lambda x: op("Split", x, axis=1, num_outputs=2, outputs=2)[1],
    "squeeze and expand": lambda x: ops.squeeze(ops.expand_dims(x, 0), 0),
    "phase": lambda x: in_train_phase(x, x * 2.0),
    "position of the least": lambda x: ops.cast(op("ArgMin", x, axis=0, keepdims=0), "float32"),
    "stopped gradient": lambda x: ops.stop_gradient(x * 2.0),
    "sum by default": lambda x: op("ReduceSum", x, keepdims=0),
    "sum of all": lambda x: ops.sum(x),
    "transpose": lambda x: ops.transpose(x),
    "where": lambda x: ops.where(x > 0, x, -x),
    "position of the largest": lambda x: ops.cast(ops.argmax(x, -1), "float32"),
}


@pytest.mark.parametrize("name", LIFTED)
def test_what_needs_no_state_is_computed_for_all_steps_at_once(name: str) -> None:
    (_,), (kept,) = ops.scan(lambda s, e: ([s[0] * 0.5], [LIFTED[name](e[0])]), [H], [X])
    assert not any(is_scan(node) for node in topological_order([kept]))
    (got,) = evaluate([kept], {X: X_VALUE})
    x = placeholder(X_VALUE.shape[1:], name="x")
    each = [evaluate([LIFTED[name](x)], {x: value})[0] for value in X_VALUE]
    np.testing.assert_allclose(got, np.stack(each), rtol=1e-5, atol=1e-5)


def test_what_has_no_rule_for_all_steps_is_computed_step_by_step() -> None:
    def step(states: list[Tensor], elements: list[Tensor]) -> Lists:
        order = op("TopK", elements[0], constant([2], "int64"), axis=-1, outputs=2)
        return [states[0] + ops.sum(order[0] * 2.0, 1, keepdims=True)], [order[0] + 1.0]

    (final,), (kept,) = ops.scan(step, [H], [X])
    values = evaluate([final, kept], {X: X_VALUE, H: H_VALUE})
    in_order = np.sort(X_VALUE, -1)[..., ::-1]
    np.testing.assert_allclose(values[1], in_order + 1, atol=1e-5)
    total = H_VALUE + 2 * X_VALUE.sum((0, 2))[:, None]
    np.testing.assert_allclose(values[0], total, atol=1e-4)


STEP_BY_STEP: dict[str, Callable[[Tensor], Tensor]] = {
    "bounds that vary": lambda x: ops.clip(x, 0.0) + op("Clip", x, ops.mean(x)),
    "product with a vector": lambda x: ops.matmul(x, x[0]),
    "sizes that vary": lambda x: op(
        "Reshape", x, ops.cast(ops.sum(x * 0.0), "int64") - int64s([1])
    ),
    "turned weights": lambda x: op("Gemm", x, constant(W.T.copy()), transB=1),
}


@pytest.mark.parametrize("name", STEP_BY_STEP)
def test_forms_that_cannot_be_lifted_stay_in_the_loop(name: str) -> None:
    function = STEP_BY_STEP[name]
    _, (kept,) = ops.scan(lambda s, e: ([], [function(e[0])]), [], [X])
    assert any(is_scan(node) for node in topological_order([kept]))
    (got,) = evaluate([kept], {X: X_VALUE})
    x = placeholder(X_VALUE.shape[1:], name="x")
    each = [evaluate([function(x)], {x: value})[0] for value in X_VALUE]
    np.testing.assert_allclose(got, np.stack(each), rtol=1e-5, atol=1e-5)


def test_a_scan_without_state_maps_a_function() -> None:
    _, (kept,) = ops.scan(lambda states, elements: ([], [ops.square(elements[0])]), [], [X])
    np.testing.assert_allclose(evaluate([kept], {X: X_VALUE})[0], X_VALUE**2, atol=1e-6)


def test_what_is_the_same_at_each_step_is_repeated() -> None:
    _, (kept,) = ops.scan(lambda states, elements: ([], [constant([1.0, 2.0])]), [], [X])
    assert evaluate([kept], {X: X_VALUE})[0].tolist() == [[1.0, 2.0]] * STEPS


def test_each_step_and_each_run_draws_other_random_numbers() -> None:
    x = placeholder((STEPS, 8, 8), name="x")
    _, (kept,) = ops.scan(lambda s, e: ([], [ops.keep_mask(e[0], 0.5, seed=3)]), [], [x])
    zeros = np.zeros((STEPS, 8, 8), np.float32)
    first, again, other = (evaluate([kept], {x: zeros}, seed=seed)[0] for seed in (1, 1, 2))
    assert len({step.tobytes() for step in first}) == STEPS
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_scans_nest() -> None:
    def outer(states: list[Tensor], elements: list[Tensor]) -> Lists:
        def inner(totals: list[Tensor], parts: list[Tensor]) -> Lists:
            return [ops.tanh(totals[0] + parts[0] * states[0])], []

        (total,), _ = ops.scan(inner, [states[0]], [elements[0]])
        return [total], [total]

    start = placeholder((), name="start")
    (final,), _ = ops.scan(outer, [start], [placeholder((2, 3), name="y")])
    y = next(n.outputs[0] for n in topological_order([final]) if n.name == "y")
    value, s = np.array([[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]], np.float32), 0.5
    (got,) = evaluate([final], {y: value, start: np.float32(s)})
    for row in value:
        total = s
        for item in row:
            total = np.tanh(total + item * s)
        s = total
    np.testing.assert_allclose(got, s, atol=1e-6)


@pytest.mark.no_runtime
@pytest.mark.parametrize(
    ("step", "message"),
    [
        (lambda s, e: ([ops.concatenate([s[0], s[0]])], []), "State 0 .* must keep"),
        (lambda s, e: ([ops.cast(s[0], "float64")], []), "begins as float32.*makes it float64"),
        (lambda s, e: ([], []), "one new state for each of 1"),
    ],
)
def test_a_state_that_changes_its_type_is_refused(step: object, message: str) -> None:
    with pytest.raises(ShapeError, match=message):
        ops.scan(step, [H], [X])  # type: ignore[arg-type]


@pytest.mark.no_runtime
def test_a_state_that_grows_by_broadcasting_is_refused() -> None:
    one = constant(np.zeros((1, UNITS), np.float32))
    with pytest.raises(ShapeError, match="State 0"):
        ops.scan(lambda s, e: ([s[0] + H], []), [one], [X])


@pytest.mark.no_runtime
def test_a_scan_without_sequences_is_refused() -> None:
    with pytest.raises(ShapeError, match="at least one sequence"):
        ops.scan(lambda s, e: ([s[0]], []), [H], [])


FLAG = placeholder((), "bool", name="flag")


@pytest.mark.parametrize("flag", [True, False])
def test_a_condition_chooses_a_branch(flag: bool) -> None:
    (y,) = ops.cond(FLAG, lambda: [ops.exp(X)], lambda: [X * 2.0])
    (value,) = evaluate([y], {FLAG: np.bool_(flag), X: X_VALUE})
    np.testing.assert_allclose(value, np.exp(X_VALUE) if flag else X_VALUE * 2, rtol=1e-5)


@pytest.mark.no_runtime
def test_what_a_branch_makes_is_computed_within_it_and_the_rest_is_shared() -> None:
    shared = ops.tanh(X)
    (y,) = ops.cond(FLAG, lambda: [ops.exp(shared)], lambda: [shared])
    branches = bodies_of(y.node)
    assert [n.op_type for n in topological_order(branches["then_branch"].results)][-1] == "Exp"
    assert shared in y.node.inputs


@pytest.mark.no_runtime
def test_sizes_in_which_the_branches_differ_are_unknown() -> None:
    (y,) = ops.cond(FLAG, lambda: [X], lambda: [X[:1]])
    assert y.dims == (None, "batch", FEATURES)


@pytest.mark.no_runtime
@pytest.mark.parametrize(
    ("condition", "otherwise", "message"),
    [
        (placeholder((2,), "bool"), lambda: [X], "must be a bool scalar"),
        (placeholder((), "float32"), lambda: [X], "must be a bool scalar"),
        (FLAG, lambda: [X, X], "as many tensors"),
        (FLAG, lambda: [ops.cast(X, "float64")], "as many tensors"),
        (FLAG, lambda: [X[0]], "as many tensors"),
    ],
)
def test_branches_that_do_not_fit_are_refused(
    condition: Tensor, otherwise: Callable[[], list[Tensor]], message: str
) -> None:
    with pytest.raises(ShapeError, match=message):
        ops.cond(condition, lambda: [X], otherwise)
