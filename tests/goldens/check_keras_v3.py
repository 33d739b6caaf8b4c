"""Read with Keras 3 what konnx saved, and compare with what the goldens say.

Run `python save_keras_v3.py FOLDER` where konnx is installed, and then, with Keras 3,
`python check_keras_v3.py FOLDER`: each model must predict as in the golden that it comes from; one
that was compiled must do the same two training steps; the weights alone must fit, too.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import numpy as np

GOLDENS = Path(__file__).parent / "keras_v3"
BATCH = 8

Arrays = dict[str, np.ndarray[Any, Any]]


def group(arrays: Arrays, prefix: str) -> list[np.ndarray[Any, Any]]:
    """Return the arrays whose names begin so."""
    return [arrays[key] for key in sorted(arrays) if key.startswith(prefix)]


def greatest(found: Any, expected: list[np.ndarray[Any, Any]]) -> float:
    """Return the greatest difference."""
    found = found if isinstance(found, list) else [found]
    return max(float(np.abs(a - b).max()) for a, b in zip(found, expected, strict=True))


def predicted(model: Any, arrays: Arrays) -> float:
    """Return how far predictions are off."""
    inputs = group(arrays, "x_")
    outputs = model.predict(inputs if len(inputs) > 1 else inputs[0], verbose=0)
    return greatest(outputs, group(arrays, "prediction_"))


def trained(model: Any, arrays: Arrays) -> float:
    """Return how far the weights are off after two more training steps."""
    x, y = arrays["more_x"], arrays["more_y"]
    for start in (0, BATCH):
        model.train_on_batch(x[start : start + BATCH], y[start : start + BATCH])
    return greatest(model.get_weights(), group(arrays, "weight_"))


def check(path: Path, golden: Path) -> list[float]:
    """Return how far predictions, also those with weights alone, and training are off."""
    with np.load(golden) as file:
        arrays = {key: file[key] for key in file.files}
    model = keras.models.load_model(path)
    found = [predicted(model, arrays)]
    model.set_weights([np.zeros_like(one) for one in model.get_weights()])
    model.load_weights(path.with_suffix(".weights.h5"))
    found.append(predicted(model, arrays))
    return found + ([trained(model, arrays)] if "more_x" in arrays else [])


def main(folder: Path) -> None:
    """Check all files; end with an error if one is off by more than 1e-5."""
    worst = 0.0
    for path in sorted(folder.rglob("*.keras")):
        name = path.relative_to(folder)
        found = check(path, GOLDENS / name.with_suffix(".npz"))
        worst = max(worst, *found)
        print(name, *(f"{one:.1e}" for one in found), flush=True)
    if worst > 1e-5:
        raise SystemExit(f"off by {worst}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
