"""Layers that Keras 3 lacks are written as those that compute the same.

That Keras 3 loads what is written here, with equal predictions, was seen with 3.15.1.
"""

from __future__ import annotations

import json
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from konnx import layers as kl
from konnx.models import Model, Sequential, load_model


def randomised(model: Model) -> Model:
    random = np.random.default_rng(1)
    model.set_weights([random.normal(0, 0.5, one.shape) for one in model.get_weights()])
    return model


def cudnn() -> Model:
    inner = Sequential([kl.CuDNNGRU(3, input_shape=(6, 5), return_sequences=True)], name="inner")
    x = kl.Input((6, 4))
    y = inner(kl.CuDNNGRU(5, return_sequences=True)(x))
    return Model(x, kl.Bidirectional(kl.CuDNNLSTM(3))(y))


def gates() -> Model:
    x = kl.Input((6, 4))
    y = kl.GRU(3, return_sequences=True, reset_after=True)(x)
    y = kl.RNN([kl.LSTMCell(4), kl.GRUCell(3)], return_sequences=True)(y)
    return Model(x, kl.Dense(2, activation="hard_sigmoid")(kl.Bidirectional(kl.LSTM(2))(y)))


def images() -> Model:
    x = kl.Input((3, 5, 5, 2))
    y = kl.TimeDistributed(kl.Conv2D(2, 2, activation="hard_sigmoid"))(x)
    return Model(x, kl.ConvLSTM2D(3, 2)(y))


def class_names(path: Path) -> str:
    with zipfile.ZipFile(path) as archive:
        return json.dumps(json.loads(archive.read("config.json")))


@pytest.mark.parametrize("build", [cudnn, gates, images], ids=["cudnn", "gates", "images"])
def test_what_is_written_predicts_the_same(build: Callable[[], Model], tmp_path: Path) -> None:
    model = randomised(build())
    x = np.random.default_rng(2).normal(size=(3, *model.input_shape[1:])).astype("float32")
    expected = model.predict(x)
    model.save(tmp_path / "m.keras")
    model.save_weights(tmp_path / "m.weights.h5")
    config = class_names(tmp_path / "m.keras")
    assert "CuDNN" not in config
    assert "hard_sigmoid" in config or build is cudnn
    again = load_model(tmp_path / "m.keras")
    np.testing.assert_allclose(again.predict(x), expected, atol=1e-6)
    again.set_weights([np.zeros_like(one) for one in again.get_weights()])
    again.load_weights(tmp_path / "m.weights.h5")
    np.testing.assert_allclose(again.predict(x), expected, atol=1e-6)


def test_layers_of_ones_own_are_kept(tmp_path: Path) -> None:
    class Twice(kl.Layer):
        def call(self, inputs: Any) -> Any:
            return inputs * 2.0

    model = randomised(Sequential([kl.CuDNNLSTM(2, input_shape=(3, 2)), Twice()]))
    model.save(tmp_path / "m.keras")
    again = load_model(tmp_path / "m.keras", custom_objects={"Twice": Twice})
    x = np.ones((1, 3, 2), "float32")
    np.testing.assert_allclose(again.predict(x), model.predict(x), atol=1e-6)


def test_the_optimizer_of_other_weights_is_left_out_with_a_warning(tmp_path: Path) -> None:
    model = randomised(Sequential([kl.LSTM(2, input_shape=(3, 2), name="memory")]))
    model.compile("adam", "mse")
    with pytest.warns(UserWarning, match=r"without its optimizer.* for memory\."):
        model.save(tmp_path / "m.keras")
    assert not load_model(tmp_path / "m.keras").is_compiled
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.save(tmp_path / "m.keras", include_optimizer=False)
