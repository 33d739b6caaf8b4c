"""A fit that keeps a backup; run as a program it is killed: FOLDER CASE EPOCH BATCH."""
# ruff: noqa: NPY002 - the generator that Keras scripts seed

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

import numpy as np

from konnx.callbacks import (
    BackupAndRestore,
    CSVLogger,
    EarlyStopping,
    LambdaCallback,
    ModelCheckpoint,
    ReduceLROnPlateau,
)
from konnx.layers import BatchNormalization, Dense, Dropout
from konnx.metrics import binary_accuracy
from konnx.models import Sequential
from konnx.optimizers import Adam
from konnx.utils import Sequence

CASES: dict[str, dict[str, Any]] = {
    "epochs": {},
    "batches": {"save_freq": 3},
    "batch shuffle": {"save_freq": 4, "shuffle": "batch"},
    "endless": {"save_freq": 3, "steps_per_epoch": 4},
    "sequence": {"save_freq": 3, "stream": "sequence"},
    "generator": {"save_freq": 3, "stream": "generator"},
}


class Batches(Sequence):
    def __init__(self, x: np.ndarray, y: np.ndarray) -> None:
        self.x, self.y = x, y

    def __len__(self) -> int:
        return len(self.x) // 8

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        return self.x[8 * index : 8 * index + 8], self.y[8 * index : 8 * index + 8]


def generate(x: np.ndarray, y: np.ndarray) -> Any:
    while True:
        chosen = np.random.randint(0, len(x), 8)
        yield x[chosen], y[chosen]


def train(folder: str, case: str, kill_at: tuple[int, int] | None = None) -> dict[str, Any]:
    """Train with a backup in a folder; returns all that came of it."""
    options = {"shuffle": True, **CASES[case]}
    backup = BackupAndRestore(f"{folder}/backup", options.pop("save_freq", "epoch"))
    stream = options.pop("stream", None)
    np.random.seed(1)
    x = np.random.normal(size=(46, 5)).astype("float32")
    y = (x.sum(axis=1, keepdims=True) > 0).astype("float32")
    model = Sequential([
        Dense(6, activation="relu", input_shape=(5,)), BatchNormalization(), Dropout(0.3),
        Dense(1, activation="sigmoid"),
    ])  # fmt: skip
    model.compile(Adam(0.02, decay=0.01), "binary_crossentropy", metrics=[binary_accuracy])
    place = [-1]

    def kill(batch: int, logs: Any) -> None:
        if (place[0], batch) == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    plateau = ReduceLROnPlateau("loss", factor=0.5, patience=1, min_delta=0.05)
    stop = EarlyStopping("val_loss", patience=2, min_delta=0.2, restore_best_weights=True)
    best = ModelCheckpoint(f"{folder}/best.h5", "val_loss", save_best_only=True)
    callbacks = [
        backup, CSVLogger(f"{folder}/log.csv"), plateau, stop, best,
        LambdaCallback(
            on_epoch_begin=lambda epoch, logs: place.__setitem__(0, epoch), on_batch_begin=kill
        ),
    ]  # fmt: skip
    common = {"epochs": 5, "verbose": 0, "callbacks": callbacks, "validation_data": (x, y)}
    if stream == "sequence":
        history = model.fit_generator(Batches(x, y), **common)
    elif stream == "generator":
        history = model.fit_generator(generate(x, y), steps_per_epoch=5, **common)
    else:
        history = model.fit(x, y, batch_size=8, **common, **options)
    return {
        "history": history.history,
        "epoch": history.epoch,
        "weights": model.get_weights(),
        "optimizer": [*model.optimizer.get_weights(), model.optimizer.lr.numpy()],
        "callbacks": [plateau.get_state(), stop.get_state(), best.get_state()],
        "table": Path(folder, "log.csv").read_text(),
        "random": np.random.random(3),
    }


if __name__ == "__main__":
    train(sys.argv[1], sys.argv[2], (int(sys.argv[3]), int(sys.argv[4])))
