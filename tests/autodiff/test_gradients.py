"""The driver: what reaches the loss, phases, errors, names, sums over what was broadcast."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from konnx import ops
from konnx.autodiff import (
    RULES,
    GradientError,
    Rule,
    gradients,
    lowering,
    pull_back,
    rule,
    sum_to_shape,
)
from konnx.graph import (
    Tensor,
    Variable,
    name_scope,
    op,
    placeholder,
    select_phase,
    topological_order,
)
from konnx.testing import check_gradients, evaluate, normal

pytestmark = pytest.mark.gradients


def gradient(loss: Tensor, x: Tensor, **options: Any) -> Tensor:
    (found,) = gradients(loss, [x], **options)
    assert found is not None
    return found


def test_the_loss_has_the_gradient_one() -> None:
    x = placeholder(("batch", 2), name="x")
    assert evaluate([gradient(x, x)], {x: np.zeros((3, 2))})[0].tolist() == [[1, 1]] * 3


def test_a_loss_that_is_no_scalar_is_summed() -> None:
    x = placeholder(("batch",), name="x")
    assert evaluate([gradient(x * x, x)], {x: [1, 2, 3]})[0].tolist() == [2, 4, 6]


def test_what_the_loss_does_not_depend_on_has_no_gradient() -> None:
    x, y = placeholder((2,), name="x"), placeholder((2,), name="y")
    assert gradients(ops.sum(x), [y]) == [None]
    assert gradients(ops.sum(x * ops.cast(y > 0, "float32")), [y]) == [None]


def test_gradients_of_tensors_between_inputs_and_loss() -> None:
    x = placeholder((2,), name="x")
    y = x * 3
    dy, dx = gradients(ops.sum(y * y), [y, x])
    assert dy is not None and dx is not None
    values = evaluate([dy, dx], {x: [1, 2]})
    assert [value.tolist() for value in values] == [[6, 12], [18, 36]]


def test_gradients_of_variables_have_their_shape_and_dtype() -> None:
    kernel = Variable(normal((2, 3)), name="kernel")
    x = placeholder(("batch", 2), "float64", name="x")
    found = gradient(ops.sum(x @ kernel), kernel)
    assert (found.shape, found.dtype) == ((2, 3), "float64")


def test_the_gradient_keeps_the_name_of_the_batch() -> None:
    x = placeholder(("batch", 2), name="x")
    assert gradient(ops.sum(ops.tanh(x) * 2), x).dims == ("batch", 2)


def test_uses_in_several_places_add_up() -> None:
    check_gradients(lambda x: x * ops.tanh(x) + x @ ops.transpose(x) @ x, [normal((3, 3))])


def test_a_tensor_asked_for_twice_is_answered_twice() -> None:
    x = placeholder((), name="x")
    first, second = gradients(x * x, [x, x])
    assert first is second


def test_stop_gradient_makes_a_constant() -> None:
    x = placeholder((), name="x")
    found = gradient(x * ops.stop_gradient(x), x)
    assert evaluate([found], {x: 5.0})[0] == 5


def test_only_the_branch_of_the_phase_is_differentiated() -> None:
    check_gradients(lambda x: ops.in_train_phase(x * x, ops.exp(x)), [normal((3,))], training=True)
    check_gradients(lambda x: ops.in_train_phase(x * x, ops.exp(x)), [normal((3,))], training=False)


@pytest.mark.parametrize("training", [True, False])
def test_without_a_phase_the_gradient_holds_both(training: bool) -> None:
    x = placeholder((), name="x")
    found = gradient(ops.in_train_phase(x * x, x * 7), x)
    assert evaluate([found], {x: 4.0}, training=training)[0] == (8 if training else 7)


@pytest.mark.parametrize(("training", "expected"), [(True, [1, 1]), (False, [0, 0])])
def test_a_side_without_dependence_joins_as_zeros(training: bool, expected: list[float]) -> None:
    x = placeholder(("batch",), name="x")
    found = gradient(ops.in_train_phase(x, ops.stop_gradient(x)), x)
    assert evaluate([found], {x: [2, 3]}, training=training)[0].tolist() == expected


def test_neither_side_depending_gives_none() -> None:
    x, y = placeholder((), name="x"), placeholder((), name="y")
    assert gradients(ops.in_train_phase(y, y * 2), [x]) == [None]


def test_phases_inside_phases_are_resolved() -> None:
    def function(x: Tensor) -> Tensor:
        inner = ops.in_train_phase(x * 2, x * 3)
        return ops.in_train_phase(inner * inner, ops.tanh(inner))

    for training in (True, False):
        check_gradients(function, [normal((3,))], training=training)


def test_an_unknown_operator_is_named_with_its_layer() -> None:
    x = placeholder((2, 2), name="x")
    with name_scope("dense_7"):
        loss = ops.sum(op("Det", x))
    with pytest.raises(GradientError, match=r"The operator Det in 'dense_7'.*no gradient rule"):
        gradients(loss, [x])


def test_an_unknown_operator_off_the_way_does_no_harm() -> None:
    x, y = placeholder((2,), name="x"), placeholder((2,), name="y")
    assert gradients(ops.sum(x * op("Erf", y)), [x])[0] is not None


def test_stop_gradient_cuts_the_path_through_an_unknown_operator() -> None:
    x = placeholder((2,), name="x")
    assert gradients(ops.sum(x * ops.stop_gradient(op("Erf", x))), [x])[0] is not None


def test_an_operator_becomes_differentiable_by_a_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(RULES, "Erf", raising=False)

    @rule("Erf")
    def erf(node: Any, dy: Tensor) -> list[Tensor]:
        x = node.inputs[0]
        return [dy * ops.exp(-ops.square(x)) * (2 / np.sqrt(np.pi))]

    try:
        check_gradients(lambda x: op("Erf", x), [normal((3,))], dtype="float32")
    finally:
        RULES.pop("Erf")


@pytest.mark.parametrize("which", ["loss", "wrt"])
def test_whole_numbers_have_no_gradient(which: str) -> None:
    x, n = placeholder((2,), name="x"), placeholder((2,), "int64", name="n")
    loss, wrt = (n, x) if which == "loss" else (x, n)
    with pytest.raises(GradientError, match=r"Only float tensors have gradients.*'n'.*K\.cast"):
        gradients(loss, [wrt])


def test_nodes_of_a_gradient_are_named_after_the_layer() -> None:
    x = placeholder((2,), name="x")
    with name_scope("dense_1"):
        y = ops.tanh(x)
    names = {node.name for node in topological_order([gradient(ops.sum(y), x)])}
    assert "grad/dense_1/Mul" in names


@pytest.mark.parametrize("layer", ["gradual", "grad"])
def test_layers_whose_names_begin_like_the_gradients_own_scope(layer: str) -> None:
    x = placeholder((2,), name="x")
    with name_scope(layer):
        y = ops.exp(x)
    scopes = {node.scope for node in topological_order([gradient(ops.sum(y), x)])}
    assert ("grad/gradual" if layer == "gradual" else "grad") in scopes


def test_the_gradient_of_a_gradient_stays_in_the_layer_s_scope() -> None:
    x = placeholder((2,), name="x")
    with name_scope("dense_1"):
        y = ops.tanh(x)
    second = gradient(ops.sum(gradient(ops.sum(y), x)), x)
    scopes = {node.scope for node in topological_order([second])}
    assert scopes <= {"", "dense_1", "grad", "grad/dense_1"}


def test_thousands_of_nodes_do_not_exhaust_the_stack() -> None:
    x = placeholder((), name="x")
    y = x
    for _ in range(3000):
        y = y + x
    found = gradient(y, x)
    assert evaluate(select_phase([found], training=True), {x: 1.0})[0] == 3001


@pytest.mark.parametrize(
    ("wide", "narrow", "expected"),
    [
        ((2, 3), (2, 3), [[1, 1, 1], [1, 1, 1]]),
        ((2, 3), (3,), [2, 2, 2]),
        ((2, 3), (2, 1), [[3], [3]]),
        ((2, 3), (1, 1), [[6]]),
        ((2, 3), (), 6),
        ((2, 1), (2, 1), [[1], [1]]),
    ],
)
@pytest.mark.parametrize("is_open", [False, True])
def test_sum_to_shape_undoes_broadcasting(
    wide: tuple[int, ...], narrow: tuple[int, ...], is_open: bool, expected: Any
) -> None:
    dims = [tuple(None for _ in shape) if is_open else shape for shape in (wide, narrow)]
    dx, x = (placeholder(shape, name=name) for shape, name in zip(dims, "ax", strict=True))
    summed = sum_to_shape(dx, x)
    assert summed.dims is not None
    assert len(summed.dims) == len(narrow)
    feeds = {dx: np.ones(wide), x: np.zeros(narrow)}
    assert evaluate([summed], feeds)[0].tolist() == expected


def test_sum_to_shape_wants_a_known_rank() -> None:
    unranked = op("Reshape", placeholder((4,), name="x"), placeholder((None,), "int64", "sizes"))
    with pytest.raises(ValueError, match="The rank of .* must be known to differentiate"):
        sum_to_shape(unranked, placeholder((2,), name="y"))


def test_a_rule_may_give_no_gradient_for_an_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RULES, "Tanh", Rule(lambda node, dy: [None]))
    x = placeholder((2,), name="x")
    assert gradients(ops.sum(ops.tanh(x)), [x]) == [None]


def test_an_operator_is_differentiated_as_what_it_is_composed_of(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(RULES, "Erf", raising=False)

    @lowering("Erf")  # any operator of one input would do
    def squared(node: Any) -> list[Tensor]:
        (x,) = node.inputs
        return [x * x]

    x = placeholder((), name="x")
    inner = op("Exp", x)
    found = gradient(op("Erf", inner), x)
    RULES.pop("Erf")
    np.testing.assert_allclose(evaluate([found], {x: 0.5})[0], 2 * np.exp(1.0), rtol=1e-6)


def test_inputs_of_a_composition_may_depend_on_each_other() -> None:
    check_gradients(lambda x: op("PRelu", x, ops.exp(x)) + op("PRelu", x, x), [normal((3,))])


def test_a_form_of_an_operator_without_rule_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RULES, "Tanh", Rule(lowering=lambda node: None))
    x = placeholder((2,), name="x")
    with pytest.raises(GradientError, match="Tanh.*this form of the operator has no gradient"):
        gradients(ops.sum(ops.tanh(x)), [x])


def test_pulling_back_looks_behind_nothing_but_its_inputs() -> None:
    x = placeholder((2,), name="x")
    hidden = op("Erf", x)
    (found,) = pull_back([hidden * hidden, x], [ops.as_tensor([1.0, 2.0]), None], [hidden])
    assert found is not None
    assert found.shape == (2,)
