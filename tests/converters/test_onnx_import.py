"""Files of PyTorch's exporters: predictions as PyTorch's, training, and the way through files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from konnx.converters import from_onnx
from konnx.layers import Dense
from konnx.models import Model, load_model

FOLDER = Path(__file__).parents[1] / "goldens" / "torch_onnx"
NAMES = sorted(path.stem for path in FOLDER.glob("*.onnx"))
TRAINED = (
    "convolutional_11",
    "convolutional_dynamo_18",
    "transformer_17",
    "transformer_dynamo_23",
    "lstm_17",
    "lstm_dynamo_18",
    "gru_14",
)


def golden(name: str) -> tuple[Model, np.ndarray, np.ndarray]:
    with np.load(FOLDER / "outputs.npz") as file:
        return from_onnx(FOLDER / f"{name}.onnx"), file[f"{name}/x"], file[f"{name}/y"]


@pytest.mark.parametrize("name", NAMES)
def test_predictions_are_those_of_pytorch(name: str) -> None:
    model, x, y = golden(name)
    np.testing.assert_allclose(model.predict(x), y, atol=1e-5, rtol=1e-5)
    np.testing.assert_allclose(model.predict(x[:1]), y[:1], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("name", TRAINED)
def test_all_its_weights_are_trained(name: str) -> None:
    model, x, y = golden(name)
    before = [weight.numpy() for weight in model.trainable_weights]
    model.compile("sgd", "mse")
    target = y + np.linspace(0, 1, y.size, dtype="float32").reshape(y.shape)
    losses = model.fit(x, target, epochs=4, verbose=0).history["loss"]
    assert losses == sorted(losses, reverse=True)
    after = [weight.numpy() for weight in model.trainable_weights]
    assert not [w.name for w, a, b in zip(model.trainable_weights, before, after, strict=True)
                if np.array_equal(a, b)]  # fmt: skip


@pytest.mark.parametrize("name", ["convolutional_13", "transformer_20"])
def test_a_new_head_is_trained_saved_exported_and_read_again(name: str, tmp_path: Path) -> None:
    base, x, _ = golden(name)
    base.trainable = False
    features = base.layers[-3].output
    model = Model(base.input, Dense(2, name="head")(features))
    model.compile("adam", "mse")
    target = np.zeros(model.predict(x).shape, "float32")
    losses = model.fit(x, target, epochs=3, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    expected = model.predict(x)
    model.save(tmp_path / "tuned.h5")
    model.export(tmp_path / "tuned.onnx")
    for again in (load_model(tmp_path / "tuned.h5"), from_onnx(tmp_path / "tuned.onnx")):
        np.testing.assert_allclose(again.predict(x), expected, atol=1e-5, rtol=1e-5)


def test_layers_and_weights_have_the_names_of_pytorch() -> None:
    model, *_ = golden("convolutional_7")
    assert model.get_layer("bn1/BatchNormalization").output_shape == (None, 8, 16, 16)
    names = {weight.name for weight in model.weights}
    assert {"conv1.weight", "bn1.running_mean", "up.weight", "fc.bias"} <= names


def test_each_file_has_its_outputs_and_tells_nothing_of_the_machine_that_made_it() -> None:
    with np.load(FOLDER / "outputs.npz") as file:
        assert {name.partition("/")[0] for name in file.files} == set(NAMES)
    for path in FOLDER.glob("*.onnx"):
        assert path.stat().st_size < 100_000
        assert b"site-packages" not in path.read_bytes()
