"""Files that Keras wrote load with its predictions and its optimizer state."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from konnx.models import load_model

FOLDER = Path(__file__).parents[1] / "goldens" / "hdf5"
WEIGHTS_ONLY = "sequential_cnn_weights_only"
MODELS = sorted(path.stem for path in FOLDER.glob("*.h5") if path.stem != WEIGHTS_ONLY)
STATEFUL = (
    "keras216_cnn_momentum",
    "keras216_sequential_adam",
    "recurrent_momentum",
    "sequential_cnn_momentum",
    "sequential_mlp_adam",
    "sequential_mlp_amsgrad",
    "tf_keras_later_adam",
    "tf_keras_later_amsgrad",
    "tf_keras_later_momentum",
    "tf_keras_later_rmsprop",
)
BATCH = 8

Arrays = dict[str, np.ndarray[Any, Any]]


def golden(name: str) -> Arrays:
    with np.load(FOLDER / f"{name}.npz") as file:
        return {key: file[key] for key in file.files}


def group(arrays: Arrays, prefix: str) -> list[np.ndarray[Any, Any]]:
    return [arrays[key] for key in sorted(arrays) if key.startswith(prefix)]


def assert_predicts(model: Any, arrays: Arrays) -> None:
    inputs = group(arrays, "x_")
    outputs = model.predict(inputs if len(inputs) > 1 else inputs[0])
    outputs = outputs if isinstance(outputs, list) else [outputs]
    for output, expected in zip(outputs, group(arrays, "prediction_"), strict=True):
        np.testing.assert_allclose(output, expected, rtol=1e-5, atol=1e-5)


def assert_weights_equal(received: list[Any], expected: list[Any]) -> None:
    for index, (value, reference) in enumerate(zip(received, expected, strict=True)):
        np.testing.assert_allclose(value, reference, rtol=1e-4, atol=1e-5, err_msg=str(index))


def continue_training(model: Any, arrays: Arrays) -> list[Any]:
    x, y = arrays["more_x"], arrays["more_y"]
    return [
        model.train_on_batch(x[start : start + BATCH], y[start : start + BATCH])
        for start in (0, BATCH)
    ]


@pytest.mark.parametrize("name", MODELS)
def test_a_file_of_keras_predicts_as_keras_does(name: str) -> None:
    assert_predicts(load_model(FOLDER / f"{name}.h5", compile=False), golden(name))


@pytest.mark.parametrize("name", MODELS)
def test_a_file_read_and_saved_again_predicts_the_same(name: str, tmp_path: Path) -> None:
    load_model(FOLDER / f"{name}.h5", compile=False).save(tmp_path / "again.h5")
    assert_predicts(load_model(tmp_path / "again.h5", compile=False), golden(name))


@pytest.mark.training
@pytest.mark.parametrize("name", STATEFUL)
def test_training_goes_on_with_the_optimizer_state_of_the_file(name: str) -> None:
    arrays = golden(name)
    model = load_model(FOLDER / f"{name}.h5")
    results = continue_training(model, arrays)
    np.testing.assert_allclose(results, arrays["more_steps"], rtol=1e-4, atol=1e-5)
    assert_weights_equal(model.get_weights(), group(arrays, "weight_"))


@pytest.mark.training
@pytest.mark.parametrize("name", STATEFUL)
def test_training_goes_on_after_the_file_was_read_and_saved_again(
    name: str, tmp_path: Path
) -> None:
    arrays = golden(name)
    load_model(FOLDER / f"{name}.h5").save(tmp_path / "again.h5")
    model = load_model(tmp_path / "again.h5")
    continue_training(model, arrays)
    assert_weights_equal(model.get_weights(), group(arrays, "weight_"))


def test_a_file_of_two_outputs_restores_losses_weights_and_metrics() -> None:
    model = load_model(FOLDER / "functional_two_outputs.h5")
    names = ["loss", "value_loss", "kind_loss", "kind_categorical_accuracy"]
    assert model.metrics_names == names
    x, value = np.ones((4, 6), np.float32), np.zeros((4, 2), np.float32)
    total, first, second, _ = model.test_on_batch(x, [value, np.eye(4, dtype=np.float32)])
    np.testing.assert_allclose(total, 0.25 * first + 2.0 * second, rtol=1e-5)


@pytest.mark.parametrize("by_name", [False, True])
def test_a_weights_file_fills_the_model_that_it_belongs_to(by_name: bool) -> None:
    model = load_model(FOLDER / "sequential_cnn_momentum.h5", compile=False)
    model.load_weights(FOLDER / f"{WEIGHTS_ONLY}.h5", by_name=by_name)
    assert_predicts(model, golden(WEIGHTS_ONLY))


@pytest.mark.parametrize("name", MODELS)
def test_architecture_and_weights_may_be_apart(name: str, tmp_path: Path) -> None:
    weights, config = tmp_path / "weights.h5", tmp_path / "model.json"
    with h5py.File(FOLDER / f"{name}.h5") as whole, h5py.File(weights, "w") as apart:
        group = whole["model_weights"]
        for key in group:
            group.copy(key, apart)
        for key, value in group.attrs.items():
            apart.attrs[key] = value
        described = json.loads(whole.attrs["model_config"])
        described |= {key: str(group.attrs[key]) for key in ("keras_version", "backend")}
    config.write_text(json.dumps(described))
    assert_predicts(load_model(weights, config=config), golden(name))


def test_a_whole_model_file_serves_as_a_weights_file() -> None:
    model = load_model(FOLDER / "keras216_cnn_momentum.h5", compile=False)
    model.load_weights(FOLDER / "sequential_cnn_momentum.h5")
    assert_predicts(model, golden("sequential_cnn_momentum"))


@pytest.mark.parametrize(
    ("name", "frozen"),
    [
        ("nested_model_frozen_layer", 2),
        ("nested_model_frozen_normalization", 2),
        ("keras216_nested_model", 2),
        ("nested_model_frozen_whole", 8),
        ("nested_sequential_twice", 4),
    ],
)
def test_frozen_inner_layers_stay_frozen(name: str, frozen: int) -> None:
    model = load_model(FOLDER / f"{name}.h5", compile=False)
    statistics = 2 * sum("norm" in key for key in layer_names(model))
    assert len(model.non_trainable_weights) == statistics + frozen


def layer_names(model: Any) -> list[str]:
    names = []
    for layer in model.layers:
        names += layer_names(layer) if hasattr(layer, "layers") else [layer.name]
    return names
