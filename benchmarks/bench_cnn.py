"""Convolutional networks: konnx' step against Keras 3 on TensorFlow, torch and JAX, and tf_keras.

The measure is the ratio of konnx' time to that of the fastest of Keras 3's backends, in one run.
`mnist_cnn` is the well-known example of Keras; the other models are here so that what makes it
fast makes no other kind of convolution slow: three input channels, padding, strides, kernels of
one pixel, depthwise.

Run: python benchmarks/bench_cnn.py --peers PYTHON [--models NAME ...] [--what train fit predict]
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import peers

CLASSES = 10
SHAPES = {"mnist_cnn": (28, 28, 1)}  # of one image; (32, 32, 3) for the others
FIT_STEPS = 20


def layers_of(name: str, layers: Any) -> list[Any]:
    """Return the layers of a model, of whatever framework `layers` is from."""
    conv, pool = layers.Conv2D, layers.MaxPooling2D
    first = {"input_shape": shape_of(name)}
    relu = {"activation": "relu"}
    features = {
        "mnist_cnn": lambda: [
            conv(32, (3, 3), **relu, **first),
            conv(64, (3, 3), **relu),
            pool((2, 2)),
            layers.Dropout(0.25),
        ],
        "cifar": lambda: [
            conv(32, (3, 3), padding="same", **relu, **first),
            conv(32, (3, 3), **relu),
            pool((2, 2)),
            conv(64, (3, 3), padding="same", **relu),
            conv(64, (3, 3), **relu),
            pool((2, 2)),
        ],
        "strided": lambda: [
            conv(32, (3, 3), strides=(2, 2), padding="same", **relu, **first),
            conv(64, (3, 3), strides=(2, 2), padding="same", **relu),
        ],
        "pointwise": lambda: [
            conv(32, (3, 3), **relu, **first),
            conv(64, (1, 1), **relu),
            conv(32, (1, 1), **relu),
            layers.AveragePooling2D((2, 2)),
        ],
        "depthwise": lambda: [
            conv(32, (3, 3), **relu, **first),
            layers.SeparableConv2D(64, (3, 3), **relu),
            pool((2, 2)),
        ],
    }
    head = [
        layers.Flatten(),
        layers.Dense(128, **relu),
        layers.Dropout(0.5),
        layers.Dense(CLASSES, activation="softmax"),
    ]
    return [*features[name](), *head]


MODELS = ("mnist_cnn", "cifar", "strided", "pointwise", "depthwise")


def shape_of(name: str) -> tuple[int, int, int]:
    """Return the shape of one image."""
    return SHAPES.get(name, (32, 32, 3))


def make_step(framework: str, name: str, what: str, optimizer: str, batch: int) -> Any:
    """Return what is timed: a function without arguments."""
    keras: Any
    if framework == "konnx":
        import konnx.layers
        import konnx.models

        model = konnx.models.Sequential(layers_of(name, konnx.layers))
    else:
        keras = peers.keras_of(framework)
        model = keras.Sequential(layers_of(name, keras.layers))
    model.compile(optimizer, "categorical_crossentropy", metrics=["accuracy"])
    random = np.random.default_rng(0)
    count = batch * (FIT_STEPS if what == "fit" else 1)
    x = random.random((count, *shape_of(name)), dtype=np.float32)
    y = np.eye(CLASSES, dtype=np.float32)[random.integers(0, CLASSES, count)]
    steps: dict[str, Callable[[], object]] = {
        "train": lambda: model.train_on_batch(x, y),
        "fit": lambda: model.fit(x, y, batch_size=batch, epochs=1, verbose=0),
        "predict": lambda: model.predict_on_batch(x),
    }
    return steps[what]


def main() -> None:
    """Time what is asked for and print a table for each."""
    parser = peers.options(__doc__.splitlines()[0])
    parser.add_argument("--models", nargs="+", default=["mnist_cnn"], choices=MODELS)
    parser.add_argument("--optimizer", default="sgd", choices=["sgd", "adam", "adadelta"])
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument(
        "--what",
        nargs="+",
        default=["train"],
        choices=["train", "fit", "predict"],
        help=f"train: one train_on_batch; fit: an epoch of {FIT_STEPS} batches",
    )
    arguments = parser.parse_args()
    if arguments.serve:
        [name], [what] = arguments.models, arguments.what
        optimizer, batch = arguments.optimizer, arguments.batch
        peers.serve(make_step(arguments.serve, name, what, optimizer, batch))
        return
    for name in arguments.models:
        for what in arguments.what:
            extra = ["--models", name, "--what", what, "--optimizer", arguments.optimizer]
            extra += ["--batch", str(arguments.batch)]
            times = peers.compare(__file__, arguments, extra)
            peers.report(f"{name}, {what}, batch {arguments.batch}", times)


if __name__ == "__main__":
    main()
