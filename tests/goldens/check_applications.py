"""Check that weights which tf_keras saved give the same predictions in konnx.

Run by hand; the first Python has tf_keras 2.21, the second konnx and a runtime:

    python tests/goldens/check_applications.py save FOLDER [NAME ...]
    python tests/goldens/check_applications.py compare FOLDER [NAME ...]

Random weights of each application, with and without its top, are saved by `save_weights`, together
with its predictions for one image; the means and variances of normalizations are random, too.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
from application_names import NAMES

TOLERANCE = 1e-4


def parts(names: list[str]) -> list[tuple[str, bool]]:
    return [(name, top) for name in names or NAMES for top in (True, False)]


def save(folder: Path, names: list[str]) -> None:
    import tf_keras

    random = np.random.default_rng(0)
    for name, top in parts(names):
        tf_keras.backend.clear_session()
        # Built for images of no known size, its NASNets join tensors of unequal sizes.
        size = {"NASNetMobile": 224, "NASNetLarge": 331}.get(name)
        shape = None if size is None else (size, size, 3)
        make = getattr(tf_keras.applications, name)
        model = make(weights=None, include_top=top, input_shape=shape)
        for layer in model.layers:
            layer.set_weights([varied(w, random) for w in layer.get_weights()])
        stem = folder / f"{name}_{'top' if top else 'notop'}"
        batch = [1, *(extent or 128 for extent in model.input_shape[1:])]
        image = random.uniform(-1, 1, batch).astype("float32")
        model.save_weights(f"{stem}.h5")
        np.savez(f"{stem}.npz", image=image, output=model(image, training=False).numpy())
        print("saved", stem.name, flush=True)


def varied(weight: Any, random: Any) -> Any:
    """Return vectors away from 0 and 1 (so that exchanged ones show), and kernels as they are."""
    if weight.ndim != 1 or weight.dtype != np.float32:
        return weight
    return (weight * random.uniform(0.7, 1.3, weight.shape) + 0.05).astype("float32")


def compare(folder: Path, names: list[str]) -> bool:
    from konnx import applications

    good = True
    for name, top in parts(names):
        stem = folder / f"{name}_{'top' if top else 'notop'}"
        model = getattr(applications, name)(weights=f"{stem}.h5", include_top=top)
        with np.load(f"{stem}.npz") as saved:
            image, expected = saved["image"], saved["output"]
        error = np.abs(model.predict(image) - expected).max() / np.abs(expected).max()
        good &= bool(error <= TOLERANCE)
        print(f"{stem.name:26} spread {np.ptp(expected):8.2e} error {error:8.1e}", flush=True)
    return good


if __name__ == "__main__":
    command, place, *chosen = sys.argv[1:]
    if command == "save":
        save(Path(place), chosen)
    else:
        sys.exit(0 if compare(Path(place), chosen) else 1)
