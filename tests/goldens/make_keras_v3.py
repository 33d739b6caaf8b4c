"""Make the `.keras` goldens: files of many shapes, and what their Keras predicts from each.

Writes `keras_v3/WRITER/NAME.keras` and `.npz` with inputs `x_0`, … and predictions `prediction_0`,
…; of some models also `.weights.h5` and, by Keras 3, `.h5`. Where the model is compiled it has been
trained for three steps, and two more (`more_x`, `more_y`, the losses `more_loss`) with the weights
after them (`weight_00`, …) show whether a reader took up the optimizer's state.

Run `python make_keras_v3.py LIBRARY WRITER [NAME ...]`, for instance `keras keras315` or
`tensorflow.keras tfkeras213`; without names, every file is made.
"""

from __future__ import annotations

import importlib
import os
import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from keras_v3_models import LATER, MODELS, QUANTIZATIONS

FOLDER = Path(__file__).parent / "keras_v3"
BATCH = 8
WEIGHTS_ONLY = ("nested", "recurrent", "shared")
LEGACY = ("attention", "images", "masks", "mlp_adam", "nested", "operations", "recurrent", "states")

Array = np.ndarray[Any, Any]


def drawn(random: np.random.RandomState, tensor: Any, samples: int) -> Array:
    """Draw an input; whole numbers from 0 on where that is what it takes, some steps zero."""
    shape = (samples, *tensor.shape[1:])
    if "int" in str(tensor.dtype):
        return random.randint(0, 7, shape).astype("int32")
    values = random.standard_normal(shape).astype("float32")
    if tensor.name.startswith("series"):
        values[0, :2] = values[1, 3] = 0.0
    return values


def randomised(model: Any, random: np.random.RandomState) -> None:
    """Give a model weights that are not those of an initializer; variances must be positive."""
    values = [random.standard_normal(one.shape) * 0.4 for one in model.get_weights()]
    names = [getattr(one, "path", one.name) for one in model.weights]
    model.set_weights(
        [
            np.abs(value) + 0.5 if "variance" in name else value
            for value, name in zip(values, names, strict=True)
        ]
    )


def targets(random: np.random.RandomState, samples: int) -> Array:
    """Draw one-hot targets of four classes."""
    return np.eye(4, dtype="float32")[random.randint(0, 4, samples)]


def continued(model: Any, random: np.random.RandomState) -> dict[str, Array]:
    """Train two more steps."""
    x, y = drawn(random, model.inputs[0], 2 * BATCH), targets(random, 2 * BATCH)
    found = [
        model.train_on_batch(x[start : start + BATCH], y[start : start + BATCH])
        for start in (0, BATCH)
    ]
    final = {f"weight_{i:02d}": one for i, one in enumerate(model.get_weights())}
    return {"more_x": x, "more_y": y, "more_loss": np.asarray([one[0] for one in found]), **final}


def make(keras: Any, writer: str, name: str) -> None:
    """Write the files of one model."""
    random = np.random.RandomState(zlib.crc32(name.encode()))
    keras.backend.clear_session()
    model = {**MODELS, **LATER}[name](keras)
    randomised(model, random)
    if name in QUANTIZATIONS:
        model.quantize(config=QUANTIZATIONS[name](keras.quantizers))
    is_compiled = getattr(model, "optimizer", None) is not None
    if is_compiled:
        for _ in range(3):
            model.train_on_batch(drawn(random, model.inputs[0], BATCH), targets(random, BATCH))
    path = FOLDER / writer / name
    path.parent.mkdir(exist_ok=True, parents=True)
    model.save(f"{path}.keras")
    if name in WEIGHTS_ONLY:
        model.save_weights(f"{path}.weights.h5")
    if name in LEGACY and writer == "keras315":
        model.save(f"{path}.h5")
    inputs = [drawn(random, one, 3) for one in model.inputs]
    outputs = model.predict(inputs if len(inputs) > 1 else inputs[0], verbose=0)
    outputs = outputs if isinstance(outputs, list) else [outputs]
    arrays = {f"x_{i}": one for i, one in enumerate(inputs)}
    arrays |= {f"prediction_{i}": one for i, one in enumerate(outputs)}
    if is_compiled:
        model.reset_metrics()
        arrays |= continued(model, random)
    np.savez_compressed(f"{path}.npz", **arrays)


def main(library: str, writer: str, names: list[str]) -> None:
    """Write the named files, or all."""
    keras = importlib.import_module(library)
    known = [*MODELS, *(LATER if library == "keras" else ())]
    for name in names or known:
        make(keras, writer, name)
        print(name, flush=True)


if __name__ == "__main__":
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
