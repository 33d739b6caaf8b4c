"""Fit, evaluate and predict on generators, sequences and files, as on the arrays they stand for."""

# ruff: noqa: NPY002 - users' code draws from NumPy's global generator
from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from konnx.callbacks import Callback, LambdaCallback
from konnx.layers import Dense, Dropout, Input
from konnx.models import Model, Sequential
from konnx.utils import HDF5Matrix
from konnx.utils import Sequence as Batches

pytestmark = pytest.mark.training

RANDOM = np.random.RandomState(0)
X = RANDOM.uniform(size=(22, 4)).astype(np.float32)
Y = (X.sum(axis=1, keepdims=True) > 2).astype(np.float32)
WEIGHTS = RANDOM.uniform(size=22).astype(np.float32)


class Cut(Batches):
    """The arrays above by batches of 8, 8 and 6."""

    def __init__(self, *more: np.ndarray, size: int = 8) -> None:
        self.arrays, self.size, self.ended = (X, Y, *more), size, 0

    def __len__(self) -> int:
        return -(-len(X) // self.size)

    def __getitem__(self, index: int) -> Any:
        return tuple(one[index * self.size : (index + 1) * self.size] for one in self.arrays)

    def on_epoch_end(self) -> None:
        self.ended += 1


def endless(*more: np.ndarray) -> Iterator[Any]:
    cut = Cut(*more)
    while True:
        yield from (cut[index] for index in range(len(cut)))


def network(dropout: float = 0.0) -> Sequential:
    np.random.seed(3)
    layers = [
        Dense(5, activation="tanh", input_shape=(4,)),
        Dropout(dropout),
        Dense(1, activation="sigmoid"),
    ]
    model = Sequential(layers)
    model.compile("sgd", "binary_crossentropy", metrics=["acc"])
    return model


def history(**options: Any) -> dict[str, list[float]]:
    model = network()
    return model.fit(X, Y, batch_size=8, verbose=0, shuffle=False, **options).history


@pytest.mark.parametrize("workers", [0, 1, 3])
@pytest.mark.parametrize("stream", [Cut, endless])
def test_a_fit_on_batches_equals_one_on_the_arrays(stream: Any, workers: int) -> None:
    steps = 3 if stream is endless else None
    options = {"epochs": 2, "verbose": 0, "shuffle": False, "workers": workers}
    found = network().fit_generator(stream(), steps, **options).history
    assert found == history(epochs=2)
    assert network().fit(stream(), steps_per_epoch=steps, **options).history == found


def test_processes_bring_the_same_batches() -> None:
    options = {"epochs": 2, "verbose": 0, "shuffle": False, "workers": 2}
    found = network().fit_generator(Cut(), use_multiprocessing=True, **options).history
    assert found == history(epochs=2)


def test_weights_of_samples_and_classes_count() -> None:
    found = network().fit_generator(endless(WEIGHTS), 3, verbose=0).history
    assert found == history(sample_weight=WEIGHTS)
    by_class = {0: 1.0, 1: 3.0}
    found = network().fit_generator(endless(), 3, verbose=0, class_weight=by_class).history
    assert found == history(class_weight=by_class)


@pytest.mark.parametrize(
    "validation",
    [
        {"validation_data": (X[:9], Y[:9])},
        {"validation_data": Cut()},
        {"validation_data": endless(), "validation_steps": 3},
    ],
)
def test_each_epoch_is_validated(validation: dict[str, Any]) -> None:
    model, seen = network(), Callback()
    options = {"epochs": 2, "verbose": 0, "callbacks": [seen], **validation}
    found = model.fit_generator(Cut(), **options).history
    data = validation["validation_data"]
    x, y = data if isinstance(data, tuple) else (X, Y)
    expected = model.evaluate(x, y, verbose=0)
    assert [found["val_loss"][-1], found["val_acc"][-1]] == pytest.approx(expected)
    assert (seen.validation_data is None) == (not isinstance(data, tuple))


def test_evaluation_weights_batches_by_their_size() -> None:
    model = network()
    expected = model.evaluate(X, Y, verbose=0)
    assert model.evaluate_generator(Cut()) == pytest.approx(expected)
    assert model.evaluate(endless(), steps=3, verbose=0) == pytest.approx(expected)
    weighted = model.evaluate(X, Y, sample_weight=WEIGHTS, batch_size=8, verbose=0)
    assert model.evaluate_generator(endless(WEIGHTS), 3) == pytest.approx(weighted)


def test_prediction_takes_inputs_alone_or_with_targets() -> None:
    model = network()
    expected = model.predict(X)
    np.testing.assert_array_equal(model.predict_generator(Cut()), expected)
    np.testing.assert_array_equal(model.predict_generator(iter([X[:9], X[9:]]), 2), expected)
    np.testing.assert_array_equal(model.predict(Cut(WEIGHTS)), expected)


def test_several_inputs_and_outputs_come_by_name() -> None:
    a, b = Input((4,), name="a"), Input((4,), name="b")
    model = Model([a, b], [Dense(1, name="p")(a), Dense(1, name="q")(b)])
    model.compile("sgd", "mse")

    def named() -> Iterator[Any]:
        while True:
            yield {"b": X, "a": X}, {"p": Y, "q": Y}

    found = model.fit_generator(named(), 2, verbose=0).history
    assert set(found) == {"loss", "p_loss", "q_loss"}
    assert [len(one) for one in model.predict_generator(named(), 2)] == [44, 44]


@pytest.mark.parametrize("workers", [0, 1])
def test_the_seed_fixes_a_fit_whose_data_and_layers_draw_random_numbers(workers: int) -> None:
    class Noisy(Cut):
        def __getitem__(self, index: int) -> Any:
            x, y = super().__getitem__(index)
            return x + np.random.uniform(size=x.shape), y

    def run() -> Any:
        model = network(dropout=0.5)
        return model.fit_generator(Noisy(), epochs=3, verbose=0, workers=workers).history

    first = run()
    assert run() == run() == first
    assert len(set(first["loss"])) == 3


# Steps on arrays


def test_an_epoch_may_have_fewer_or_more_steps_than_the_arrays() -> None:
    sizes: list[int] = []
    note = LambdaCallback(on_batch_end=lambda batch, logs: sizes.append(logs["size"]))
    network().fit(X, Y, 8, epochs=2, steps_per_epoch=2, verbose=0, callbacks=[note])
    assert sizes == [8, 8, 6, 8]
    options: dict[str, Any] = {"validation_data": (X, Y), "validation_steps": 1}
    found = network().fit(X, Y, 8, verbose=0, **options).history
    assert set(found) == {"loss", "acc", "val_loss", "val_acc"}


def test_evaluate_and_predict_may_stop_early() -> None:
    model = network()
    part = model.evaluate(X[:8], Y[:8], verbose=0)
    assert model.evaluate(X, Y, 8, verbose=0, steps=1) == pytest.approx(part)
    assert model.predict(X, 8, steps=2).shape == (16, 1)


# Files


@pytest.fixture
def matrices(tmp_path: Path) -> tuple[HDF5Matrix, HDF5Matrix]:
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file["x"], file["y"] = X, Y[:, 0]
    return HDF5Matrix(tmp_path / "data.h5", "x"), HDF5Matrix(tmp_path / "data.h5", "y")


def test_a_file_is_read_batch_by_batch(matrices: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = matrices
    read: list[int] = []
    original = HDF5Matrix.__getitem__

    def noting(self: HDF5Matrix, key: Any) -> Any:
        part = original(self, key)
        read.append(len(part))
        return part

    monkeypatch.setattr(HDF5Matrix, "__getitem__", noting)
    np.random.seed(5)
    found = network().fit(x, y, 8, epochs=2, shuffle="batch", verbose=0).history
    assert max(read) == 8
    np.random.seed(5)
    assert found == network().fit(X, Y, 8, epochs=2, shuffle="batch", verbose=0).history


def test_a_file_can_be_split_evaluated_and_predicted(matrices: Any) -> None:
    x, y = matrices
    model = network()
    found = model.fit(x, y, 8, verbose=0, shuffle=False, validation_split=0.25).history
    assert found == history(validation_split=0.25)
    assert model.evaluate(x, y, verbose=0) == pytest.approx(model.evaluate(X, Y, verbose=0))
    np.testing.assert_array_equal(model.predict(x, 8), model.predict(X, 8))
    np.testing.assert_array_equal(model.predict_on_batch(x), model.predict_on_batch(X))


# Ends


def test_a_generator_that_ends_early_ends_the_fit_with_a_warning() -> None:
    cut = Cut()
    with pytest.warns(UserWarning, match="after 1 of the 2 batches.*while True"):
        found = network().fit_generator(iter([cut[0], cut[1], cut[2]]), 2, epochs=9, verbose=0)
    assert found.epoch == [0, 1]
    with pytest.warns(UserWarning, match="after 0 of the 2 batches"):
        found = network().fit_generator(iter([cut[0], cut[1]]), 2, epochs=9, verbose=0)
    assert found.epoch == [0]


@pytest.mark.parametrize("workers", [0, 2])
def test_what_a_generator_raises_comes_out_and_workers_and_callbacks_end(workers: int) -> None:
    def failing() -> Iterator[Any]:
        yield Cut()[0]
        raise LookupError("the camera is off")

    ended: list[Any] = []
    note = LambdaCallback(on_train_end=ended.append)
    model, threads = network(), threading.active_count()
    with pytest.raises(LookupError, match="the camera is off"):
        model.fit_generator(failing(), 5, verbose=0, callbacks=[note], workers=workers)
    assert len(ended) == 1
    assert threading.active_count() == threads
    assert np.isfinite(model.predict(X)).all()


def test_a_callback_that_stops_in_mid_epoch_leaves_validation_out() -> None:
    model = network()

    def stop(batch: int, logs: Any) -> None:
        model.stop_training = batch == 1

    note = LambdaCallback(on_batch_end=stop)
    found = model.fit_generator(Cut(), epochs=9, verbose=0, callbacks=[note], validation_data=Cut())
    assert found.epoch == [0]
    assert set(found.history) == {"loss", "acc"}


@pytest.mark.parametrize(
    ("run", "error", "message"),
    [
        (lambda m: m.fit_generator(endless()), ValueError, "`steps_per_epoch` is needed"),
        (lambda m: m.evaluate_generator(endless()), ValueError, "`steps` is needed"),
        (lambda m: m.predict_generator(endless()), ValueError, "`steps` is needed"),
        (lambda m: m.fit_generator(X, 2), TypeError, "Sequence is expected. Received: ndarray"),
        (lambda m: m.fit_generator(endless(), 0), ValueError, "positive number. Received: 0"),
        (
            lambda m: m.fit_generator(Cut(), validation_data=endless()),
            ValueError,
            "`validation_steps` is needed",
        ),
        (lambda m: m.fit_generator(iter([X]), 1), ValueError, "Received: ndarray of 22"),
        (lambda m: m.fit_generator(iter([(X,)]), 1), ValueError, "Received: tuple of 1"),
        (lambda m: m.fit_generator(iter([3]), 1), ValueError, "yield tuples.*Received: int"),
        (lambda m: m.fit_generator(iter([(X[:, :3], Y)]), 1), ValueError, "must have shape"),
        (lambda m: m.fit(Cut(), Y), ValueError, "With batches as x.*Received: y"),
        (lambda m: m.predict_generator(iter([]), 1), ValueError, "nothing to predict"),
        (lambda m: m.fit(X, Y, validation_data=X), ValueError, "Received: ndarray"),
        (lambda m: m.fit(X, Y, validation_steps=2), ValueError, "needs `validation_data`"),
        (
            lambda m: m.fit(X, Y, validation_data=(X, Y), validation_steps=0),
            ValueError,
            "must be a positive integer. Received: validation_steps=0",
        ),
    ],
)
def test_what_does_not_fit_is_refused(run: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        run(network())


@pytest.mark.filterwarnings("ignore:The data ended")
def test_an_evaluation_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing to evaluate"):
        network().evaluate_generator(iter([]), 1)


def test_several_processes_on_a_generator_are_warned_of() -> None:
    model = network()
    with pytest.warns(UserWarning, match="each of them runs the generator"):
        model.fit_generator(endless(), 2, verbose=0, workers=2, use_multiprocessing=True)


# Side by side


def test_several_threads_predict_at_a_time() -> None:
    model = network()
    expected = model.predict(X)
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(lambda _: model.predict(X, 5), range(24)):
            np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_two_models_train_side_by_side_as_alone() -> None:
    expected = history(epochs=5)
    models = [network(), network()]
    with ThreadPoolExecutor(2) as pool:
        found = pool.map(
            lambda model: model.fit(X, Y, 8, epochs=5, shuffle=False, verbose=0).history, models
        )
        assert list(found) == [expected, expected]


@pytest.mark.parametrize("workers", [0, 1])
def test_a_sequence_without_batches_is_refused_however_it_is_read(workers: int) -> None:
    class Empty(Cut):
        def __len__(self) -> int:
            return 0

    with pytest.raises(ValueError, match="Empty has no batches"):
        network().fit_generator(Empty(), 2, verbose=0, workers=workers)
