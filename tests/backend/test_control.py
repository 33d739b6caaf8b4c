from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from konnx import backend as K
from konnx.graph import ShapeError, Tensor, placeholder, topological_order
from konnx.testing import check_gradients, evaluate, normal

BATCH, STEPS, FEATURES, UNITS = 3, 4, 2, 3
X = placeholder(("batch", "time", FEATURES), name="x")
FIXED = placeholder(("batch", STEPS, FEATURES), name="x")
H = placeholder(("batch", UNITS), name="h")
MASK = placeholder(("batch", "time"), "bool", name="mask")
FIXED_MASK = placeholder(("batch", STEPS), "bool", name="mask")
X_VALUE = normal((BATCH, STEPS, FEATURES)).astype(np.float32)
H_VALUE = normal((BATCH, UNITS), 1).astype(np.float32)
W, U = (normal(shape, 2).astype(np.float32) for shape in ((FEATURES, UNITS), (UNITS, UNITS)))

MASKS = {
    "right": [[1, 1, 1, 0], [1, 1, 1, 1], [1, 0, 0, 0]],
    "left": [[0, 1, 1, 1], [1, 1, 1, 1], [0, 0, 0, 1]],
    "middle": [[1, 0, 0, 1], [1, 1, 0, 1], [0, 1, 0, 1]],
    "a row without any step": [[0, 0, 0, 0], [1, 1, 1, 1], [0, 1, 1, 0]],
}


def step(x: Tensor, states: Sequence[Tensor]) -> tuple[Tensor, list[Tensor]]:
    h = K.tanh(K.dot(x, K.constant(W)) + K.dot(states[0], K.constant(U)))
    return h, [h]


def expected(
    mask: np.ndarray | None = None, *, backwards: bool = False, first: np.ndarray = H_VALUE
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What Keras 2.1 computes; `first` is the output of masked steps before all others."""
    state, output, outputs = H_VALUE, first, []
    for t in range(STEPS)[:: -1 if backwards else 1]:
        new = np.tanh(X_VALUE[:, t] @ W + state @ U)
        kept = np.ones((BATCH, 1), bool) if mask is None else mask[:, t : t + 1].astype(bool)
        state = np.where(kept, new, state)
        output = np.where(kept, new, output)
        outputs.append(output)
    return output, np.stack(outputs, 1), state


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("unroll", [False, True])
def test_rnn_repeats_a_step(unroll: bool, backwards: bool) -> None:
    x = FIXED if unroll else X
    last, outputs, states = K.rnn(step, x, [H], go_backwards=backwards, unroll=unroll)
    values = evaluate([last, outputs, *states], {x: X_VALUE, H: H_VALUE})
    for value, wanted in zip(values, expected(backwards=backwards), strict=True):
        np.testing.assert_allclose(value, wanted, atol=1e-5)


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("name", MASKS)
def test_masked_steps_leave_state_and_output_as_they_were(name: str, backwards: bool) -> None:
    last, outputs, states = K.rnn(step, X, [H], go_backwards=backwards, mask=MASK)
    mask = np.array(MASKS[name], bool)
    values = evaluate([last, outputs, *states], {X: X_VALUE, H: H_VALUE, MASK: mask})
    for value, wanted in zip(values, expected(mask, backwards=backwards), strict=True):
        np.testing.assert_allclose(value, wanted, atol=1e-5)


@pytest.mark.parametrize("name", MASKS)
def test_an_unrolled_rnn_gives_zeros_before_the_first_step_that_counts(name: str) -> None:
    last, outputs, states = K.rnn(step, FIXED, [H], mask=FIXED_MASK, unroll=True)
    mask = np.array(MASKS[name], bool)
    values = evaluate([last, outputs, *states], {FIXED: X_VALUE, H: H_VALUE, FIXED_MASK: mask})
    wanted = expected(mask, first=np.zeros_like(H_VALUE))
    for value, one in zip(values, wanted, strict=True):
        np.testing.assert_allclose(value, one, atol=1e-5)


def test_a_mask_may_be_numbers_with_a_third_axis() -> None:
    numbers = placeholder(("batch", "time", 1), name="mask")
    _, outputs, _ = K.rnn(step, X, [H], mask=numbers)
    mask = np.array(MASKS["middle"], np.float32)
    feeds = {X: X_VALUE, H: H_VALUE, numbers: mask[..., None]}
    np.testing.assert_allclose(evaluate([outputs], feeds)[0], expected(mask)[1], atol=1e-5)


def test_an_output_that_is_no_state() -> None:
    def doubled(x: Tensor, states: Sequence[Tensor]) -> tuple[Tensor, list[Tensor]]:
        h, new = step(x, states)
        return h * 2.0, new

    for backwards in (False, True):
        last, outputs, _ = K.rnn(doubled, X, [H], go_backwards=backwards)
        values = evaluate([last, outputs], {X: X_VALUE, H: H_VALUE})
        wanted = expected(backwards=backwards)
        np.testing.assert_allclose(values[0], 2 * wanted[0], atol=1e-5)
        np.testing.assert_allclose(values[1], 2 * wanted[1], atol=1e-5)


def test_constants_follow_the_states() -> None:
    def scaled(x: Tensor, states: Sequence[Tensor]) -> tuple[Tensor, list[Tensor]]:
        h, factor = states
        return h + factor * K.sum(x, axis=1, keepdims=True), [h + 1.0]

    factor = K.constant(3.0)
    last, _, _ = K.rnn(scaled, X, [H], constants=[factor])
    (value,) = evaluate([last], {X: X_VALUE, H: H_VALUE})
    wanted = H_VALUE + STEPS - 1 + 3 * X_VALUE[:, -1].sum(1, keepdims=True)
    np.testing.assert_allclose(value, wanted, atol=1e-5)


def test_steps_of_more_axes_are_masked_too() -> None:
    x = placeholder(("batch", "time", 2, 2), name="x")
    start = placeholder(("batch", 2, 2), name="start")
    _, outputs, _ = K.rnn(lambda x, s: (x + s[0], [x + s[0]]), x, [start], mask=MASK)
    mask = np.array(MASKS["middle"], bool)
    value = normal((BATCH, STEPS, 2, 2)).astype(np.float32)
    feeds = {x: value, start: np.zeros((BATCH, 2, 2), np.float32), MASK: mask}
    wanted = np.cumsum(value * mask[:, :, None, None], 1)
    np.testing.assert_allclose(evaluate([outputs], feeds)[0], wanted, atol=1e-5)


def test_rows_of_a_table_are_looked_up_in_the_order_of_time() -> None:
    """So that neither they nor their gradients are moved."""
    numbers = placeholder(("batch", "time"), "int32", name="numbers")
    rows = K.gather(K.constant(W), numbers)
    last, outputs, _ = K.rnn(lambda x, s: (x + s[0], [x + s[0]]), rows, [H])
    moved = [n for n in topological_order([last]) if n.op_type == "Transpose"]
    assert [node.outputs[0].dtype for node in moved] == ["int32"]
    value = np.array([[0, 1, 1, 0]] * BATCH, np.int32)
    wanted = np.cumsum(W[value], 1) + H_VALUE[:, None]
    (got,) = evaluate([outputs], {numbers: value, H: H_VALUE})
    np.testing.assert_allclose(got, wanted, atol=1e-5)


@pytest.mark.gradients
@pytest.mark.parametrize("unroll", [False, True])
def test_gradients_pass_through_masked_loops(unroll: bool) -> None:
    mask = K.constant(np.array(MASKS["middle"]), "bool")

    def function(x: Tensor, h: Tensor, w: Tensor, u: Tensor) -> list[Tensor]:
        def one(x: Tensor, states: Sequence[Tensor]) -> tuple[Tensor, list[Tensor]]:
            new = K.tanh(K.dot(x, w) + K.dot(states[0], u))
            return new, [new]

        last, outputs, _ = K.rnn(one, x, [h], mask=mask, unroll=unroll)
        return [last, outputs]

    check_gradients(function, [X_VALUE, H_VALUE, W, U])


@pytest.mark.no_runtime
def test_wrong_arguments_of_rnn_are_named() -> None:
    with pytest.raises(ValueError, match="at least 3 axes"):
        K.rnn(step, H, [H])
    with pytest.raises(ValueError, match="`initial_states` must not be empty"):
        K.rnn(step, X, [], mask=MASK)
    with pytest.raises(ValueError, match=r"fixed number of steps.*\(None, None, 2\)"):
        K.rnn(step, X, [H], unroll=True)
    with pytest.raises(ShapeError, match="one new state for each of 1"):
        K.rnn(lambda x, s: (x, []), X, [H])


def test_a_scalar_switch_runs_one_branch() -> None:
    y = K.switch(K.sum(H) > 0, lambda: K.exp(H), H)
    for value in (H_VALUE, np.abs(H_VALUE), -np.abs(H_VALUE)):
        (got,) = evaluate([y], {H: value})
        np.testing.assert_allclose(got, np.exp(value) if value.sum() > 0 else value, rtol=1e-5)
    assert "If" in {node.op_type for node in topological_order([y])}


def test_a_switch_of_several_elements_chooses_rows() -> None:
    rows = K.constant(np.array([1, 0, 1]), "int32")
    y = K.switch(rows, lambda: H * 2.0, H)
    wanted = np.where(np.array([[1], [0], [1]]), H_VALUE * 2, H_VALUE)
    np.testing.assert_allclose(evaluate([y], {H: H_VALUE})[0], wanted)


@pytest.mark.no_runtime
def test_a_condition_with_too_many_axes_is_refused() -> None:
    with pytest.raises(ValueError, match="more axes than the expressions"):
        K.switch(MASK, H[:, 0], H[:, 0])


def test_map_fn_applies_a_function_to_each_element() -> None:
    y = K.map_fn(lambda row: K.sum(row) * row, H)
    wanted = H_VALUE.sum(1, keepdims=True) * H_VALUE
    np.testing.assert_allclose(evaluate([y], {H: H_VALUE})[0], wanted, rtol=1e-5)


def test_map_fn_takes_and_returns_lists() -> None:
    y, z = K.map_fn(lambda both: [both[0] + both[1], both[0]], [H, H], dtype="float64")
    values = evaluate([y, z], {H: H_VALUE})
    np.testing.assert_allclose(values[0], 2 * H_VALUE)
    assert values[1].dtype == np.float64


FOLDS = {
    "foldl": (K.foldl, [0, 1, 2]),
    "foldr": (K.foldr, [2, 1, 0]),
}


@pytest.mark.parametrize("name", FOLDS)
@pytest.mark.parametrize("start", [None, 1.0])
def test_folds_combine_elements_in_order(name: str, start: float | None) -> None:
    fold, order = FOLDS[name]
    first = None if start is None else np.full(UNITS, start, np.float32)
    y = fold(lambda so_far, x: so_far * 2.0 + x, H, first)
    rows = [H_VALUE[place] for place in order]
    total = rows.pop(0) if first is None else first
    for row in rows:
        total = total * 2 + row
    np.testing.assert_allclose(evaluate([y], {H: H_VALUE})[0], total, rtol=1e-5)


def test_a_fold_of_one_element_is_the_element() -> None:
    one = placeholder((1, 2), name="one")
    y = K.foldl(lambda so_far, x: so_far + x, one)
    assert evaluate([y], {one: [[1.0, 2.0]]})[0].tolist() == [1.0, 2.0]
