"""Training where there is no konnx: a training step as an ONNX file, run by ONNX Runtime alone.

The first part is done once, where models are made. The second would run on the device; it knows
nothing but the files and the names in them. The third takes the result home. Run it with
`python examples/training_export.py`; a number as argument sets the epochs. train_on_device.mjs is
the second part in JavaScript.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
import onnxruntime

from konnx.datasets import digits
from konnx.layers import Conv2D, Dense, Dropout, Flatten, MaxPooling2D
from konnx.models import Sequential

BATCH = 32


def make_model() -> Sequential:
    model = Sequential(
        [
            Conv2D(16, 3, activation="relu", input_shape=(8, 8, 1), name="image"),
            MaxPooling2D(),
            Flatten(),
            Dropout(0.25),
            Dense(10, activation="softmax", name="digit"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


class Trainer:
    """The loop on the device."""

    def __init__(self, step: Path, init: Path) -> None:
        self.step = onnxruntime.InferenceSession(step)
        self.state = self.run(onnxruntime.InferenceSession(init), {})

    def run(self, session: onnxruntime.InferenceSession, feeds: dict) -> dict:
        names = [output.name for output in session.get_outputs()]
        return dict(zip(names, session.run(names, feeds), strict=True))

    def train(self, batch: dict, seed: int) -> dict:
        outputs = self.run(self.step, {**self.state, **batch, "seed": np.array(seed)})
        for name, value in outputs.items():
            if name.startswith("next/"):
                self.state[name.replace("next/", "state/", 1)] = value
        return outputs

    def predict(self, predict: Path, data: dict) -> dict:
        session = onnxruntime.InferenceSession(predict)
        known = {**self.state, **data}
        return self.run(session, {port.name: known[port.name] for port in session.get_inputs()})


def train_on_device(files: dict, x: np.ndarray, y: np.ndarray, epochs: int) -> Trainer:
    trainer = Trainer(files["step"], files["init"])
    for epoch in range(epochs):
        order = np.random.permutation(len(x))
        losses = []
        for start in range(0, len(x), BATCH):
            places = order[start : start + BATCH]
            batch = {"data/image_input": x[places], "target/digit": y[places]}
            losses.append(trainer.train(batch, seed=epoch * len(x) + start)["loss"])
        print(f"epoch {epoch + 1}: loss {np.mean(losses):.3f}")
    return trainer


def main(epochs: int = 8) -> float:
    (x_train, y_train), (x_test, y_test) = digits.load_data()
    x_train, x_test = (x[..., np.newaxis].astype("float32") / 16 for x in (x_train, x_test))

    with tempfile.TemporaryDirectory() as folder:
        model = make_model()
        files = model.export_training(Path(folder, "digits.onnx"))

        trainer = train_on_device(files, x_train, y_train[:, np.newaxis].astype("float32"), epochs)
        predicted = trainer.predict(files["predict"], {"data/image_input": x_test})
        accuracy = np.mean(predicted["prediction/digit"].argmax(-1) == y_test)
        print(f"right on the device: {accuracy:.1%} of the test images")
        np.savez(Path(folder, "state.npz"), **trainer.state)

        model.load_training_state(Path(folder, "state.npz"))
    loss, accuracy = model.evaluate(x_test, y_test, verbose=0)
    print(f"right in konnx: {accuracy:.1%}, with a loss of {loss:.3f}")
    return accuracy


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
