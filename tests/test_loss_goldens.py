"""Losses and metrics agree with Keras 2.1.6: plain, weighted and masked, values and gradients."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from konnx import losses, metrics
from konnx.function import Function
from konnx.graph import placeholder
from konnx.layers import Dense, Masking
from konnx.models import Sequential
from konnx.optimizers import SGD

pytestmark = pytest.mark.training

ACTIVATIONS = {
    "squared_hinge": "tanh",
    "categorical_crossentropy": "softmax",
    "sparse_categorical_crossentropy": "softmax",
    "binary_crossentropy": "sigmoid",
    "kullback_leibler_divergence": "softmax",
    "poisson": "softplus",
}
"""Of the layer before the loss; others have none."""

GOLDENS = Path(__file__).parent / "goldens"
with np.load(GOLDENS / "losses.npz") as file:
    ARRAYS: dict[str, np.ndarray[Any, Any]] = dict(file)
with np.load(GOLDENS / "accuracies.npz") as file:
    MEASURED: dict[str, np.ndarray[Any, Any]] = dict(file)
CASES: list[str] = json.loads(str(ARRAYS["cases"]))
ACCURACIES: list[str] = json.loads(str(MEASURED["cases"]))


def model(loss: str, arrays: dict[str, Any]) -> Sequential:
    shape = arrays["x"].shape[1:]
    dense = Dense(4, activation=ACTIVATIONS.get(loss), input_shape=shape)
    made = Sequential([Masking(input_shape=shape), dense] if len(shape) == 2 else [dense])
    made.set_weights([arrays["kernel"], arrays["bias"]])
    temporal = np.ndim(arrays.get("weights")) == 2
    made.compile(
        SGD(0.1),
        loss,
        metrics=[loss],
        weighted_metrics=[loss],
        sample_weight_mode="temporal" if temporal else None,
    )
    return made


@pytest.mark.parametrize("case", CASES)
def test_values_and_one_step_are_those_of_keras(case: str) -> None:
    prefix = f"{case}/"
    arrays = {key.removeprefix(prefix): ARRAYS[key] for key in ARRAYS if key.startswith(prefix)}
    made = model(case.partition("/")[0], arrays)
    x, y, weights = arrays["x"], arrays["y"], arrays.get("weights")
    value = made.test_on_batch(x, y, sample_weight=weights)
    np.testing.assert_allclose(value, arrays["value"], rtol=1e-5)
    made.train_on_batch(x, y, sample_weight=weights)
    for received, expected in zip(made.get_weights(), ("kernel", "bias"), strict=True):
        np.testing.assert_allclose(received, arrays[f"new_{expected}"], rtol=1e-4, atol=1e-5)


def test_every_loss_has_a_golden_of_every_kind() -> None:
    kinds = ("plain", "weights", "mask", "mask_and_weights")
    assert sorted(CASES) == sorted(
        f"{name}/{kind}"
        for name in {metrics.get(one).__name__ for one in losses.LOSSES}
        for kind in kinds
    )


@pytest.mark.parametrize("case", ACCURACIES)
def test_accuracies_are_those_of_keras(case: str) -> None:
    name, _, k = case.partition("/")
    metric: Any = metrics.get(name)
    y, scores = MEASURED[f"{case}/y"], MEASURED[f"{case}/scores"]
    inputs = [placeholder(("batch", *one.shape[1:]), "float32") for one in (y, scores)]
    value = metric(*inputs, **({"k": int(k)} if k else {}))
    received = Function(inputs, [value])([y, scores])[0]
    assert received.shape == scores.shape[:1]
    np.testing.assert_allclose(received.mean(), MEASURED[f"{case}/value"], rtol=1e-6)
