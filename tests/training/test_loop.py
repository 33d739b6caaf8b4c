"""The loops of fit, evaluate and predict over steps that only record what they are given."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from konnx.callbacks import Callback, CSVLogger, History, LambdaCallback, TerminateOnNaN
from konnx.layers import Dense, Dropout
from konnx.models import Sequential
from konnx.training import loop
from konnx.training.sources import ArrayBatches

DATA = np.arange(10.0, dtype=np.float32)
NAMES = ["loss", "twice"]

pytestmark = pytest.mark.no_runtime


class Model:
    stop_training = True  # left over from a fit before
    history: History


class Recorder:
    """A step that returns the mean of its batch as the loss, and twice that."""

    def __init__(self) -> None:
        self.batches: list[list[float]] = []

    def __call__(self, arrays: list[np.ndarray]) -> list[np.ndarray]:
        self.batches.append(arrays[0].tolist())
        mean = arrays[0].mean()
        return [mean, 2 * mean]


class Diary(Callback):
    """Writes down each call, and stops where it is told to."""

    def __init__(self, stop_at: tuple[Any, ...] = ()) -> None:
        super().__init__()
        self.events: list[tuple[Any, ...]] = []
        self.logs: list[dict[str, Any]] = []
        self.stop_at = stop_at

    def note(self, *event: Any, logs: dict[str, Any] | None) -> None:
        self.events.append(event)
        self.logs.append(dict(logs or {}))
        if event == self.stop_at:
            self.model.stop_training = True

    def on_train_begin(self, logs: Any = None) -> None:
        self.note("train begins", logs=logs)

    def on_train_end(self, logs: Any = None) -> None:
        self.note("train ends", logs=logs)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.note("epoch begins", epoch, logs=logs)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.note("epoch ends", epoch, logs=logs)

    def on_batch_begin(self, batch: int, logs: Any = None) -> None:
        self.note("batch begins", batch, logs=logs)

    def on_batch_end(self, batch: int, logs: Any = None) -> None:
        self.note("batch ends", batch, logs=logs)


def fit(step: Any = None, **options: Any) -> History:
    options = {"epochs": 1, "verbose": 0, **options}
    model = options.pop("model", None) or Model()
    cut = {"batch_size": options.pop("batch_size", 4), "shuffle": options.pop("shuffle", False)}
    source = ArrayBatches([DATA], step or Recorder(), **cut)
    return loop.fit(model, source, NAMES, **options)


def validation_on(data: np.ndarray, step: Recorder | None = None) -> loop.Validation:
    source = ArrayBatches([data], step or Recorder(), 4)
    return loop.Validation(lambda: loop.evaluate(source, NAMES, loop.Sums()), [data])


def evaluated(batch_size: int, verbose: int = 0) -> list[float]:
    source = ArrayBatches([DATA], Recorder(), batch_size)
    return loop.evaluate(source, NAMES, loop.Sums(), verbose)


def batches(**options: Any) -> list[list[float]]:
    step = Recorder()
    fit(step, **options)
    return step.batches


def test_batches_come_in_order_and_the_last_may_be_smaller() -> None:
    assert batches() == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]


def test_a_batch_size_beyond_the_data_is_one_batch() -> None:
    assert batches(batch_size=32) == [DATA.tolist()]


def test_shuffling_mixes_all_samples_anew_in_each_epoch() -> None:
    np.random.seed(0)  # noqa: NPY002 - the generator that rules konnx
    seen = batches(shuffle=True, epochs=2)
    first, second = ([x for batch in part for x in batch] for part in (seen[:3], seen[3:]))
    assert sorted(first) == sorted(second) == DATA.tolist()
    assert first != second
    assert first != DATA.tolist()


def test_shuffling_batches_keeps_each_together_and_the_rest_at_the_end() -> None:
    orders = set()
    for seed in range(5):
        np.random.seed(seed)  # noqa: NPY002 - as above
        *whole, rest = batches(shuffle="batch", batch_size=3)
        assert rest == [9]
        assert sorted(whole) == [[0, 1, 2], [3, 4, 5], [6, 7, 8]]
        orders.add(str(whole))
    assert len(orders) > 1


def test_the_seed_of_numpy_rules_the_order() -> None:
    orders = []
    for _ in range(2):
        np.random.seed(7)  # noqa: NPY002 - as above
        orders.append(batches(shuffle=True, epochs=3))
    assert orders[0] == orders[1]


def test_history_holds_means_weighted_by_batch_sizes() -> None:
    history = fit(epochs=2)
    assert history.epoch == [0, 1]
    assert history.history == {
        "loss": pytest.approx([4.5, 4.5]),
        "twice": pytest.approx([9.0, 9.0]),
    }


def test_history_holds_validation_with_a_prefix() -> None:
    step = Recorder()
    validation = validation_on(DATA[:5] + 10, step)
    history = fit(epochs=2, validation=validation).history
    assert set(history) == {"loss", "twice", "val_loss", "val_twice"}
    assert history["val_loss"] == pytest.approx([12.0, 12.0])
    assert step.batches == [[10, 11, 12, 13], [14]] * 2


def test_a_fit_can_go_on_from_a_later_epoch() -> None:
    assert fit(epochs=5, initial_epoch=3).epoch == [3, 4]
    assert fit(epochs=3, initial_epoch=3).epoch == []


def test_callbacks_hear_everything_in_order() -> None:
    diary = Diary()
    fit(callbacks=[diary], batch_size=5, epochs=2, initial_epoch=1)
    assert diary.events == [
        ("train begins",),
        ("epoch begins", 1),
        ("batch begins", 0),
        ("batch ends", 0),
        ("batch begins", 1),
        ("batch ends", 1),
        ("epoch ends", 1),
        ("train ends",),
    ]


def test_logs_tell_of_the_batch_and_of_the_epoch() -> None:
    diary = Diary()
    fit(callbacks=[diary], validation=validation_on(DATA))
    logs = dict(zip(diary.events, diary.logs, strict=True))
    assert logs["batch begins", 2] == {"batch": 2, "size": 2}
    assert logs["batch ends", 2] == {"batch": 2, "size": 2, "loss": 8.5, "twice": 17.0}
    assert logs["epoch ends", 0] == pytest.approx(
        {"loss": 4.5, "twice": 9.0, "val_loss": 4.5, "val_twice": 9.0}
    )


def test_callbacks_run_in_the_order_given_and_before_history() -> None:
    class Marker(Callback):
        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

        def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
            assert logs is not None
            logs["order"] = f"{logs.get('order', '')}{self.name}"

    history = fit(callbacks=[Marker("a"), Marker("b")])
    assert history.history["order"] == ["ab"]


def test_params_describe_the_fit() -> None:
    diary = Diary()
    fit(callbacks=[diary], epochs=3, validation=validation_on(DATA))
    assert diary.params == {
        "batch_size": 4,
        "epochs": 3,
        "steps": 3,
        "samples": 10,
        "verbose": 0,
        "do_validation": True,
        "metrics": ["loss", "twice", "val_loss", "val_twice"],
    }


def test_the_model_knows_its_history_and_starts_unstopped() -> None:
    model = Model()
    history = fit(model=model)
    assert model.history is history
    assert history.epoch == [0]


@pytest.mark.parametrize(
    ("stop_at", "last"),
    [
        (("batch ends", 0), [("batch ends", 0), ("epoch ends", 0), ("train ends",)]),
        (("epoch ends", 0), [("batch ends", 2), ("epoch ends", 0), ("train ends",)]),
    ],
)
def test_a_callback_can_stop_the_fit(stop_at: tuple[Any, ...], last: list[Any]) -> None:
    diary = Diary(stop_at)
    history = fit(callbacks=[diary], epochs=5)
    assert diary.events[-3:] == last
    assert history.epoch == [0]


def test_callbacks_can_look_at_the_data_of_validation() -> None:
    callback = Callback()
    fit(callbacks=[callback], validation=validation_on(DATA))
    assert callback.validation_data == [DATA]
    fit(callbacks=[callback])
    assert callback.validation_data is None


@pytest.mark.parametrize("event", ["on_epoch_begin", "on_batch_begin", "on_batch_end"])
def test_a_callback_that_raises_ends_the_fit_and_files_are_closed(
    event: str, tmp_path: Path
) -> None:
    def fail(number: int, logs: Any) -> None:
        if number == 1:
            raise OSError("the disk is full")

    table, step = CSVLogger(tmp_path / "log.csv"), Recorder()
    with pytest.raises(OSError, match="the disk is full"):
        fit(step, epochs=3, callbacks=[table, LambdaCallback(**{event: fail})])
    assert table.csv_file is None
    assert len(step.batches) == {"on_epoch_begin": 3, "on_batch_begin": 1, "on_batch_end": 2}[event]


def test_a_step_that_raises_ends_the_fit_and_files_are_closed(tmp_path: Path) -> None:
    def step(arrays: list[np.ndarray]) -> list[Any]:
        raise MemoryError("no room")

    table = CSVLogger(tmp_path / "log.csv")
    with pytest.raises(MemoryError):
        fit(step, callbacks=[table])
    assert table.csv_file is None


def test_a_nan_loss_warns_for_each_batch_and_goes_on() -> None:
    def step(arrays: list[np.ndarray]) -> list[Any]:
        return [float("nan") if 4 in arrays[0] else 1.0, 0.0]

    with pytest.warns(RuntimeWarning) as caught:
        history = fit(step, epochs=2)
    messages = [str(warning.message) for warning in caught]
    assert [message.partition(". ")[0] for message in messages] == [
        "The loss is NaN in epoch 1, batch 1",
        "The loss is NaN in epoch 2, batch 1",
    ]
    assert len(history.epoch) == 2


@pytest.mark.filterwarnings("ignore:The loss is NaN:RuntimeWarning")
@pytest.mark.parametrize("loss", [float("nan"), float("inf")])
def test_terminate_on_nan_ends_the_fit(loss: float, capsys: pytest.CaptureFixture[str]) -> None:
    step = Recorder()

    def broken(arrays: list[np.ndarray]) -> list[Any]:
        step(arrays)
        return [loss if 4 in arrays[0] else 1.0, 0.0]

    history = fit(broken, epochs=3, callbacks=[TerminateOnNaN()])
    assert len(step.batches) == 2
    assert history.epoch == [0]
    assert capsys.readouterr().out == f"Batch 1: the loss is {loss}, training ends\n"


# What is shown


def test_a_silent_fit_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    fit(epochs=2)
    evaluated(4)
    loop.predict(lambda arrays: arrays, [DATA], 4)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("verbose", "pattern"),
    [
        (
            1,
            r"10/10 \[=+\] - \d+s \d+[mu]?s/step - loss: 4.5000 - twice: 9.0000 - val_loss: 1.5000",
        ),
        (2, r" - \d+s - loss: 4.5000 - twice: 9.0000 - val_loss: 1.5000 - val_twice: 3.0000"),
    ],
)
def test_each_epoch_ends_in_one_line_with_all_values(
    verbose: int, pattern: str, capsys: pytest.CaptureFixture[str]
) -> None:
    validation = validation_on(DATA[:4])
    fit(epochs=2, verbose=verbose, validation=validation)
    lines = capsys.readouterr().out.splitlines()
    assert lines[::2] == ["Epoch 1/2", "Epoch 2/2"]
    assert all(re.match(pattern, line) for line in lines[1::2])


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        (lambda: evaluated(4, verbose=1), "10/10 ["),
        (lambda: loop.predict(lambda arrays: arrays, [DATA], 4, verbose=1), "10/10 ["),
        (lambda: loop.predict(lambda arrays: arrays, [DATA], 40, verbose=1), "10/10 ["),
    ],
)
def test_evaluate_and_predict_can_show_a_bar(
    run: Any, expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run()
    out = capsys.readouterr().out
    assert out.startswith(expected)
    assert out.count("\n") == 1


# Evaluate and predict


@pytest.mark.parametrize("batch_size", [1, 3, 4, 10, 99])
def test_evaluate_weights_batches_by_their_size(batch_size: int) -> None:
    assert evaluated(batch_size) == pytest.approx([4.5, 9.0])


@pytest.mark.parametrize("batch_size", [1, 3, 10, 99])
def test_predict_joins_batches_and_keeps_dtypes(batch_size: int) -> None:
    def step(arrays: list[np.ndarray]) -> list[np.ndarray]:
        (x,) = arrays
        return [x * 2, x.astype(np.int64)[:, None] * np.ones((1, 3), np.int64)]

    doubled, numbers = loop.predict(step, [DATA], batch_size)
    np.testing.assert_array_equal(doubled, DATA * 2)
    assert (doubled.dtype, numbers.dtype) == (np.float32, np.int64)
    np.testing.assert_array_equal(numbers, np.tile(np.arange(10)[:, None], (1, 3)))


# With a model


def train_from_seed() -> tuple[dict[str, list[float]], list[np.ndarray]]:
    np.random.seed(11)  # noqa: NPY002 - as above
    model = Sequential([Dense(8, activation="relu", input_shape=(4,)), Dropout(0.5), Dense(2)])
    model.compile("adam", "mse")
    x = np.random.uniform(size=(20, 4))  # noqa: NPY002 - as above
    history = model.fit(x, x[:, :2], batch_size=8, epochs=3, verbose=0)
    return history.history, model.get_weights()


@pytest.mark.training
def test_a_fit_from_a_seed_repeats_bit_for_bit() -> None:
    pytest.importorskip("onnxruntime")
    (first, weights), (second, again) = train_from_seed(), train_from_seed()
    assert first == second
    for one, other in zip(weights, again, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.training
def test_a_callback_that_raises_leaves_the_weights_of_the_last_step() -> None:
    pytest.importorskip("onnxruntime")
    model = Sequential([Dense(1, input_shape=(4,))])
    model.compile("adam", "mse")
    x = np.ones((8, 4), np.float32)
    weights: list[list[np.ndarray]] = [model.get_weights()]

    def fail(batch: int, logs: Any) -> None:
        weights.append(model.get_weights())
        if batch == 2:
            raise OSError("the disk is full")

    callbacks = [LambdaCallback(on_batch_end=fail)]
    with pytest.raises(OSError, match="the disk is full"):
        model.fit(x, x[:, :1], batch_size=2, epochs=2, verbose=0, callbacks=callbacks)
    assert len(weights) == 4
    assert not np.array_equal(weights[-1][0], weights[-2][0])
    for kept, last in zip(model.get_weights(), weights[-1], strict=True):
        np.testing.assert_array_equal(kept, last)
    assert model.fit(x, x[:, :1], verbose=0).epoch == [0]  # and can be trained on
