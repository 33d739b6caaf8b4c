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
from konnx.layers import Activation, Dense, Masking
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
with np.load(GOLDENS / "metrics.npz") as file:
    EVALUATED: dict[str, np.ndarray[Any, Any]] = dict(file)
CASES: list[str] = json.loads(str(ARRAYS["cases"]))
ACCURACIES: list[str] = json.loads(str(MEASURED["cases"]))
METRICS: list[str] = json.loads(str(EVALUATED["cases"]))
LOSS_OF = {
    "binary_accuracy": "binary_crossentropy",
    "categorical_accuracy": "categorical_crossentropy",
    "sparse_categorical_accuracy": "sparse_categorical_crossentropy",
    "top_k_categorical_accuracy": "categorical_crossentropy",
    "sparse_top_k_categorical_accuracy": "sparse_categorical_crossentropy",
}
"""What a model is compiled with to have an accuracy measured; other metrics are losses."""


def arrays_of(case: str, found: dict[str, Any]) -> dict[str, Any]:
    prefix = f"{case}/"
    return {key.removeprefix(prefix): found[key] for key in found if key.startswith(prefix)}


def model(loss: str, arrays: dict[str, Any], *, masked: bool) -> Sequential:
    shape = arrays["x"].shape[1:]
    dense = Dense(4, activation=ACTIVATIONS.get(loss), input_shape=shape)
    made = Sequential([Masking(input_shape=shape), dense] if masked else [dense])
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
    arrays = arrays_of(case, ARRAYS)
    name, _, kind = case.partition("/")
    made = model(name, arrays, masked="mask" in kind)
    x, y, weights = arrays["x"], arrays["y"], arrays.get("weights")
    value = made.test_on_batch(x, y, sample_weight=weights)
    np.testing.assert_allclose(value, arrays["value"], rtol=1e-5)
    made.train_on_batch(x, y, sample_weight=weights)
    for received, expected in zip(made.get_weights(), ("kernel", "bias"), strict=True):
        np.testing.assert_allclose(received, arrays[f"new_{expected}"], rtol=1e-4, atol=1e-5)


def test_every_loss_has_a_golden_of_every_kind() -> None:
    kinds = {
        "plain", "weights", "mask", "steps_and_weights", "mask_and_weights",
        "mask_and_sample_weights",
    }  # fmt: skip
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


@pytest.mark.parametrize("case", METRICS)
def test_metrics_over_several_weighted_batches_are_those_of_keras(case: str) -> None:
    arrays = arrays_of(case, EVALUATED)
    name, _, kind = case.partition("/")
    made = Sequential([Activation("linear", input_shape=arrays["scores"].shape[1:])])
    made.compile(
        "sgd",
        LOSS_OF.get(name, name),
        metrics=[name],
        weighted_metrics=[name],
        sample_weight_mode="temporal" if kind == "steps" else None,
    )
    value = made.evaluate(
        arrays["scores"], arrays["y"], batch_size=8, sample_weight=arrays["weights"], verbose=0
    )
    np.testing.assert_allclose(value, arrays["value"], rtol=1e-5)


def test_every_metric_is_measured_over_several_batches() -> None:
    functions = {metrics.get(name).__name__ for name in losses.LOSSES} | set(LOSS_OF)
    assert {case.partition("/")[0] for case in METRICS} == functions
