"""Files that konnx saved were read by Keras, with the predictions that konnx gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from konnx.models import load_model

FOLDER = Path(__file__).parents[1] / "goldens" / "konnx_saved"
MODELS = (
    *("mlp", "cnn", "shared", "nested", "nested_sequential"),
    *("recurrent", "recurrent_states"),
)
COMPILED = ("mlp", "cnn", "recurrent")
BATCH = 8

Arrays = dict[str, np.ndarray[Any, Any]]


def golden(name: str) -> Arrays:
    with np.load(FOLDER / f"{name}.npz") as file:
        return {key: file[key] for key in file.files}


def group(arrays: Arrays, prefix: str) -> list[np.ndarray[Any, Any]]:
    return [arrays[key] for key in sorted(arrays) if key.startswith(prefix)]


@pytest.mark.parametrize("name", MODELS)
def test_keras_predicts_from_the_file_what_konnx_does(name: str) -> None:
    arrays = golden(name)
    model = load_model(FOLDER / f"{name}.h5", compile=False)
    inputs = group(arrays, "x_")
    outputs = model.predict(inputs if len(inputs) > 1 else inputs[0])
    outputs = outputs if isinstance(outputs, list) else [outputs]
    for output, expected in zip(outputs, group(arrays, "prediction_"), strict=True):
        np.testing.assert_allclose(output, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", MODELS)
def test_keras_read_the_weights_that_konnx_reads(name: str) -> None:
    received = load_model(FOLDER / f"{name}.h5", compile=False).get_weights()
    for value, expected in zip(received, group(golden(name), "weight_"), strict=True):
        np.testing.assert_array_equal(value, expected)


@pytest.mark.training
@pytest.mark.parametrize("name", COMPILED)
def test_keras_goes_on_training_from_the_file_as_konnx_does(name: str) -> None:
    arrays = golden(name)
    model = load_model(FOLDER / f"{name}.h5")
    x, y = arrays["more_x"], arrays["more_y"]
    results = [
        model.train_on_batch(x[start : start + BATCH], y[start : start + BATCH])
        for start in (0, BATCH)
    ]
    np.testing.assert_allclose(results, arrays["more_steps"], rtol=1e-4, atol=1e-5)
    for value, expected in zip(model.get_weights(), group(arrays, "more_weight_"), strict=True):
        np.testing.assert_allclose(value, expected, rtol=1e-4, atol=1e-5)
