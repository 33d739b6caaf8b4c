"""Training agrees with Keras, case by case: predictions, losses, weights, evaluation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from konnx import optimizers
from konnx.models import load_model

pytestmark = pytest.mark.training

FOLDER = Path(__file__).parent / "goldens" / "training"
CASES: dict[str, dict[str, Any]] = json.loads((FOLDER / "cases.json").read_text())
STEPPED = [name for name, case in CASES.items() if not case["fit"]]
FITTED = [name for name, case in CASES.items() if case["fit"]]
BATCH = 8
TOLERANCE = {"rtol": 1e-4, "atol": 1e-5}

Arrays = dict[str, np.ndarray[Any, Any]]


def golden(name: str) -> Arrays:
    with np.load(FOLDER / f"{name}.npz") as file:
        return {key: file[key] for key in file.files}


def group(arrays: Arrays, prefix: str) -> list[np.ndarray[Any, Any]]:
    return [arrays[key] for key in sorted(arrays) if key.startswith(prefix)]


def rows(arrays: Arrays, start: int, stop: int) -> tuple[Any, Any, Any]:
    inputs = [value[start:stop] for value in group(arrays, "x_")]
    targets = [value[start:stop] for value in group(arrays, "y_")]
    weights = arrays.get("sample_weight")
    weights = None if weights is None else weights[start:stop]
    if len(targets) > 1 and weights is not None:
        return single(inputs), targets, [weights] * len(targets)
    return single(inputs), single(targets), weights


def single(values: list[Any]) -> Any:
    return values[0] if len(values) == 1 else values


def listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def optimizer(recipe: dict[str, Any]) -> Any:
    return getattr(optimizers, recipe["class_name"])(**recipe["config"])


def compiled(name: str) -> Any:
    case = CASES[name]
    model = load_model(FOLDER / f"{name}.h5", compile=False)
    model.compile(
        optimizer(case["optimizer"]),
        case["loss"],
        metrics=case["metrics"],
        loss_weights=case["loss_weights"],
    )
    return model


def train(model: Any, arrays: Arrays) -> list[list[float]]:
    results = []
    for start in range(0, BATCH * len(arrays["steps"]), BATCH):
        x, y, weights = rows(arrays, start, start + BATCH)
        results.append(listed(model.train_on_batch(x, y, sample_weight=weights)))
    return results


def assert_weights_match(model: Any, arrays: Arrays) -> None:
    received, expected = model.get_weights(), group(arrays, "weight_")
    assert [value.shape for value in received] == [value.shape for value in expected]
    for index, (value, reference) in enumerate(zip(received, expected, strict=True)):
        np.testing.assert_allclose(value, reference, **TOLERANCE, err_msg=f"weight {index}")


def evaluate(model: Any, name: str, arrays: Arrays) -> list[Any]:
    x, y, weights = rows(arrays, 0, CASES[name]["evaluated"])
    return listed(model.evaluate(x, y, batch_size=BATCH, sample_weight=weights, verbose=0))


@pytest.mark.parametrize("name", CASES)
def test_predictions_before_training_equal_those_of_keras(name: str) -> None:
    arrays = golden(name)
    model = load_model(FOLDER / f"{name}.h5", compile=False)
    outputs = listed(model.predict(rows(arrays, 0, BATCH)[0]))
    for output, expected in zip(outputs, group(arrays, "prediction_"), strict=True):
        np.testing.assert_allclose(output, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", STEPPED)
def test_five_steps_give_the_losses_weights_and_evaluation_of_keras(name: str) -> None:
    arrays = golden(name)
    model = compiled(name)
    np.testing.assert_allclose(train(model, arrays), arrays["steps"], **TOLERANCE)
    assert_weights_match(model, arrays)
    np.testing.assert_allclose(evaluate(model, name, arrays), arrays["evaluation"], **TOLERANCE)


@pytest.mark.parametrize("name", STEPPED)
def test_the_compile_arguments_in_the_file_give_the_same_steps(name: str) -> None:
    arrays = golden(name)
    model = load_model(FOLDER / f"{name}.h5")
    np.testing.assert_allclose(train(model, arrays), arrays["steps"], **TOLERANCE)
    assert_weights_match(model, arrays)


def fit(name: str, arrays: Arrays) -> tuple[Any, dict[str, list[float]]]:
    arguments = dict(CASES[name]["fit"])
    if "class_weight" in arguments:
        weight = arguments["class_weight"]
        arguments["class_weight"] = {int(key): value for key, value in weight.items()}
    x, y, weights = rows(arrays, 0, len(arrays["x_0"]))
    model = compiled(name)
    history = model.fit(x, y, sample_weight=weights, shuffle=False, verbose=0, **arguments)
    return model, history.history


@pytest.mark.parametrize("name", FITTED)
def test_fit_gives_the_history_and_weights_of_keras(name: str) -> None:
    arrays = golden(name)
    expected = {
        key.removeprefix("history_"): value
        for key, value in arrays.items()
        if key.startswith("history_")
    }
    model, history = fit(name, arrays)
    assert set(history) == set(expected)
    for key, values in expected.items():
        np.testing.assert_allclose(history[key], values, **TOLERANCE, err_msg=key)
    assert_weights_match(model, arrays)


@pytest.mark.parametrize("name", [name for name in FITTED if "evaluation" in golden(name)])
def test_evaluation_after_fit_equals_that_of_keras(name: str) -> None:
    arrays = golden(name)
    model, _ = fit(name, arrays)
    np.testing.assert_allclose(evaluate(model, name, arrays), arrays["evaluation"], **TOLERANCE)
