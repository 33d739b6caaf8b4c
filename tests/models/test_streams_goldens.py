"""Fits on generators, compared with what Keras 2.1.6 computed on the same uneven batches."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from konnx.callbacks import LambdaCallback
from konnx.layers import Dense
from konnx.models import Sequential
from konnx.optimizers import SGD

pytestmark = pytest.mark.training

GOLDENS = dict(np.load(Path(__file__).parents[1] / "goldens" / "streams.npz"))
X, Y, WEIGHTS = GOLDENS["x"], GOLDENS["y"], GOLDENS["weights"]
NAMES = ("loss", "acc", "val_loss", "val_acc")


def network() -> Sequential:
    model = Sequential([Dense(1, activation="sigmoid", input_shape=(4,))])
    model.compile(SGD(lr=0.5), "binary_crossentropy", metrics=["acc"])
    model.set_weights([GOLDENS["kernel"], GOLDENS["bias"]])
    return model


def batches(*arrays: np.ndarray) -> Iterator[Any]:
    while True:
        for start in range(0, len(X), 8):
            yield tuple(one[start : start + 8] for one in arrays)


@pytest.mark.parametrize("workers", [0, 1])
@pytest.mark.parametrize("case", ["plain", "sample_weight", "class_weight"])
def test_generators_give_the_numbers_of_keras(case: str, workers: int) -> None:
    model = network()
    arrays = (X, Y, WEIGHTS) if case == "sample_weight" else (X, Y)
    history = model.fit_generator(
        batches(*arrays),
        3,
        epochs=2,
        verbose=0,
        validation_data=batches(*arrays),
        validation_steps=3,
        class_weight={0: 1.0, 1: 3.0} if case == "class_weight" else None,
        workers=workers,
    ).history
    for name in NAMES:
        np.testing.assert_allclose(history[name], GOLDENS[f"{case}/{name}"], 1e-5, err_msg=name)
    evaluated = model.evaluate_generator(batches(*arrays), 3, workers=workers)
    np.testing.assert_allclose(evaluated, GOLDENS[f"{case}/evaluated"], 1e-5)
    predicted = model.predict_generator(batches(X, Y), 3, workers=workers)
    np.testing.assert_allclose(predicted, GOLDENS[f"{case}/predicted"], 1e-5)


def test_a_fit_stopped_in_mid_epoch_keeps_what_keras_keeps() -> None:
    model = network()

    def stop(batch: int, _: Any) -> None:
        model.stop_training = batch == 1

    told = LambdaCallback(on_batch_end=stop)
    options = {"batch_size": 8, "epochs": 2, "verbose": 0, "shuffle": False}
    history = model.fit(X, Y, validation_data=(X, Y), callbacks=[told], **options).history
    assert sorted(history) == GOLDENS["stopped/names"].tolist()
    np.testing.assert_allclose([history["loss"], history["acc"]], GOLDENS["stopped"], 1e-5)
