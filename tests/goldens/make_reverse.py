"""Record what tf_keras makes of the files that konnx saved (`save_models.py`).

Writes `konnx_saved/NAME.npz`: seeded inputs `x_0`, …, predictions `prediction_0`, …, all weights in
Keras 2.1's order, and, where the file holds a compiled classifier, two more training steps
(`more_x`, `more_y`, `more_steps`) and the weights after them (`more_weight_00`, …).
Fails if tf_keras refuses a file or warns that it could not take up the optimizer's state.

Run `python make_reverse.py [NAME ...]`; without names, every file is read.
"""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path
from typing import Any

import keras21
import numpy as np
import tensorflow as tf
import tf_keras
from keras21 import BATCH, Array

FOLDER = Path(__file__).parent / "konnx_saved"


class PlainNormalization(tf_keras.layers.BatchNormalization):
    """Keeps the plain average of the batch variance, also for images."""

    def __init__(self, **arguments: Any) -> None:
        super().__init__(fused=False, **arguments)


CLASSES = {
    "Adam": tf_keras.optimizers.legacy.Adam,
    "SGD": tf_keras.optimizers.legacy.SGD,
    "BatchNormalization": PlainNormalization,
}


class _Refusal(logging.Handler):
    """Turns a warning of tf_keras about a file into an error."""

    def emit(self, record: logging.LogRecord) -> None:
        if "optimizer" in record.getMessage():
            raise SystemExit(f"tf_keras: {record.getMessage()}")


def load(name: str, *, compiled: bool) -> Any:
    """Load a file, with the optimizers that have Keras 2's update rules."""
    path = FOLDER / f"{name}.h5"
    model = tf_keras.models.load_model(path, custom_objects=CLASSES, compile=compiled)
    if compiled:
        model.run_eagerly = True
    return model


def predicted(
    model: Any, shapes: list[list[int]], random: np.random.RandomState
) -> dict[str, Array]:
    """Draw inputs and return them with predictions and weights."""
    inputs = [keras21.normal(random, 4, *shape) for shape in shapes]
    outputs = model.predict(inputs if len(inputs) > 1 else inputs[0], verbose=0)
    outputs = outputs if isinstance(outputs, list) else [outputs]
    arrays = {f"x_{i}": value for i, value in enumerate(inputs)}
    arrays |= {f"prediction_{i}": value for i, value in enumerate(outputs)}
    return arrays | {f"weight_{i:02d}": v for i, v in enumerate(keras21.model_weights(model))}


def continued(model: Any, shape: list[int], random: np.random.RandomState) -> dict[str, Array]:
    """Train two more steps and return data, results and the final weights."""
    classes = model.output_shape[-1]
    x = keras21.normal(random, 2 * BATCH, *shape)
    y = np.eye(classes, dtype=np.float32)[random.randint(0, classes, 2 * BATCH)]
    steps = [
        model.train_on_batch(x[start : start + BATCH], y[start : start + BATCH], reset_metrics=True)
        for start in (0, BATCH)
    ]
    final = {f"more_weight_{i:02d}": v for i, v in enumerate(keras21.model_weights(model))}
    return {"more_x": x, "more_y": y, "more_steps": np.asarray(steps, np.float64), **final}


def main(names: list[str]) -> None:
    """Record the named files, or all."""
    tf.get_logger().addHandler(_Refusal())
    for facts_path in sorted(FOLDER.glob("*.json")):
        name, facts = facts_path.stem, json.loads(facts_path.read_text())
        if names and name not in names:
            continue
        random = keras21.seeded(name)
        model = load(name, compiled=facts["compiled"])
        arrays = predicted(model, facts["input_shapes"], random)
        if facts["compiled"]:
            arrays |= continued(model, facts["input_shapes"][0], random)
        np.savez_compressed(FOLDER / f"{name}.npz", **arrays)
        print(name, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
