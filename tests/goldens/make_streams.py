"""Make the goldens of fits on generators: what real Keras 2.1.6 computes on uneven batches.

Writes `streams.npz`: "x", "y", "weights" and the first "kernel" and "bias" of a Dense layer of one
sigmoid unit, read in batches of 8, 8 and 6; for each case of CASES (plain, sample_weight,
class_weight) the history of two epochs, "CASE/loss", "CASE/acc", "CASE/val_loss", "CASE/val_acc",
then "CASE/evaluated" and "CASE/predicted"; "stopped" holds loss and acc of an epoch that a callback
stops after its second batch, "stopped/names" what its history names.

Run `python make_streams.py FOLDER` with the folder where the wheel of Keras 2.1.6 is unpacked.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras216
import numpy as np

FILE = Path(__file__).parent / "streams.npz"
CASES = ("plain", "sample_weight", "class_weight")
CLASS_WEIGHT = {0: 1.0, 1: 3.0}
SIZE, STEPS = 8, 3


def batches(*arrays: Any) -> Iterator[Any]:
    while True:
        for start in range(0, len(arrays[0]), SIZE):
            yield tuple(one[start : start + SIZE] for one in arrays)


def network(keras: Any, start: list[Any]) -> Any:
    layer = keras.layers.Dense(1, activation="sigmoid", input_shape=(4,))
    model = keras.models.Sequential([layer])
    model.compile(keras.optimizers.SGD(lr=0.5), "binary_crossentropy", metrics=["acc"])
    model.set_weights(start)
    return model


def run(keras: Any, case: str, data: dict[str, Any]) -> dict[str, Any]:
    model = network(keras, [data["kernel"], data["bias"]])
    arrays = (data["x"], data["y"], *([data["weights"]] if case == "sample_weight" else []))
    result = model.fit_generator(
        batches(*arrays),
        STEPS,
        epochs=2,
        verbose=0,
        validation_data=batches(*arrays),
        validation_steps=STEPS,
        class_weight=CLASS_WEIGHT if case == "class_weight" else None,
    )
    found = {f"{case}/{name}": np.array(values) for name, values in result.history.items()}
    found[f"{case}/evaluated"] = np.array(model.evaluate_generator(batches(*arrays), STEPS))
    found[f"{case}/predicted"] = model.predict_generator(batches(data["x"], data["y"]), STEPS)
    return found


def run_stopped(keras: Any, data: dict[str, Any]) -> dict[str, Any]:
    model = network(keras, [data["kernel"], data["bias"]])

    def stop(batch: int, _: Any) -> None:
        model.stop_training = batch == 1

    result = model.fit(
        data["x"],
        data["y"],
        batch_size=SIZE,
        epochs=2,
        verbose=0,
        shuffle=False,
        validation_data=(data["x"], data["y"]),
        callbacks=[keras.callbacks.LambdaCallback(on_batch_end=stop)],
    )
    values = [result.history["loss"], result.history["acc"]]
    return {"stopped": np.array(values), "stopped/names": np.array(sorted(result.history))}


def main() -> None:
    keras = keras216.load(sys.argv[1])
    random = np.random.RandomState(0)
    x = random.uniform(-1, 1, size=(22, 4)).astype(np.float32)
    data = {
        "x": x,
        "y": (x.sum(axis=1, keepdims=True) > 0).astype(np.float32),
        "weights": random.uniform(size=22).astype(np.float32),
        "kernel": random.normal(size=(4, 1)).astype(np.float32),
        "bias": np.array([0.1], np.float32),
    }
    for case in CASES:
        data.update(run(keras, case, data))
    data.update(run_stopped(keras, data))
    np.savez_compressed(FILE, **data)


if __name__ == "__main__":
    main()
