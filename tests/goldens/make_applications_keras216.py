"""Write applications_keras216.json: ResNet50 of Keras 2.1.6, its layout and some predictions.

Keras 2.1.6 is unpacked from its wheel and runs on TensorFlow 2.21 (see `keras216.py`):

    python tests/goldens/make_applications_keras216.py FOLDER

The other applications of Keras 2.1.6 have the layout of tf_keras' (`applications.json`).
"""

from __future__ import annotations

import json
import sys
import zlib
from pathlib import Path
from typing import Any

import keras216
import numpy as np

SIZE, CLASSES = 197, 10


def main(folder: str) -> None:
    keras = keras216.load(folder)
    found: dict[str, Any] = {"size": SIZE, "classes": CLASSES}
    model = keras.applications.ResNet50(weights=None, input_shape=(SIZE, SIZE, 3), classes=CLASSES)
    layers = [layer for layer in model.layers if layer.weights]
    found["layers"] = {
        layer.name: [[weight.name, list(weight.shape)] for weight in layer.weights]
        for layer in layers
    }
    for layer in layers:
        layer.set_weights([pattern(weight.name, weight.shape) for weight in layer.weights])
    outputs = np.log(model.predict(images(SIZE)))
    found["log_outputs"] = outputs.round(5).tolist()
    target = Path(__file__).with_name("applications_keras216.json")
    target.write_text(json.dumps(found, separators=(",", ":"), default=int) + "\n")


def images(size: int) -> Any:
    return np.random.RandomState(0).uniform(-1, 1, (2, size, size, 3)).astype("float32")


def pattern(name: str, shape: Any) -> Any:
    """Return values for a weight that its name decides; the tests have this function, too."""
    random = np.random.RandomState(zlib.crc32(name.encode()))
    shape = tuple(map(int, shape))
    if len(shape) > 1:
        scale = np.sqrt(2 / np.prod(shape[:-1])) if len(shape) == 4 else 1e-4
        return np.resize(random.normal(0, scale, 4099), shape).astype("float32")
    low, high = {"gamma": (0.2, 0.4), "moving_variance": (0.05, 0.15)}.get(
        name.partition(":")[0].rpartition("/")[2], (-0.1, 0.1)
    )
    return random.uniform(low, high, shape).astype("float32")


if __name__ == "__main__":
    main(*sys.argv[1:])
