"""`konnx demo`: from training to a deployed file, on real handwritten digits."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from konnx.cli.options import Debug, Device

if TYPE_CHECKING:
    import numpy as np

    from konnx.models import Sequential

    Array = np.ndarray[Any, Any]

_SEED = 113
_LEAST_ACCURACY = 0.97
_LARGEST_DIFFERENCE = 1e-5


@dataclass(frozen=True)
class Digits:
    """The data: images (n, 8, 8) of 0 to 1, float32, and their digits (n,)."""

    x_train: Array
    y_train: Array
    x_test: Array
    y_test: Array


def demo(
    output: Annotated[
        Path,
        typer.Option(
            metavar="DIR", help="Folder for digits.h5 and digits.onnx; they are replaced."
        ),
    ] = Path("konnx-demo"),
    epochs: Annotated[
        int, typer.Option(min=1, metavar="N", help="Times to go over the data.")
    ] = 15,
    device: Device = "auto",
    debug: Debug = False,
) -> None:
    """Train a small CNN on handwritten digits, save it, and run its ONNX file elsewhere."""
    from konnx.runtime import onnxruntime_module, resolve_device, set_default_device

    onnxruntime_module()  # before anything is written
    set_default_device(device)
    chosen = str(resolve_device())
    output.mkdir(parents=True, exist_ok=True)
    digits = _load_digits()
    typer.echo(
        f"Training on {len(digits.x_train):,} images of handwritten digits, on {chosen}; "
        f"{len(digits.x_test)} more are for the test."
    )
    model = _train(digits, epochs)
    saved, exported = output / "digits.h5", output / "digits.onnx"
    model.save(saved)
    model.export(exported)
    typer.echo(f"Saved {saved} and {exported}.")
    _compare(model.predict(digits.x_test), _predict_elsewhere(exported, digits, chosen), digits)


def _load_digits() -> Digits:
    from konnx.datasets import digits

    (x_train, y_train), (x_test, y_test) = digits.load_data()
    return Digits(_scaled(x_train), y_train, _scaled(x_test), y_test)


def _scaled(images: Array) -> Array:
    return images.astype("float32") / 16


def _train(digits: Digits, epochs: int) -> Sequential:
    import numpy as np

    np.random.seed(_SEED)  # noqa: NPY002  # what the initializers, shuffling and Dropout draw from
    model = _build()
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(
        digits.x_train,
        digits.y_train,
        batch_size=32,
        epochs=epochs,
        validation_data=(digits.x_test, digits.y_test),
    )
    return model


def _build() -> Sequential:
    from konnx.layers import (
        BatchNormalization,
        Conv2D,
        Dense,
        Dropout,
        Flatten,
        MaxPooling2D,
        Reshape,
    )
    from konnx.models import Sequential

    return Sequential(
        [
            Reshape((8, 8, 1), input_shape=(8, 8)),
            Conv2D(32, 3, padding="same", activation="relu"),
            BatchNormalization(momentum=0.9),
            MaxPooling2D(),
            Conv2D(64, 3, padding="same", activation="relu"),
            BatchNormalization(momentum=0.9),
            MaxPooling2D(),
            Flatten(),
            Dropout(0.3),
            Dense(64, activation="relu"),
            Dropout(0.3),
            Dense(10, activation="softmax"),
        ]
    )


def _predict_elsewhere(exported: Path, digits: Digits, device: str) -> Array:
    """Run the ONNX file on the test images in a new process, which knows nothing of the model."""
    import numpy as np

    with tempfile.TemporaryDirectory() as folder:
        images, predictions = Path(folder, "images.npy"), Path(folder, "predictions.npy")
        np.save(images, digits.x_test)
        # -P: `konnx` is the installed package, whatever folder this is started in.
        command = [sys.executable, "-P", "-m", "konnx.cli", "run", str(exported.absolute())]
        command += ["--input", str(images), "--output", str(predictions), "--device", device]
        finished = subprocess.run(command, capture_output=True, text=True, check=False)
        if finished.returncode:
            said = finished.stderr.strip() or f"exit code {finished.returncode}"
            raise RuntimeError(f"The process that ran '{exported}' failed: {said}")
        result: Array = np.load(predictions, allow_pickle=False)
    return result


def _compare(here: Array, elsewhere: Array, digits: Digits) -> None:
    accuracies = [_accuracy(outputs, digits.y_test) for outputs in (here, elsewhere)]
    difference = float(abs(here - elsewhere).max())
    typer.echo(f"Test accuracy of the trained model:                {accuracies[0]:.4f}")
    typer.echo(f"Test accuracy of the ONNX file, in a new process:  {accuracies[1]:.4f}")
    typer.echo(f"Largest difference between their outputs:          {difference:.1e}")
    if not difference < _LARGEST_DIFFERENCE:
        raise RuntimeError(
            f"the outputs of the model and of its ONNX file differ by {difference:.1e}. "
            f"Expected: less than {_LARGEST_DIFFERENCE:.0e}."
        )
    if min(accuracies) < _LEAST_ACCURACY:
        raise RuntimeError(
            f"the test accuracy is {min(accuracies):.4f}. Expected: {_LEAST_ACCURACY} at least; "
            "train for more --epochs."
        )


def _accuracy(outputs: Array, labels: Array) -> float:
    return float((outputs.argmax(axis=1) == labels).mean())
