"""Check that weights which tf_keras saved give the same predictions in konnx.

Run by hand; the first Python has tf_keras 2.21, the second konnx and a runtime:

    python tests/goldens/check_applications.py save FOLDER [NAME ...]
    python tests/goldens/check_applications.py compare FOLDER [NAME ...]

Random weights of each application, with and without its top, are saved by `save_weights`, together
with its logits or features for two images. With the top, images have the size that the network is
meant for, without it another, odd one. All networks take less than 4 GB if one comes at a time.

So that an error anywhere would be seen, normalizations get the statistics of what reaches them, so
that activations stay well scaled; and errors are taken relative to how far the outputs for the two
images differ, not to values that they may have in common.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
from application_names import NAMES

TOLERANCE = 1e-4
SMALL = 129


def parts(names: list[str]) -> list[tuple[str, bool]]:
    return [(name, top) for name in names or NAMES for top in (True, False)]


def save(folder: Path, names: list[str]) -> None:
    import tf_keras

    random = np.random.default_rng(0)
    for name, top in parts(names):
        tf_keras.backend.clear_session()
        stem = folder / f"{name}_{'top' if top else 'notop'}"
        make = getattr(tf_keras.applications, name)
        shape = None if top else (SMALL, SMALL, 3)
        model = make(weights=None, include_top=top, input_shape=shape, classifier_activation=None)
        images = random_images(model.input_shape[1], random)
        if name.startswith("EfficientNet"):
            images *= 255
        vary(model, images, random)
        model.save_weights(f"{stem}.h5")
        np.savez(f"{stem}.npz", images=images, outputs=model(images, training=False).numpy())
        print("saved", stem.name, flush=True)


def random_images(size: int, random: Any) -> Any:
    """Return two images that differ in large patches as in single pixels."""
    patches = random.uniform(0, 1, (2, 5, 5, 3)).repeat(-(-size // 5), 1).repeat(-(-size // 5), 2)
    pixels = random.uniform(0, 1, (2, size, size, 3))
    return ((patches[:, :size, :size] + pixels) / 2).astype("float32")


def vary(model: Any, images: Any, random: Any) -> None:
    """Give a model weights of which each counts, and which keep activations well scaled."""
    import tf_keras

    for layer in model.layers:
        layer.set_weights([drawn(weight, random) for weight in layer.get_weights()])
        if isinstance(layer, tf_keras.layers.Normalization):
            layer.finalize_state()
        if isinstance(layer, tf_keras.layers.Dropout):
            layer.rate = 0.0
        if isinstance(layer, tf_keras.layers.BatchNormalization):
            layer.momentum = 0.0
    model(images, training=True)
    for layer in model.layers:
        if isinstance(layer, tf_keras.layers.BatchNormalization):
            *others, variance = layer.get_weights()
            # Channels that hardly vary here would only make rounding errors large.
            layer.set_weights([*others, variance + 0.1 * variance.mean()])


def drawn(weight: Any, random: Any) -> Any:
    """Return a kernel that keeps the scale before a relu, or a vector away from what it was."""
    if weight.dtype != np.float32:
        return weight
    if weight.ndim == 1:
        return (weight * random.uniform(0.7, 1.3, weight.shape) + 0.05).astype("float32")
    depthwise = weight.shape[-1] == 1
    fan_in = np.prod(weight.shape[:2] if depthwise else weight.shape[:-1])
    return random.normal(0, np.sqrt(2 / fan_in), weight.shape).astype("float32")


def compare(folder: Path, names: list[str]) -> bool:
    from konnx import applications

    good = True
    for name, top in parts(names):
        stem = folder / f"{name}_{'top' if top else 'notop'}"
        with np.load(f"{stem}.npz") as saved:
            images, expected = saved["images"], saved["outputs"]
        model = getattr(applications, name)(
            weights=f"{stem}.h5",
            include_top=top,
            input_shape=images.shape[1:],
            classifier_activation=None,
        )
        spread = np.abs(expected[0] - expected[1]).max()
        error = np.abs(model.predict(images) - expected).max() / spread
        good &= bool(error <= TOLERANCE)
        largest = np.abs(expected).max()
        print(
            f"{stem.name:24} {images.shape[1]:4} pixels, largest {largest:8.2e}, "
            f"between images {spread:8.2e}, error {error:8.1e}",
            flush=True,
        )
    return good


if __name__ == "__main__":
    command, place, *chosen = sys.argv[1:]
    if command == "save":
        save(Path(place), chosen)
    else:
        sys.exit(0 if compare(Path(place), chosen) else 1)
