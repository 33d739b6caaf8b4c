"""Recurrent models in files: HDF5, weights in cuDNN's layout, and ONNX."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from konnx.converters import FileFormatError, to_onnx
from konnx.layers import (
    GRU,
    LSTM,
    RNN,
    Bidirectional,
    ConvLSTM2D,
    CuDNNGRU,
    CuDNNLSTM,
    Dense,
    Embedding,
    GRUCell,
    Input,
    LSTMCell,
    Masking,
    SimpleRNN,
    TimeDistributed,
)
from konnx.models import Model, Sequential, load_model
from konnx.runtime import Program

GOLDENS = Path(__file__).resolve().parents[1] / "goldens" / "recurrent" / "cudnn.npz"
SHAPE = (5, 3)
X = np.random.default_rng(5).normal(size=(4, *SHAPE)).astype("float32")
X[1, :2] = X[2, 1:3] = X[3] = 0


def words() -> Sequential:
    layers = [Embedding(9, 4, mask_zero=True, input_length=5), Bidirectional(GRU(3)), Dense(2)]
    return Sequential(layers)


def encoder_and_decoder() -> Model:
    x, y = Input((None, 3)), Input((None, 3))
    _, *states = LSTM(4, return_state=True)(Masking()(x))
    return Model([x, y], LSTM(4, return_sequences=True)(y, initial_state=states))


def stack(*layers: Any) -> Sequential:
    return Sequential([Masking(input_shape=SHAPE), *layers])


MODELS: dict[str, Any] = {
    "lstm": lambda: stack(LSTM(4, return_sequences=True), TimeDistributed(Dense(2))),
    "gru": lambda: stack(GRU(4, reset_after=True, go_backwards=True)),
    "simple": lambda: stack(SimpleRNN(4, return_sequences=True), GRU(3)),
    "both": lambda: stack(Bidirectional(LSTM(4, recurrent_activation="sigmoid"), name="both")),
    "cells": lambda: stack(RNN([LSTMCell(4), GRUCell(2)])),
    "loop": lambda: stack(LSTM(4, activation="selu")),
    "cudnn": lambda: Sequential([CuDNNLSTM(4, input_shape=SHAPE)]),
    "film": lambda: Sequential([ConvLSTM2D(2, 3, padding="same", input_shape=(5, 3, 3, 1))]),
    "words": words,
    "decoder": encoder_and_decoder,
}


def data(name: str) -> Any:
    if name == "words":
        return np.array([[1, 2, 0, 4, 0], [0, 0, 3, 2, 1], [0] * 5], dtype="float32")
    if name == "film":
        return np.random.default_rng(6).normal(size=(2, 5, 3, 3, 1)).astype("float32")
    return [X, X[:, ::-1]] if name == "decoder" else X


def as_list(value: Any) -> list[np.ndarray]:
    return value if isinstance(value, list) else [value]


@pytest.mark.parametrize("name", MODELS)
def test_a_model_comes_back_from_hdf5(name: str, tmp_path: Path) -> None:
    model = MODELS[name]()
    model.compile("sgd", "mse")
    model.save(tmp_path / "model.h5")
    copy = load_model(tmp_path / "model.h5")
    np.testing.assert_allclose(copy.predict(data(name)), model.predict(data(name)), rtol=1e-5)
    assert copy.is_compiled


@pytest.mark.parametrize("name", MODELS)
def test_an_exported_model_computes_what_predict_does(name: str) -> None:
    model = MODELS[name]()
    exported = to_onnx(model)
    inputs = [one.name for one in exported.graph.input]
    program = Program(exported, feeds=inputs, fetches=[one.name for one in exported.graph.output])
    feeds = as_list(data(name))
    for count in (len(feeds[0]), 1):
        part = [one[:count] for one in feeds]
        expected = model.predict(part if len(part) > 1 else part[0])
        np.testing.assert_allclose(program(*part)[0], expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "op_types"),
    [
        ("lstm", {"LSTM"}),
        ("gru", {"GRU"}),
        ("simple", {"RNN", "GRU"}),
        ("both", {"LSTM"}),
        ("cells", {"LSTM", "GRU"}),
        ("cudnn", {"LSTM"}),
        ("words", {"GRU"}),
        ("decoder", {"LSTM"}),
        ("loop", {"Scan"}),
    ],
)
def test_an_exported_layer_is_one_operator_where_onnx_has_it(name: str, op_types: set[str]) -> None:
    written = {node.op_type for node in to_onnx(MODELS[name]()).graph.node}
    assert written & {"LSTM", "GRU", "RNN", "Scan", "Loop"} == op_types


def golden(name: str) -> dict[str, list[np.ndarray]]:
    with np.load(GOLDENS) as file:
        keys = [key for key in file.files if key.startswith(f"{name}_")]
        groups: dict[str, list[np.ndarray]] = {}
        for key in sorted(keys):
            groups.setdefault(key.split("_")[1], []).append(file[key])
    return groups


PAIRS: dict[str, tuple[Any, Any]] = {
    "LSTM": (lambda: LSTM(4, recurrent_activation="sigmoid", name="rnn"), CuDNNLSTM),
    "GRU": (lambda: GRU(4, "tanh", "sigmoid", reset_after=True, name="rnn"), CuDNNGRU),
}


@pytest.mark.parametrize("name", PAIRS)
def test_layers_of_cudnn_compute_what_keras_converts_their_weights_for(name: str) -> None:
    arrays = golden(name)
    make, on_cudnn = PAIRS[name]
    for layer, kind in ((make(), "plain"), (on_cudnn(4), "cudnn")):
        x = Input(SHAPE)
        model = Model(x, layer(x))
        model.set_weights(arrays[kind])
        received = model.predict(arrays["x"][0])
        np.testing.assert_allclose(received, arrays["prediction"][0], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("by_name", [False, True])
@pytest.mark.parametrize("name", PAIRS)
def test_weights_load_into_the_other_layer(name: str, by_name: bool, tmp_path: Path) -> None:
    arrays = golden(name)
    make, on_cudnn = PAIRS[name]
    kinds: dict[str, Any] = {"plain": make, "cudnn": lambda: on_cudnn(4, name="rnn")}
    for source, target in (("plain", "cudnn"), ("cudnn", "plain")):
        saved, loaded = (Sequential([_first(kinds[kind]())]) for kind in (source, target))
        saved.set_weights(arrays[source])
        saved.save_weights(tmp_path / "weights.h5")
        loaded.load_weights(tmp_path / "weights.h5", by_name=by_name)
        assert [one.layer for one in loaded.conversion_report] == ["rnn"]
        np.testing.assert_allclose(
            loaded.predict(arrays["x"][0]), arrays["prediction"][0], rtol=1e-4, atol=1e-5
        )
        if target == "cudnn":
            for own, expected in zip(loaded.get_weights(), arrays["cudnn"], strict=True):
                np.testing.assert_allclose(own, expected, rtol=1e-6)


def _first(layer: Any) -> Any:
    layer.batch_input_shape = (None, *SHAPE)
    return layer


def test_weights_within_wrappers_and_models_are_converted_too(tmp_path: Path) -> None:
    def model(layer: Any) -> Sequential:
        inner = Sequential([Bidirectional(layer, input_shape=SHAPE), Dense(2)])
        return Sequential([TimeDistributed(inner, input_shape=(2, *SHAPE))])

    saved, loaded = model(CuDNNLSTM(4)), model(LSTM(4, recurrent_activation="sigmoid"))
    saved.save_weights(tmp_path / "weights.h5")
    loaded.load_weights(tmp_path / "weights.h5")
    x = np.stack([X, X[:, ::-1]], 1)
    np.testing.assert_allclose(loaded.predict(x), saved.predict(x), rtol=1e-4, atol=1e-5)


def test_weights_of_a_gru_that_resets_before_fit_no_other(tmp_path: Path) -> None:
    Sequential([CuDNNGRU(4, input_shape=SHAPE)]).save_weights(tmp_path / "weights.h5")
    with pytest.raises(FileFormatError, match="the shape does not fit"):
        Sequential([GRU(4, input_shape=SHAPE)]).load_weights(tmp_path / "weights.h5")


def test_weights_in_files_have_the_names_of_keras(tmp_path: Path) -> None:
    model = stack(LSTM(4, name="rnn"))
    model.save_weights(tmp_path / "weights.h5")
    with h5py.File(tmp_path / "weights.h5") as file:
        names = [str(name, "utf-8") for name in file["rnn"].attrs["weight_names"]]
    assert names == ["rnn/kernel:0", "rnn/recurrent_kernel:0", "rnn/bias:0"]
