"""Trains in ONNX Runtime for Node and for the web what konnx exports, and compares the two.

`python check.py FOLDER`, where FOLDER holds package.json's packages and the .mjs files; the nox
session "javascript" does all of it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from konnx.datasets import digits
from konnx.layers import (
    LSTM,
    BatchNormalization,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    Masking,
    MaxPooling2D,
    Reshape,
)
from konnx.models import Sequential
from konnx.optimizers import SGD, Adam
from konnx.utils.random import next_run_seed

PACKAGES = ("onnxruntime-node", "onnxruntime-web")
STEPS, BATCH = 20, 32
TOLERANCE = 1e-4


def mlp() -> Sequential:
    model = Sequential(
        [
            Flatten(input_shape=(8, 8, 1), name="pixels"),
            Dense(64, activation="relu", name="hidden"),
            Dropout(0.3, name="drop"),
            Dense(10, activation="softmax", name="digit"),
        ]
    )
    model.compile(SGD(0.1, momentum=0.9, decay=0.01), "sparse_categorical_crossentropy")
    return model


def cnn() -> Sequential:
    model = Sequential(
        [
            Conv2D(8, 3, activation="relu", input_shape=(8, 8, 1), name="conv"),
            BatchNormalization(name="norm"),
            MaxPooling2D(name="pool"),
            Dropout(0.25, name="drop"),
            Flatten(name="flat"),
            Dense(10, activation="softmax", name="digit"),
        ]
    )
    model.compile(Adam(0.005), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def rnn() -> Sequential:
    model = Sequential(
        [
            Reshape((8, 8), input_shape=(8, 8, 1), name="rows"),
            Masking(name="mask"),
            LSTM(32, dropout=0.1, recurrent_dropout=0.1, name="lstm"),
            Dense(10, activation="softmax", name="digit"),
        ]
    )
    model.compile(Adam(0.01, clipnorm=1.0), "sparse_categorical_crossentropy")
    return model


MODELS = {"mlp": mlp, "cnn": cnn, "rnn": rnn}


def as_json(array: np.ndarray) -> dict[str, Any]:
    return {"dims": array.shape, "data": array.ravel().tolist()}


def from_json(value: dict[str, Any]) -> np.ndarray:
    return np.array(value["data"], value["type"]).reshape(value["dims"])


def batches() -> list[tuple[np.ndarray, np.ndarray]]:
    (x, y), _ = digits.load_data()
    x, y = x[..., np.newaxis].astype("float32") / 16, y[:, np.newaxis].astype("float32")
    return [(x[at : at + BATCH], y[at : at + BATCH]) for at in range(0, STEPS * BATCH, BATCH)]


def export(model: Sequential, name: str, folder: Path) -> dict[str, Any]:
    """Export a model's training; return what the other side is to train on."""
    model.export_training(folder / f"{name}.onnx")
    data = f"data/{model.input_names[0]}"
    feeds = [{data: as_json(x), "target/digit": as_json(y)} for x, y in batches()]
    np.random.seed(1)  # noqa: NPY002 - where the model will take its seeds
    seeds = [int(next_run_seed()) for _ in range(STEPS)]
    return {"batches": feeds, "seeds": seeds, "data": data}


def train(model: Sequential) -> list[float]:
    np.random.seed(1)  # noqa: NPY002 - as for the seeds exported
    return [float(np.ravel(model.train_on_batch(x, y))[0]) for x, y in batches()]


def difference(received: Any, expected: Any) -> float:
    """Return the greatest difference; NaN if there is one anywhere."""
    return float(np.abs(np.asarray(received) - np.asarray(expected)).max())


def compare(result: dict[str, Any], model: Sequential, losses: list[float]) -> dict[str, float]:
    """Return how far another runtime is from the model after the same steps."""
    (x, _), own = batches()[0], model.get_weights()
    found = {
        "loss": difference(result["losses"], losses),
        "prediction": difference(from_json(result["prediction"]), model.predict(x)),
    }
    model.load_training_state({k: from_json(v) for k, v in result["state"].items()})
    pairs = zip(model.get_weights(), own, strict=True)
    found["weight"] = difference([difference(one, other) for one, other in pairs], 0.0)
    model.set_weights(own)
    return found


def main(folder: Path) -> int:
    np.random.seed(0)  # noqa: NPY002 - so that each run of the check starts from the same weights
    models = {name: make() for name, make in MODELS.items()}
    cases = {name: export(model, name, folder) for name, model in models.items()}
    (folder / "cases.json").write_text(json.dumps(cases), encoding="utf-8")
    losses = {name: train(model) for name, model in models.items()}
    worst = 0.0
    for package in PACKAGES:
        start = time.perf_counter()
        subprocess.run(["node", "train.mjs", package, "."], cwd=folder, check=True)
        print(f"{package}: {time.perf_counter() - start:.1f} s")
        for name, model in models.items():
            text = (folder / f"{name}.{package}.json").read_text(encoding="utf-8")
            found = compare(json.loads(text), model, losses[name])
            ends = f"loss {losses[name][0]:.3f} to {losses[name][-1]:.3f} in {STEPS} steps"
            print(f"  {name}, {ends}; greatest differences: {found}")
            worst = difference([worst, *found.values()], 0.0)
    print(f"greatest difference of all: {worst:.2g}; allowed: {TOLERANCE}")
    return int(not worst <= TOLERANCE)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
