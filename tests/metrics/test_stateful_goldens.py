"""Metrics that keep sums, batch by batch, as tf_keras computes them."""

from __future__ import annotations

import runpy
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from konnx import metrics
from konnx.function import Function
from konnx.graph import placeholder

GOLDENS = Path(__file__).parents[1] / "goldens"
TABLE = runpy.run_path(str(GOLDENS / "metrics_table.py"))
CASES: dict[str, tuple[str, dict[str, Any], str]] = TABLE["CASES"]


@pytest.fixture(scope="module")
def goldens() -> dict[str, np.ndarray]:
    with np.load(GOLDENS / "stateful_metrics.npz") as file:
        return dict(file)


@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
@pytest.mark.parametrize("case", CASES)
def test_values_are_those_of_keras(
    goldens: dict[str, np.ndarray], case: str, weighted: bool
) -> None:
    kind, arguments, source = CASES[case]
    metric = metrics.get({"class_name": kind, "config": arguments})
    arrays = [goldens[f"data/{source}/true"], goldens[f"data/{source}/pred"], goldens["weights"]]
    arrays = arrays if weighted else arrays[:2]
    names = ["y_true", "y_pred", "weights"]
    inputs = [
        placeholder(("batch", *array.shape[1:]), "float32", name)
        for array, name in zip(arrays, names, strict=False)
    ]
    value, updates = metric.accumulate(*inputs)
    function = Function(inputs, [value], updates)
    pieces = [slice(start, end) for start, end in pairwise(TABLE["BATCHES"])]
    expected = goldens[f"values/{case}/{'weighted' if weighted else 'plain'}"]
    for _ in range(2):
        values = [function([array[piece] for array in arrays])[0] for piece in pieces]
        np.testing.assert_allclose(np.stack(values), expected, rtol=2e-6, atol=2e-6)
        metric.reset_states()
    first = Function(inputs, [metric(*inputs)])([array[pieces[0]] for array in arrays])[0]
    np.testing.assert_allclose(first, expected[0], rtol=2e-6, atol=2e-6)
