"""What the tests run in each process: trains, and writes what the first process finds."""

from __future__ import annotations

import os
import signal
import sys

import numpy as np

from konnx import distributed
from konnx.layers import Dense
from konnx.models import Sequential
from konnx.optimizers import Adam

STEPS, SAMPLES = 20, 22  # the last batch is smaller than the others


def build(seed: int) -> Sequential:
    np.random.seed(seed)  # noqa: NPY002
    hidden = Dense(8, activation="tanh", kernel_regularizer="l2", input_shape=(5,))
    model = Sequential([hidden, Dense(3, activation="softmax")])
    model.compile(Adam(0.01, clipnorm=1.0), "sparse_categorical_crossentropy", metrics=["acc"])
    return model


def data() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.RandomState(0)
    return random.normal(size=(SAMPLES, 5)).astype("float32"), random.randint(0, 3, SAMPLES)


def fit(model: Sequential) -> dict[str, np.ndarray]:
    x, y = data()
    history = model.fit(x, y, batch_size=6, epochs=STEPS // 4, shuffle=False, verbose=0).history
    arrays = {f"weight_{i}": array for i, array in enumerate(model.get_weights())}
    return {**arrays, "loss": np.array(history["loss"]), "acc": np.array(history["acc"])}


def main(path: str, end: str) -> None:
    rank = distributed.rank()
    model = distributed.distribute(build(seed=rank))
    if end == "kill" and rank == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    if end == "raise" and rank == 1:
        raise RuntimeError("this process has an error")
    found = fit(model)
    np.savez(f"{path}_{rank}.npz", **found)


if __name__ == "__main__":
    main(*sys.argv[1:])
