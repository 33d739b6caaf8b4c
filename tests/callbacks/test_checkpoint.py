"""When ModelCheckpoint saves what, under which name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from konnx.callbacks import ModelCheckpoint
from konnx.layers import Dense
from konnx.models import Sequential, load_model


class Files:
    """A model that writes down what it is told to save."""

    def __init__(self) -> None:
        self.saved: list[tuple[str, ...]] = []

    def save(self, filepath: str, overwrite: bool) -> None:
        assert overwrite
        self.saved.append(("model", filepath))

    def save_weights(self, filepath: str, overwrite: bool) -> None:
        assert overwrite
        self.saved.append(("weights", filepath))


def saved(filepath: Any, losses: list[float], **options: Any) -> list[tuple[str, ...]]:
    callback = ModelCheckpoint(filepath, monitor="loss", **options)
    callback.set_model(Files())
    for epoch, loss in enumerate(losses):
        callback.on_epoch_end(epoch, {"loss": loss, "acc": 1 - loss})
    files: list[tuple[str, ...]] = callback.model.saved
    return files


@pytest.mark.no_runtime
def test_each_epoch_fills_its_number_from_1_and_its_values_into_the_name() -> None:
    assert saved("w.{epoch:02d}-{loss:.2f}-{acc:.1f}.h5", [0.5, 0.25]) == [
        ("model", "w.01-0.50-0.5.h5"),
        ("model", "w.02-0.25-0.8.h5"),
    ]


@pytest.mark.no_runtime
def test_the_name_may_be_a_path() -> None:
    assert saved(Path("folder") / "m.h5", [1.0]) == [("model", str(Path("folder/m.h5")))]


@pytest.mark.no_runtime
def test_weights_can_be_saved_alone() -> None:
    assert saved("w.h5", [1.0], save_weights_only=True) == [("weights", "w.h5")]


@pytest.mark.no_runtime
@pytest.mark.parametrize(
    ("options", "epochs"),
    [
        ({}, "123456"),
        ({"period": 2}, "246"),
        ({"save_best_only": True}, "134"),
        ({"save_best_only": True, "mode": "max"}, "125"),
        ({"save_best_only": True, "period": 2}, "24"),
    ],
)
def test_the_epochs_that_are_saved(options: dict[str, Any], epochs: str) -> None:
    losses = [0.5, 0.7, 0.4, 0.2, 0.9, float("nan")]
    assert "".join(name for _, name in saved("{epoch}", losses, **options)) == epochs


@pytest.mark.no_runtime
def test_verbose_tells_of_each_epoch(capsys: pytest.CaptureFixture[str]) -> None:
    saved("w{epoch}", [0.5], verbose=1)
    saved("w{epoch}", [0.5, 0.6], verbose=1, save_best_only=True)
    assert capsys.readouterr().out.split("\n")[1::2] == [
        "Epoch 00001: saving model to w1",
        "Epoch 00001: loss improved from inf to 0.50000, saving model to w1",
        "Epoch 00002: loss did not improve from 0.50000",
    ]


@pytest.mark.no_runtime
def test_a_value_that_is_not_monitored_warns_and_nothing_is_saved() -> None:
    callback = ModelCheckpoint("w", save_best_only=True)
    callback.set_model(Files())
    expected = "`ModelCheckpoint` needs the value 'val_loss'.*There are: loss, acc.*validation_data"
    with pytest.warns(RuntimeWarning, match=expected):
        callback.on_epoch_end(0, {"loss": 1.0, "acc": 0.5})
    assert callback.model.saved == []


@pytest.mark.no_runtime
def test_a_name_with_an_unknown_value_lists_those_there_are() -> None:
    with pytest.raises(KeyError, match="'val_loss'.*There are: epoch, loss, acc"):
        saved("w-{val_loss}.h5", [1.0])


def test_the_best_model_of_a_fit_can_be_loaded(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    model = Sequential([Dense(1, input_shape=(2,))])
    model.compile("sgd", "mse")
    x = np.ones((4, 2), np.float32)
    keep = ModelCheckpoint(tmp_path / "best.{epoch:02d}.h5", monitor="loss", save_best_only=True)
    model.fit(x, x[:, :1], epochs=2, verbose=0, callbacks=[keep])
    assert sorted(file.name for file in tmp_path.iterdir()) == ["best.01.h5", "best.02.h5"]
    loaded = load_model(tmp_path / "best.02.h5")
    np.testing.assert_array_equal(loaded.predict(x), model.predict(x))
