"""One model on several devices; where there is no GPU, these are sessions of the CPU."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from konnx import runtime
from konnx.distributed import distribute
from konnx.layers import LSTM, BatchNormalization, Dense, Dropout, Input, add
from konnx.metrics import AUC
from konnx.models import Model, Sequential, load_model
from konnx.optimizers import Adam
from konnx.utils import multi_gpu_model

pytestmark = [
    pytest.mark.training,
    pytest.mark.filterwarnings("ignore:This machine has no GPU:UserWarning"),
]

RANDOM = np.random.RandomState(0)
X = RANDOM.normal(size=(22, 5)).astype("float32")
Y = (X[:, :1] > 0).astype("float32")


@pytest.fixture(autouse=True)
def _no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is tested is the same wherever the tests run."""
    monkeypatch.setattr(runtime, "count_gpus", lambda: 0)


def template() -> Sequential:
    hidden = Dense(8, activation="tanh", kernel_regularizer="l2", input_shape=(5,))
    return Sequential([hidden, Dense(1, activation="sigmoid")])


def compiled(model: Model) -> Model:
    optimizer = Adam(0.01, clipnorm=1.0)
    model.compile(optimizer, "binary_crossentropy", metrics=["acc", AUC(name="auc")])
    return model


def fitted(model: Model) -> dict[str, Any]:
    """Twenty steps, of which each fifth has a sample less than there are devices, or two."""
    data = {"batch_size": 7, "epochs": 5, "shuffle": False, "verbose": 0}
    history: dict[str, Any] = model.fit(X, Y, validation_data=(X, Y), **data).history
    return history


@pytest.mark.parametrize("devices", [2, 3])
def test_devices_train_and_evaluate_as_one_does_on_whole_batches(devices: int) -> None:
    alone, shared = compiled(template()), template()
    shared.set_weights(alone.get_weights())
    parallel = compiled(multi_gpu_model(shared, devices))
    expected, found = fitted(alone), fitted(parallel)
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, rtol=1e-5, err_msg=name)
    for one, other in zip(shared.get_weights(), alone.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


def test_predictions_are_those_of_the_model_also_once_its_weights_change() -> None:
    model = template()
    parallel = multi_gpu_model(model, 3)
    for _ in range(2):
        np.testing.assert_allclose(parallel.predict(X), model.predict(X), rtol=1e-6)
        np.testing.assert_allclose(
            parallel.predict_on_batch(X[:2]), model.predict_on_batch(X[:2]), rtol=1e-6
        )
        model.set_weights([2 * one for one in model.get_weights()])


def test_several_inputs_and_outputs_keep_their_names() -> None:
    a, b = Input((5,), name="a"), Input((5,), name="b")
    sums = Dense(2, name="sums")(add([a, b]))
    model = Model([a, b], [sums, Dense(1, name="size")(sums)])
    parallel = multi_gpu_model(model, 2)
    assert parallel.input_names == ["a", "b"]
    assert parallel.output_names == ["sums", "size"]
    parallel.compile("sgd", {"sums": "mse", "size": "mae"})
    targets = {"sums": np.zeros((22, 2)), "size": np.zeros((22, 1))}
    parallel.fit({"a": X, "b": X}, targets, verbose=0)
    assert [one.shape for one in parallel.predict([X, X])] == [(22, 2), (22, 1)]


def test_averages_of_batch_normalization_are_means_over_the_devices() -> None:
    model = Sequential([BatchNormalization(momentum=0.0, input_shape=(5,)), Dense(1)])
    parallel = multi_gpu_model(model, 2)
    parallel.compile("sgd", "mse")
    parallel.train_on_batch(X, Y)
    mean = model.layers[0].get_weights()[2]
    np.testing.assert_allclose(mean, X.mean(axis=0), rtol=1e-5, atol=1e-7)


def test_what_is_drawn_at_random_comes_from_the_seed() -> None:
    losses = []
    for _ in range(2):
        np.random.seed(3)  # noqa: NPY002
        model = Sequential([Dropout(0.5, input_shape=(5,)), Dense(1)])
        parallel = multi_gpu_model(model, 2)
        parallel.compile("sgd", "mse")
        losses.append([parallel.train_on_batch(X, Y) for _ in range(3)])
    assert losses[0] == losses[1]


def test_the_model_that_was_given_is_found_in_it_and_has_its_weights(tmp_path: Path) -> None:
    model = template()
    parallel = multi_gpu_model(model, 2)
    assert parallel.layers[-2] is model
    assert parallel.get_weights()[0].tolist() == model.get_weights()[0].tolist()
    parallel.save(tmp_path / "parallel.h5")
    loaded = load_model(tmp_path / "parallel.h5")
    assert loaded.replicas is None
    np.testing.assert_allclose(loaded.predict(X), model.predict(X), rtol=1e-6)


def test_without_a_gpu_it_warns_and_computes_on_the_cpu() -> None:
    with pytest.warns(UserWarning, match="no GPU.*2 sessions on the CPU.*konnx doctor"):
        parallel = multi_gpu_model(template(), 2)
    assert parallel.replicas is not None
    assert parallel.replicas.devices == ["cpu", "cpu"]


@pytest.mark.parametrize(
    ("gpus", "expected"),
    [
        (None, ["cuda:0", "cuda:1", "cuda:2"]),
        (2, ["cuda:0", "cuda:1"]),
        ([2, 0], ["cuda:2", "cuda:0"]),
    ],
)
def test_gpus_are_taken_by_count_or_number(
    gpus: Any, expected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runtime, "count_gpus", lambda: 3)
    replicas = multi_gpu_model(template(), gpus).replicas
    assert replicas is not None
    assert replicas.devices == expected


@pytest.mark.parametrize(
    ("gpus", "there", "message"),
    [
        (1, 2, "`gpus` must be 2 or more.*gpus=1"),
        ([0], 2, r"at least two numbers.*gpus=\[0\]"),
        ([0, 0], 2, "each of them once"),
        ([0, -1], 2, "must be 2 or more"),
        (None, 0, "must be 2 or more.*gpus=0"),
        (3, 2, "this machine has 2, GPUs 0 to 1.*gpus=3"),
        ([0, 1], 1, "this machine has one, GPU 0"),
    ],
)
def test_gpus_that_cannot_be_taken_are_an_error(
    gpus: Any, there: int, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runtime, "count_gpus", lambda: there)
    with pytest.raises(ValueError, match=message):
        multi_gpu_model(template(), gpus)


def test_models_that_cannot_be_split_are_an_error() -> None:
    memory = Sequential([LSTM(2, stateful=True, batch_input_shape=(4, 3, 2))])
    with pytest.raises(ValueError, match="is stateful.*stateful=False"):
        multi_gpu_model(memory, 2)
    with pytest.raises(ValueError, match="no input shape yet"):
        multi_gpu_model(Sequential([Dense(2)]), 2)
    parallel = compiled(multi_gpu_model(template(), 2))
    with pytest.raises(ValueError, match="replicas on cpu, cpu.*start a process for each"):
        distribute(parallel)
