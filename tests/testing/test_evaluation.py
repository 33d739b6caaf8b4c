"""Running tensors without a model."""

from __future__ import annotations

import numpy as np
import pytest

from konnx import ops
from konnx.graph import ShapeError, Variable, constant, in_train_phase, placeholder
from konnx.testing import evaluate, prepare


def test_values_come_in_the_order_of_the_tensors() -> None:
    x, y = placeholder(("batch",), name="x"), placeholder(("batch",), name="y")
    values = evaluate([x - y, y - x, x], {y: [1.0], x: [5.0]})
    assert [value.tolist() for value in values] == [[4], [-4], [5]]


def test_placeholders_of_one_name_are_told_apart() -> None:
    first, second = placeholder((), name="x"), placeholder((), name="x")
    assert evaluate([first - second], {first: 3.0, second: 1.0})[0] == 2


def test_nothing_needs_to_be_fed() -> None:
    assert evaluate([constant(2.0) * 3])[0] == 6


def test_variables_have_their_present_values() -> None:
    scale = Variable([1.0], name="scale")
    scale.assign([7.0])
    x = placeholder((1,), name="x")
    assert evaluate([x * scale], {x: [2.0]})[0].tolist() == [14]


@pytest.mark.parametrize(("training", "expected"), [(True, 1), (False, 2)])
def test_the_phase_is_chosen(training: bool, expected: int) -> None:
    phase = in_train_phase(constant(1.0), constant(2.0))
    assert evaluate([phase], training=training)[0] == expected


def test_random_numbers_follow_the_seed() -> None:
    x = placeholder((64,), name="x")
    kept = ops.keep_mask(x, 0.5)
    first, same, other = (
        evaluate([kept], {x: np.zeros(64)}, seed=seed)[0].tolist() for seed in (1, 1, 2)
    )
    assert first == same != other


def test_the_seed_may_be_fed_like_any_placeholder() -> None:
    x = placeholder((64,), name="x")
    run = prepare([ops.keep_mask(x, 0.5)], [x, ops.SEED])
    assert run(np.zeros(64), 1)[0].tolist() != run(np.zeros(64), 2)[0].tolist()


def test_a_placeholder_without_a_value_is_named() -> None:
    with pytest.raises(ShapeError, match="need the input 'labels'"):
        evaluate([placeholder((2,), name="labels") * 2])


def test_a_value_that_does_not_fit_is_refused() -> None:
    x = placeholder((2,), name="x")
    with pytest.raises(ValueError, match=r"feed 'input_0': expected"):
        evaluate([x * 2], {x: np.zeros(3)})
