"""Files in the format of Keras 3 load with the predictions of the Keras that wrote them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from konnx.models import load_model

FOLDER = Path(__file__).parents[2] / "goldens" / "keras_v3"
MODELS = sorted(str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*.keras"))
WEIGHTS = sorted(str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*.weights.h5"))
LEGACY = [
    str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*.h5") if ".weights" not in path.name
]
COMPILED = [name for name in [*MODELS, *LEGACY] if "mlp" in name]
BATCH = 8

Arrays = dict[str, np.ndarray[Any, Any]]


def golden(name: str) -> Arrays:
    with np.load(FOLDER / f"{name.split('.')[0]}.npz") as file:
        return {key: file[key] for key in file.files}


def group(arrays: Arrays, prefix: str) -> list[np.ndarray[Any, Any]]:
    return [arrays[key] for key in sorted(arrays) if key.startswith(prefix)]


def assert_predicts(model: Any, arrays: Arrays) -> None:
    inputs = group(arrays, "x_")
    outputs = model.predict(inputs if len(inputs) > 1 else inputs[0])
    outputs = outputs if isinstance(outputs, list) else [outputs]
    for output, expected in zip(outputs, group(arrays, "prediction_"), strict=True):
        np.testing.assert_allclose(output, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", [*MODELS, *LEGACY])
def test_an_archive_predicts_as_the_keras_that_wrote_it(name: str) -> None:
    assert_predicts(load_model(FOLDER / name, compile=False), golden(name))


@pytest.mark.parametrize("name", WEIGHTS)
def test_a_weights_file_fills_the_model_that_it_belongs_to(name: str) -> None:
    model = load_model(FOLDER / name.replace(".weights.h5", ".keras"), compile=False)
    model.set_weights([np.zeros_like(one) for one in model.get_weights()])
    model.load_weights(FOLDER / name)
    assert_predicts(model, golden(name))


@pytest.mark.training
@pytest.mark.parametrize("name", COMPILED)
def test_training_goes_on_with_the_optimizer_state_of_the_archive(name: str) -> None:
    arrays = golden(name)
    model = load_model(FOLDER / name)
    assert model.metrics_names == ["loss", "acc", "mean_squared_error"]
    x, y = arrays["more_x"], arrays["more_y"]
    for start in (0, BATCH):
        model.train_on_batch(x[start : start + BATCH], y[start : start + BATCH])
    for value, expected in zip(model.get_weights(), group(arrays, "weight_"), strict=True):
        np.testing.assert_allclose(value, expected, rtol=1e-4, atol=1e-5)


def test_what_was_converted_is_reported() -> None:
    report = load_model(FOLDER / "keras315" / "masks.keras", compile=False).conversion_report
    assert {"Keras 3 hands it to the layer as a tensor", "an operation stands between layers"} == {
        one.why for one in report
    }
    assert "lstm_1_mask_0" in {one.layer for one in report}
    report = load_model(FOLDER / "keras315" / "mlp_adam.keras").conversion_report
    assert report == []


def test_quantized_weights_become_floats_and_the_report_says_so() -> None:
    model = load_model(FOLDER / "keras315" / "quantized_int4.keras")
    assert {weight.dtype for weight in model.weights} == {"float32"}
    assert [one.what for one in model.conversion_report] == ["int4 weights to float32"] * 5
