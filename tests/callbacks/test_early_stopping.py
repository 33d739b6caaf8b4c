"""When EarlyStopping ends a fit, and with which weights."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from konnx.callbacks import EarlyStopping, LambdaCallback
from konnx.layers import Dense
from konnx.models import Sequential

NAN = float("nan")


class Model(SimpleNamespace):
    """Its weights are the number of the epoch."""

    def get_weights(self) -> int:
        return int(self.weights)

    def set_weights(self, weights: int) -> None:
        self.weights = weights


def run(values: list[float], callback: EarlyStopping) -> tuple[int, int]:
    """Return the number of epochs, and the weights, that are left by a fit with these values."""
    callback.set_model(Model(stop_training=False, weights=-1))
    callback.on_train_begin()
    epoch = -1
    for epoch, value in enumerate(values):
        callback.model.weights = epoch
        callback.on_epoch_end(epoch, {callback.monitor: value})
        if callback.model.stop_training:
            break
    callback.on_train_end()
    return epoch + 1, callback.model.weights


@pytest.mark.no_runtime
@pytest.mark.parametrize(
    ("values", "options", "epochs"),
    [
        ([5, 4, 3, 2], {}, 4),
        ([5, 4, 4, 2], {}, 3),
        ([5, 4, 6, 3, 6, 6], {"patience": 1}, 3),
        ([5, 4, 6, 3, 6, 6], {"patience": 2}, 6),
        ([5, 4.5, 4.1, 3], {"min_delta": 0.5, "patience": 2}, 4),
        ([5, 4.5, 4.1, 3], {"min_delta": 0.5}, 2),
        ([1, 2, 1, 3], {"mode": "max"}, 3),
        ([1, 1.3, 2], {"mode": "max", "min_delta": 0.5}, 2),
        ([5, NAN, 4], {}, 2),
        ([NAN, NAN, NAN], {"patience": 2}, 2),
        ([5, 4, 3, 0], {"baseline": 2, "patience": 3}, 3),
        ([5, 4, 1, 3, 0], {"baseline": 2, "patience": 3}, 5),
    ],
)
def test_a_fit_ends_when_patience_does(
    values: list[float], options: dict[str, Any], epochs: int
) -> None:
    assert run(values, EarlyStopping("loss", **options))[0] == epochs


@pytest.mark.no_runtime
@pytest.mark.parametrize(
    ("values", "options", "weights"),
    [
        ([5, 4, 6, 7], {}, 1),
        ([1, 3, 2, 2], {"mode": "max"}, 1),
        ([5, 4, 3, 2], {}, 3),
        ([NAN, NAN], {}, 0),
        ([NAN, 3, 4, 5], {}, 1),
        ([5, 3], {"baseline": 1}, 1),
        ([3, 5], {"baseline": 1}, 0),
    ],
)
def test_the_weights_of_the_best_epoch_can_be_restored(
    values: list[float], options: dict[str, Any], weights: int
) -> None:
    callback = EarlyStopping("loss", patience=2, restore_best_weights=True, **options)
    assert run(values, callback)[1] == weights


@pytest.mark.no_runtime
def test_an_instance_serves_several_fits() -> None:
    callback = EarlyStopping("loss")
    assert [run([2, 1, 1, 0], callback)[0] for _ in range(2)] == [3, 3]


@pytest.mark.no_runtime
def test_verbose_tells_of_an_early_end(capsys: pytest.CaptureFixture[str]) -> None:
    run([1, 0], EarlyStopping("loss", verbose=1))
    assert capsys.readouterr().out == ""
    run([1, 2], EarlyStopping("loss", verbose=1))
    assert capsys.readouterr().out == "Epoch 00002: early stopping\n"
    run([1, 2], EarlyStopping("loss", verbose=1, restore_best_weights=True))
    assert "Epoch 00002: restoring the weights of the best epoch\n" in capsys.readouterr().out


@pytest.mark.no_runtime
def test_a_value_that_there_is_not_warns_with_those_there_are() -> None:
    callback = EarlyStopping("val_acc")
    callback.set_model(Model(stop_training=False))
    with pytest.warns(RuntimeWarning, match="'val_acc'.*There are: loss, val_loss.$"):
        callback.on_epoch_end(0, {"loss": 1.0, "val_loss": 1.0})
    assert not callback.model.stop_training


def test_a_fit_that_grows_worse_ends_with_its_best_weights() -> None:
    pytest.importorskip("onnxruntime")
    model = Sequential([Dense(1, input_shape=(2,))])
    model.compile("sgd", "mse")
    weights: list[list[np.ndarray]] = []
    log = LambdaCallback(on_epoch_end=lambda epoch, logs: weights.append(model.get_weights()))
    grow = LambdaCallback(on_epoch_end=lambda epoch, logs: logs.update(own=[3, 1, 2, 4][epoch]))
    stop = EarlyStopping("own", patience=2, restore_best_weights=True)
    x = np.ones((4, 2), np.float32)
    model.fit(x, x[:, :1], epochs=9, verbose=0, callbacks=[log, grow, stop])
    assert len(weights) == 4
    assert not np.array_equal(weights[1][0], weights[3][0])
    for one, kept in zip(weights[1], model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, kept)
