"""The check of gradients finds what is wrong with them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from konnx import ops
from konnx.autodiff import RULES, Rule
from konnx.graph import Node, Tensor, op
from konnx.runtime import ExecutionError
from konnx.testing import check_gradients, normal

pytestmark = pytest.mark.gradients

ARRAY = normal((3, 4))


def break_rule(
    monkeypatch: pytest.MonkeyPatch, op_type: str, change: Callable[[Tensor], Any], place: int = 0
) -> None:
    """Let the rule of an operator change the gradient of one of its inputs."""
    rule = RULES[op_type]

    def changed(node: Node, dy: Tensor) -> list[Any]:
        found = list(rule.function(node, dy))
        found[place] = change(found[place])
        return found

    monkeypatch.setitem(RULES, op_type, Rule(changed, rule.broadcasts))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_right_gradients_pass(dtype: str) -> None:
    check_gradients(ops.tanh, [ARRAY], dtype=dtype)


@pytest.mark.parametrize(
    ("dtype", "factor"), [("float64", 1.00001), ("float32", 1.02), ("float64", 0.0)]
)
def test_a_gradient_that_is_a_little_off_is_found(
    monkeypatch: pytest.MonkeyPatch, dtype: str, factor: float
) -> None:
    break_rule(monkeypatch, "Tanh", lambda dx: dx * factor)
    with pytest.raises(AssertionError, match=r"input 0 gives .* of .*; the central difference is"):
        check_gradients(ops.tanh, [ARRAY], dtype=dtype)


def test_one_wrong_element_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = np.ones((3, 4))
    wrong[1, 2] = -1
    break_rule(monkeypatch, "Tanh", lambda dx: dx * wrong)
    with pytest.raises(AssertionError, match="central difference"):
        check_gradients(ops.tanh, [ARRAY])


def test_gradients_at_wrong_places_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    break_rule(monkeypatch, "Tanh", lambda dx: dx[::-1])
    with pytest.raises(AssertionError, match="central difference"):
        check_gradients(ops.tanh, [ARRAY])


def test_not_a_number_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    break_rule(monkeypatch, "Tanh", lambda dx: dx * np.full((3, 4), np.nan))
    with pytest.raises(AssertionError, match="derivative of nan"):
        check_gradients(ops.tanh, [ARRAY])


def test_a_gradient_that_is_missing_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    break_rule(monkeypatch, "Mul", lambda dx: None, place=1)
    with pytest.raises(AssertionError, match="The gradient for input 1 gives .* of 0;"):
        check_gradients(lambda x, y: x * y, [ARRAY, ARRAY + 1])


def test_a_gradient_of_another_shape_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    break_rule(monkeypatch, "Tanh", lambda dx: dx[:, :1])
    with pytest.raises(AssertionError, match=r"input 0 must be float64 \(3, 4\).*\(3, 1\)"):
        check_gradients(ops.tanh, [ARRAY], dims=[(None, None)])


def test_only_the_chosen_inputs_are_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    break_rule(monkeypatch, "Mul", lambda dx: dx * 2, place=1)
    check_gradients(lambda x, y: x * y, [ARRAY, ARRAY + 1], wrt=[0])
    with pytest.raises(AssertionError, match="input 1"):
        check_gradients(lambda x, y: x * y, [ARRAY, ARRAY + 1], wrt=[1])


def test_several_outputs_are_all_weighted(monkeypatch: pytest.MonkeyPatch) -> None:
    check_gradients(lambda x: [ops.exp(x), ops.tanh(x)], [ARRAY])
    break_rule(monkeypatch, "Tanh", lambda dx: dx * 2)
    with pytest.raises(AssertionError, match="central difference"):
        check_gradients(lambda x: [ops.exp(x), ops.tanh(x)], [ARRAY])


def test_inputs_of_whole_numbers_stay_what_they_are() -> None:
    check_gradients(
        lambda x, i: ops.gather_elements(x, i), [ARRAY, np.zeros((3, 2), dtype=np.int64)]
    )


def test_an_input_that_does_not_matter_has_the_gradient_zero() -> None:
    check_gradients(lambda x, y: ops.tanh(x), [ARRAY, ARRAY])


def test_either_phase_can_be_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    def function(x: Tensor) -> Tensor:
        return ops.in_train_phase(ops.tanh(x), ops.exp(x))

    break_rule(monkeypatch, "Tanh", lambda dx: dx * 2)
    check_gradients(function, [ARRAY], training=False)
    with pytest.raises(AssertionError, match="central difference"):
        check_gradients(function, [ARRAY], training=True)


def test_the_graph_may_leave_sizes_open() -> None:
    seen: list[Any] = []

    def function(x: Tensor) -> Tensor:
        seen.append(x.dims)
        return ops.exp(x)

    check_gradients(function, [ARRAY], dims=[("batch", 4)])
    assert seen == [("batch", 4)]


def test_step_and_tolerance_can_be_chosen() -> None:
    check_gradients(ops.exp, [ARRAY], step=0.1, tolerance=1e-2)
    with pytest.raises(AssertionError, match="central difference"):
        check_gradients(ops.exp, [ARRAY], step=0.1, tolerance=1e-5)


def test_float32_stands_in_where_there_is_no_float64_kernel() -> None:
    seen: list[str] = []

    def function(x: Tensor, kernel: Tensor) -> Tensor:
        seen.append(x.dtype)
        return op("Conv", x, kernel)

    check_gradients(function, [normal((2, 2, 5)), normal((3, 2, 3), 1)])
    assert seen == ["float64", "float32"]


def test_a_dtype_that_is_asked_for_is_not_replaced() -> None:
    with pytest.raises(ExecutionError, match="Conv"):
        check_gradients(
            lambda x, w: op("Conv", x, w),
            [normal((2, 2, 5)), normal((3, 2, 3), 1)],
            dtype="float64",
        )


def test_float32_stands_in_where_the_function_rounds_to_it() -> None:
    check_gradients(
        lambda x, w: ops.convolution(x, w, strides=(1,), dilations=(1,)),
        [normal((2, 5, 2)), normal((3, 2, 3), 1)],
    )
