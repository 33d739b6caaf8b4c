"""Means over samples and steps, with weights and masks, against NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from konnx import ops
from konnx.function import Function
from konnx.graph import ShapeError, Tensor, placeholder
from konnx.losses import mean_absolute_error
from konnx.training.objective import weighted_mean

TRUE = np.linspace(0, 1, 24, dtype=np.float32).reshape(3, 4, 2)
PREDICTED = np.linspace(2, -1, 24, dtype=np.float32).reshape(3, 4, 2)
SCORES = np.abs(TRUE - PREDICTED).mean(-1)
MASK = np.array([[1, 1, 0, 0], [1, 0, 1, 1], [0, 0, 0, 1]], bool)
BY_SAMPLE = np.array([2.0, 0.0, 0.5], np.float32)
BY_STEP = np.linspace(0, 2, 12, dtype=np.float32).reshape(3, 4)


def compute(weights: Any = None, mask: Any = None, function: Any = mean_absolute_error) -> float:
    given = [np.asarray(value) for value in (TRUE, PREDICTED, weights, mask) if value is not None]
    inputs = [
        placeholder(("batch", *value.shape[1:]), value.dtype.name, f"x{index}")
        for index, value in enumerate(given)
    ]
    rest: list[Tensor] = inputs[2:]
    weight = rest.pop(0) if weights is not None else None
    loss = weighted_mean(function, inputs[0], inputs[1], weight, rest[0] if rest else None)
    return float(Function(inputs, [loss])(given)[0])


@pytest.mark.parametrize(
    ("weights", "mask", "expected"),
    [
        (None, None, SCORES.mean()),
        (None, MASK, SCORES[MASK].mean()),
        (BY_SAMPLE, None, np.sum(SCORES.mean(1) * BY_SAMPLE) / 2),
        (BY_STEP, None, np.sum(SCORES * BY_STEP) / 11),
        (BY_SAMPLE, MASK, np.sum((SCORES * MASK).mean(1) * BY_SAMPLE) / 2 / MASK.mean()),
        (np.zeros(3, np.float32), None, 0.0),
        (None, np.zeros((3, 4), bool), 0.0),
    ],
    ids=["plain", "mask", "samples", "steps", "both", "no weight", "all masked"],
)
def test_it_is_the_mean_over_what_counts(weights: Any, mask: Any, expected: float) -> None:
    assert compute(weights, mask) == pytest.approx(expected, rel=1e-5, abs=1e-7)


def test_a_function_may_return_one_number() -> None:
    assert compute(function=lambda y, p: ops.max(p)) == pytest.approx(2.0)


@pytest.mark.no_runtime
def test_weights_of_more_axes_than_the_loss_are_refused() -> None:
    x, weights = placeholder(("batch", 2), name="x"), placeholder(("batch", 2), name="w")
    with pytest.raises(ShapeError, match="more axes than the loss"):
        weighted_mean(mean_absolute_error, x, x, weights)
