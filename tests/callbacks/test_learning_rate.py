"""What the callbacks that change the learning rate set, and when."""

from __future__ import annotations

from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from konnx.callbacks import Callback, History, LearningRateScheduler, ReduceLROnPlateau
from konnx.layers import Dense
from konnx.models import Sequential
from konnx.optimizers import SGD

NAN = float("nan")


def attached(callback: Any, lr: float = 1.0) -> Any:
    callback.set_model(SimpleNamespace(optimizer=SGD(lr=lr)))
    callback.on_train_begin()
    return callback


def rate(callback: Callback) -> float:
    return float(callback.model.optimizer.lr.numpy())


def positional(epoch: int, current: float) -> float:
    return current / (epoch + 2)


# LearningRateScheduler


@pytest.mark.no_runtime
@pytest.mark.parametrize(
    ("schedule", "rates"),
    [
        (lambda epoch: 1.0 / (epoch + 1), [1, 1 / 2, 1 / 3]),
        (lambda epoch, lr: lr / 2, [1 / 2, 1 / 4, 1 / 8]),
        (lambda epoch, lr=9.0: lr / 2, [1 / 2, 1 / 4, 1 / 8]),
        (lambda epoch, step=4.0: step, [4, 4, 4]),
        (positional, [1 / 2, 1 / 6, 1 / 24]),
        (partial(positional, current=1.0), [1 / 2, 1 / 3, 1 / 4]),
        (lambda epoch: np.float32(epoch), [0, 1, 2]),
        ({0: 3.0, 1: 2.0, 2: 1.0}.__getitem__, [3, 2, 1]),
    ],
)
def test_a_schedule_takes_the_epoch_and_if_it_can_the_rate(
    schedule: Any, rates: list[float]
) -> None:
    callback = attached(LearningRateScheduler(schedule))
    found = []
    for epoch in range(3):
        callback.on_epoch_begin(epoch)
        found.append(rate(callback))
    assert found == pytest.approx(rates)


@pytest.mark.no_runtime
@pytest.mark.parametrize("value", [1, None, "0.1", [0.1]])
def test_a_schedule_must_return_a_float(value: Any) -> None:
    callback = attached(LearningRateScheduler(lambda epoch: value))
    with pytest.raises(ValueError, match="must return a float. Received: .* for epoch 4"):
        callback.on_epoch_begin(4)


@pytest.mark.no_runtime
@pytest.mark.parametrize("value", [-0.1, NAN])
def test_a_rate_that_is_none_is_refused_and_the_old_one_stays(value: float) -> None:
    callback = attached(LearningRateScheduler(lambda epoch: value))
    with pytest.raises(ValueError, match="`lr` must be a number, 0 or more"):
        callback.on_epoch_begin(0)
    assert rate(callback) == 1.0


@pytest.mark.no_runtime
def test_an_error_inside_a_schedule_is_not_hidden() -> None:
    def schedule(epoch: int, lr: float) -> float:
        raise TypeError("its own")

    with pytest.raises(TypeError, match="its own"):
        attached(LearningRateScheduler(schedule)).on_epoch_begin(0)


@pytest.mark.no_runtime
def test_a_scheduler_tells_of_each_rate(capsys: pytest.CaptureFixture[str]) -> None:
    attached(LearningRateScheduler(lambda epoch: 0.25, verbose=1)).on_epoch_begin(2)
    expected = "\nEpoch 00003: LearningRateScheduler sets the learning rate to 0.25.\n"
    assert capsys.readouterr().out == expected


@pytest.mark.no_runtime
@pytest.mark.parametrize(
    ("callback", "event"),
    [
        (LearningRateScheduler(lambda epoch: 0.1), "on_epoch_begin"),
        (ReduceLROnPlateau("loss"), "on_epoch_end"),
    ],
)
def test_an_optimizer_without_a_rate_is_named(callback: Callback, event: str) -> None:
    callback.set_model(SimpleNamespace(optimizer=object()))
    with pytest.raises(ValueError, match="needs an optimizer with .*`lr`. Received: object"):
        getattr(callback, event)(0, {"loss": 1.0})


# ReduceLROnPlateau


def rates(values: list[float], callback: Any) -> list[float]:
    found = []
    for epoch, value in enumerate(values):
        callback.on_epoch_end(epoch, {"loss": value})
        found.append(rate(callback))
    return found


@pytest.mark.no_runtime
@pytest.mark.parametrize(
    ("values", "options", "expected"),
    [
        ([3, 2, 1], {"patience": 1}, [1, 1, 1]),
        ([1, 1, 1, 1], {"patience": 1}, [1, 0.5, 0.25, 0.125]),
        ([1, 1, 1, 1], {"patience": 2}, [1, 1, 0.5, 0.5]),
        ([1, 1, 1, 1], {"patience": 1, "min_lr": 0.3}, [1, 0.5, 0.3, 0.3]),
        ([1, 1, 1, 1], {"patience": 1, "min_lr": 0.5}, [1, 0.5, 0.5, 0.5]),
        ([1, 1, 1, 1, 1], {"patience": 1, "cooldown": 2}, [1, 0.5, 0.5, 0.25, 0.25]),
        ([1, 0.99995, 0.9998], {"patience": 1}, [1, 0.5, 0.5]),
        ([1, 0.9, 0.8], {"patience": 1, "min_delta": 0.15}, [1, 0.5, 0.5]),
        ([1, 2, 3], {"patience": 1, "mode": "max"}, [1, 1, 1]),
        ([1, 1.1, 1.3], {"patience": 1, "mode": "max", "min_delta": 0.2}, [1, 0.5, 0.5]),
        ([1, NAN, 0.5], {"patience": 1}, [1, 0.5, 0.5]),
    ],
)
def test_a_plateau_reduces_the_rate(
    values: list[float], options: dict[str, Any], expected: list[float]
) -> None:
    callback = attached(ReduceLROnPlateau("loss", factor=0.5, **options))
    assert rates(values, callback) == pytest.approx(expected)


@pytest.mark.no_runtime
def test_a_new_fit_starts_anew_with_the_rate_there_is() -> None:
    callback = attached(ReduceLROnPlateau("loss", factor=0.5, patience=1))
    assert rates([1, 1], callback) == [1, 0.5]
    callback.on_train_begin()
    assert rates([7, 7], callback) == [0.5, 0.25]


@pytest.mark.no_runtime
def test_the_logs_hold_the_rate_before_a_reduction() -> None:
    callback = attached(ReduceLROnPlateau("loss", patience=0, factor=0.5))
    logs: list[dict[str, Any]] = [{"loss": 1.0}, {"loss": 1.0}, {"loss": 1.0}]
    for epoch, one in enumerate(logs):
        callback.on_epoch_end(epoch, one)
    assert [one["lr"] for one in logs] == [1.0, 1.0, 0.5]


@pytest.mark.no_runtime
def test_a_reduction_can_be_told(capsys: pytest.CaptureFixture[str]) -> None:
    rates([1, 1], attached(ReduceLROnPlateau("loss", factor=0.5, patience=1, verbose=1)))
    expected = "\nEpoch 00002: ReduceLROnPlateau reduces the learning rate to 0.5.\n"
    assert capsys.readouterr().out == expected


@pytest.mark.no_runtime
def test_a_factor_that_does_not_reduce_is_refused() -> None:
    with pytest.raises(ValueError, match="`factor` must be less than 1. Received: factor=1.0"):
        ReduceLROnPlateau(factor=1.0)


@pytest.mark.no_runtime
def test_epsilon_is_min_delta_with_a_warning() -> None:
    with pytest.warns(UserWarning, match="`epsilon` is the old name of `min_delta`"):
        callback = ReduceLROnPlateau(epsilon=0.5)
    assert callback.min_delta == 0.5


@pytest.mark.no_runtime
def test_a_value_that_there_is_not_warns() -> None:
    callback = attached(ReduceLROnPlateau())
    with pytest.warns(RuntimeWarning, match="'val_loss'.*There are: loss, lr"):
        callback.on_epoch_end(0, {"loss": 1.0})


# In a fit


def one_step(lr: float, **options: Any) -> tuple[np.ndarray, History]:
    model = Sequential([Dense(1, kernel_initializer="zeros", input_shape=(2,))])
    model.compile(SGD(lr=lr), "mse")
    x = np.ones((4, 2), np.float32)
    history = model.fit(x, x[:, :1], verbose=0, **options)
    weights: np.ndarray = model.get_weights()[0]
    return weights, history


def test_a_fit_steps_with_the_scheduled_rate() -> None:
    pytest.importorskip("onnxruntime")
    scheduled, _ = one_step(0.5, callbacks=[LearningRateScheduler(lambda epoch: 0.125)])
    plain, _ = one_step(0.125)
    np.testing.assert_array_equal(scheduled, plain)
    assert np.abs(plain).max() > 0


def test_history_tells_the_rates_of_a_fit() -> None:
    pytest.importorskip("onnxruntime")
    reduce = ReduceLROnPlateau("loss", factor=0.5, patience=0, min_delta=9.0)
    _, history = one_step(0.5, epochs=3, callbacks=[reduce])
    assert history.history["lr"] == [0.5, 0.5, 0.25]
