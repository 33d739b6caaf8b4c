"""Transfer learning: what a network has learned on some classes serves to tell others apart.

MobileNet learns to read the digits 0 to 4. Then it is frozen and cut in the middle, where features
are not yet those of five classes alone, and a new head learns 5 to 9 on them; so does a head on the
features of a network that has learned nothing.

Run it with `python examples/transfer_learning.py`; a number as argument sets the epochs.
With `--weights imagenet` the features are those learned on photographs, if they are in the cache or
can be downloaded, with `--weights FILE` those in a file of MobileNet(alpha=0.25) without its top.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np

from konnx.applications.mobilenet import MobileNet, preprocess_input
from konnx.datasets import digits
from konnx.layers import BatchNormalization, Dense, GlobalAveragePooling2D
from konnx.models import Model, Sequential
from konnx.optimizers import Adam
from konnx.preprocessing.image import ImageDataGenerator

SIZE = 32
MIDDLE = "conv_pw_8_relu"  # base.summary() lists the layers


def load_images() -> tuple:
    """Return the digits as images in colour, as large as MobileNet takes them."""
    (x_train, y_train), (x_test, y_test) = digits.load_data()
    scale = SIZE // x_train.shape[1]

    def enlarged(x: np.ndarray) -> np.ndarray:
        pixels = x.repeat(scale, axis=1).repeat(scale, axis=2) * (255 / 16)
        return preprocess_input(np.stack([pixels] * 3, axis=-1).astype("float32"))

    return (enlarged(x_train), y_train), (enlarged(x_test), y_test)


def make_base(weights: str | None = None) -> Model:
    """Return MobileNet without its top."""
    base = MobileNet((SIZE, SIZE, 3), alpha=0.25, include_top=False, weights=weights)
    config = base.get_config()
    for layer in config["layers"]:
        if layer["class_name"] == "BatchNormalization":
            layer["config"]["momentum"] = 0.9  # there are hundreds of steps here, not thousands
    quick = Model.from_config(config)
    quick.set_weights(base.get_weights())
    return quick


def compiled(model: Model, rate: float) -> Model:
    model.compile(Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def learn_old_digits(base: Model, x: np.ndarray, y: np.ndarray, epochs: int, rate: float) -> None:
    """Train the base to tell 0 to 4 apart, wherever in the image they stand."""
    scores = Dense(5, activation="softmax")(GlobalAveragePooling2D()(base.output))
    images = ImageDataGenerator(width_shift_range=3, height_shift_range=3).flow(x, y, 32)
    compiled(Model(base.input, scores), rate).fit_generator(images, epochs=epochs, verbose=2)


def learn_new_digits(base: Model, train: tuple, test: tuple) -> tuple[Model, float]:
    """Train a head to tell 5 to 9 apart by the base's features; return both, and its accuracy."""
    for layer in base.layers:
        layer.trainable = False
    features = Model(base.input, GlobalAveragePooling2D()(base.get_layer(MIDDLE).output))
    # They stay as they are, so they are computed once.
    (x_train, y_train), (x_test, y_test) = ((features.predict(x), y - 5) for x, y in (train, test))
    head = Sequential(
        [BatchNormalization(input_shape=features.output_shape[1:]), Dense(5, activation="softmax")]
    )
    compiled(head, 0.01).fit(x_train, y_train, batch_size=32, epochs=20, verbose=0)
    _, accuracy = head.evaluate(x_test, y_test, verbose=0)
    return Model(features.input, head(features.output)), accuracy


def main(epochs: int = 10, weights: str | None = None) -> tuple[float, float]:
    (x_train, y_train), (x_test, y_test) = load_images()
    old, new, new_test = y_train < 5, y_train >= 5, y_test >= 5
    train, test = (x_train[new], y_train[new]), (x_test[new_test], y_test[new_test])

    base = make_base(weights)
    if weights is None:
        print("MobileNet learns the digits 0 to 4:")
        learn_old_digits(base, x_train[old], y_train[old], epochs, rate=0.003)
    model, accuracy = learn_new_digits(base, train, test)

    print("Another sees them, but learns nothing; only its normalizations get to know images:")
    base = make_base()
    learn_old_digits(base, x_train[old], y_train[old], epochs=2, rate=0.0)
    _, untrained = learn_new_digits(base, train, test)

    print(f"5 to 9 on features that were learned: {accuracy:.1%} right")
    print(f"5 to 9 on features of the network that has learned nothing: {untrained:.1%} right")

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "digits_5_to_9.onnx")
        model.export(path)
        print(f"exported: {path.name}, {path.stat().st_size / 1e6:.1f} MB")
    return accuracy, untrained


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("epochs", type=int, nargs="?", default=10)
    parser.add_argument("--weights", help="imagenet, or a file; default: learn the digits 0 to 4")
    main(**vars(parser.parse_args()))
