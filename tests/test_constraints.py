from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from konnx import constraints
from konnx.constraints import Constraint, MaxNorm, MinMaxNorm, NonNeg, UnitNorm
from konnx.function import Function
from konnx.graph import placeholder

KERNEL = np.array([[3.0, 0.1, 0.0], [-4.0, 0.2, 0.0]], dtype=np.float32)
IMAGES = np.random.default_rng(0).standard_normal((3, 3, 4, 5)).astype(np.float32)


def norms(w: np.ndarray, axis: Any) -> np.ndarray:
    return np.asarray(np.sqrt(np.square(w.astype(np.float64)).sum(axis, keepdims=True)))


def towards(w: np.ndarray, axis: Any, low: float, high: float, rate: float = 1.0) -> np.ndarray:
    length = norms(w, axis)
    desired = rate * np.clip(length, low, high) + (1 - rate) * length
    return np.asarray(w * desired / (1e-7 + length))


def run(constraint: Constraint, w: np.ndarray) -> np.ndarray:
    x = placeholder(w.shape, name="w")
    value = constraint(x)
    assert value.shape == w.shape
    return Function([x], [value])([w])[0]


@pytest.mark.parametrize(
    ("constraint", "w", "expected"),
    [
        (Constraint(), KERNEL, KERNEL),
        (MaxNorm(), KERNEL, towards(KERNEL, 0, 0, 2)),
        (MaxNorm(0.1, axis=1), KERNEL, towards(KERNEL, 1, 0, 0.1)),
        (MaxNorm(1, axis=[0, 1, 2]), IMAGES, towards(IMAGES, (0, 1, 2), 0, 1)),
        (NonNeg(), KERNEL, np.maximum(KERNEL, 0)),
        (UnitNorm(), KERNEL, KERNEL / (1e-7 + norms(KERNEL, 0))),
        (UnitNorm(axis=(0, 1, 2)), IMAGES, IMAGES / (1e-7 + norms(IMAGES, (0, 1, 2)))),
        (MinMaxNorm(), KERNEL, towards(KERNEL, 0, 0, 1)),
        (MinMaxNorm(1.0, 2.0), KERNEL, towards(KERNEL, 0, 1, 2)),
        (MinMaxNorm(1.0, 2.0, rate=0.25, axis=1), KERNEL, towards(KERNEL, 1, 1, 2, 0.25)),
    ],
)
def test_weights_are_projected(constraint: Constraint, w: np.ndarray, expected: np.ndarray) -> None:
    np.testing.assert_allclose(run(constraint, w), expected, rtol=2e-6, atol=1e-7)


def test_a_weight_that_is_not_a_number_stays_visible() -> None:
    values = run(NonNeg(), np.array([np.nan, -1.0], dtype=np.float32))
    np.testing.assert_array_equal(values, np.array([np.nan, 0.0], dtype=np.float32))


@pytest.mark.no_runtime
@pytest.mark.parametrize(
    ("names", "cls"),
    [
        (("MaxNorm", "max_norm", "maxnorm"), MaxNorm),
        (("NonNeg", "non_neg", "nonneg"), NonNeg),
        (("UnitNorm", "unit_norm", "unitnorm"), UnitNorm),
        (("MinMaxNorm", "min_max_norm"), MinMaxNorm),
    ],
)
def test_every_name_of_keras_is_known(names: tuple[str, ...], cls: type) -> None:
    assert [type(constraints.get(name)) for name in names] == [cls] * len(names)
    assert [getattr(constraints, name) for name in names] == [cls] * len(names)


@pytest.mark.no_runtime
@pytest.mark.parametrize(
    ("constraint", "config"),
    [
        (Constraint(), {}),
        (MaxNorm(3, 1), {"max_value": 3, "axis": 1}),
        (NonNeg(), {}),
        (UnitNorm([0, 1]), {"axis": [0, 1]}),
        (
            MinMaxNorm(0.5, 2.0, 0.25, 1),
            {"min_value": 0.5, "max_value": 2.0, "rate": 0.25, "axis": 1},
        ),
    ],
)
def test_configurations_go_round(constraint: Constraint, config: dict[str, Any]) -> None:
    written = constraints.serialize(constraint)
    assert written == {"class_name": type(constraint).__name__, "config": config}
    again = constraints.deserialize(written, {"Constraint": Constraint})
    assert type(again) is type(constraint)
    assert again.get_config() == config


@pytest.mark.no_runtime
def test_none_is_none_and_a_function_is_itself() -> None:
    assert constraints.get(None) is None
    assert constraints.serialize(None) is None
    assert constraints.get(abs) is abs


@pytest.mark.no_runtime
@pytest.mark.parametrize(
    ("identifier", "message"),
    [
        ("maxnrom", "Unknown constraint: 'maxnrom'. Did you mean 'max"),
        (2, "The constraint must be given by name"),
        ({"class_name": "MaxNorm", "config": {"m": 2}}, "'MaxNorm' cannot be made from its config"),
    ],
)
def test_what_is_no_constraint_is_refused(identifier: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        constraints.get(identifier)
