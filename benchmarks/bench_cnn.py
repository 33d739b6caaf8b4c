"""Convolutional networks: konnx' step against Keras 3 on TensorFlow, torch and JAX, and tf_keras.

The measure is the ratio of konnx' time to that of the fastest of Keras 3's backends, in one run.
`mnist_cnn` is the well-known example of Keras; the other models are here so that what makes it
fast makes no other kind of network slow: three input channels, padding, strides, kernels of one
pixel, depthwise convolutions, batch normalization, sums, means of windows, texts.

Run: python benchmarks/bench_cnn.py --peers PYTHON [--models NAME ...] [--what train fit predict]
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import peers

CLASSES = 10
WORDS, LENGTH = 5000, 400  # of the texts
FIT_STEPS = 20

Keras = Any  # konnx or keras: what has `layers` and `models`


def dense_head(layers: Any) -> list[Any]:
    """The end of most examples: two dense layers with dropout between."""
    return [
        layers.Flatten(),
        layers.Dense(128, activation="relu"),
        layers.Dropout(0.5),
        layers.Dense(CLASSES, activation="softmax"),
    ]


def stack(features: Callable[[Any], list[Any]]) -> Callable[[Keras], Any]:
    """A model of some layers, one after another, and a dense head."""
    return lambda keras: keras.models.Sequential(
        [*features(keras.layers), *dense_head(keras.layers)]
    )


def mnist_cnn(layers: Any) -> list[Any]:
    """The example of that name."""
    return [
        layers.Conv2D(32, (3, 3), activation="relu", input_shape=(28, 28, 1)),
        layers.Conv2D(64, (3, 3), activation="relu"),
        layers.MaxPooling2D((2, 2)),
        layers.Dropout(0.25),
    ]


def cifar(layers: Any) -> list[Any]:
    """The example cifar10_cnn: padding, two poolings."""
    conv = layers.Conv2D
    return [
        conv(32, (3, 3), padding="same", activation="relu", input_shape=(32, 32, 3)),
        conv(32, (3, 3), activation="relu"),
        layers.MaxPooling2D((2, 2)),
        conv(64, (3, 3), padding="same", activation="relu"),
        conv(64, (3, 3), activation="relu"),
        layers.MaxPooling2D((2, 2)),
    ]


def strided(layers: Any) -> list[Any]:
    """Strides in the place of pooling."""
    options = {"strides": (2, 2), "padding": "same", "activation": "relu"}
    return [
        layers.Conv2D(32, (3, 3), **options, input_shape=(32, 32, 3)),
        layers.Conv2D(64, (3, 3), **options),
    ]


def pointwise(layers: Any) -> list[Any]:
    """Kernels of one pixel, and the mean of windows."""
    return [
        layers.Conv2D(32, (3, 3), activation="relu", input_shape=(32, 32, 3)),
        layers.Conv2D(64, (1, 1), activation="relu"),
        layers.Conv2D(32, (1, 1), activation="relu"),
        layers.AveragePooling2D((2, 2)),
    ]


def depthwise(layers: Any) -> list[Any]:
    """A separable convolution."""
    return [
        layers.Conv2D(32, (3, 3), activation="relu", input_shape=(32, 32, 3)),
        layers.SeparableConv2D(64, (3, 3), activation="relu"),
        layers.MaxPooling2D((2, 2)),
    ]


def lenet(layers: Any) -> list[Any]:
    """Few channels, large kernels, tanh and the mean of windows."""
    return [
        layers.Conv2D(6, (5, 5), activation="tanh", input_shape=(32, 32, 1)),
        layers.AveragePooling2D((2, 2)),
        layers.Conv2D(16, (5, 5), activation="tanh"),
        layers.AveragePooling2D((2, 2)),
    ]


def resnet(keras: Keras) -> Any:
    """Batch normalization and sums: the example cifar10_resnet with one block in each stage."""
    layers = keras.layers

    def unit(x: Any, filters: int, size: int, stride: int, rectified: bool = True) -> Any:
        x = layers.Conv2D(filters, size, strides=stride, padding="same")(x)
        x = layers.BatchNormalization()(x)
        return layers.Activation("relu")(x) if rectified else x

    image = layers.Input((32, 32, 3))
    x = unit(image, 16, 3, 1)
    for filters, stride in ((16, 1), (32, 2), (64, 2)):
        y = unit(unit(x, filters, 3, stride), filters, 3, 1, rectified=False)
        x = x if stride == 1 else layers.Conv2D(filters, 1, strides=stride, padding="same")(x)
        x = layers.Activation("relu")(layers.add([x, y]))
    x = layers.Flatten()(layers.AveragePooling2D(8)(x))
    return keras.models.Model(image, layers.Dense(CLASSES, activation="softmax")(x))


def mobilenet(keras: Keras) -> Any:
    """Depthwise and pointwise convolutions, each with batch normalization."""
    layers = keras.layers

    def normalized(layer: Any) -> list[Any]:
        return [layer, layers.BatchNormalization(), layers.Activation("relu")]

    stages = [*normalized(layers.Conv2D(32, 3, padding="same", input_shape=(32, 32, 3)))]
    for filters, stride in ((64, 1), (128, 2), (128, 1)):
        stages += normalized(layers.DepthwiseConv2D(3, strides=stride, padding="same"))
        stages += normalized(layers.Conv2D(filters, 1))
    stages += [layers.GlobalAveragePooling2D(), layers.Dense(CLASSES, activation="softmax")]
    return keras.models.Sequential(stages)


def text(keras: Keras) -> Any:
    """The example imdb_cnn with ten classes: a convolution over words."""
    layers = keras.layers
    word = layers.Input((LENGTH,), dtype="int32")
    x = layers.Dropout(0.2)(layers.Embedding(WORDS, 50)(word))
    x = layers.GlobalMaxPooling1D()(layers.Conv1D(250, 3, activation="relu")(x))
    x = layers.Dropout(0.2)(layers.Dense(250, activation="relu")(x))
    return keras.models.Model(word, layers.Dense(CLASSES, activation="softmax")(x))


MODELS: dict[str, Callable[[Keras], Any]] = {
    "mnist_cnn": stack(mnist_cnn),
    "cifar": stack(cifar),
    "strided": stack(strided),
    "pointwise": stack(pointwise),
    "depthwise": stack(depthwise),
    "lenet": stack(lenet),
    "resnet": resnet,
    "mobilenet": mobilenet,
    "text": text,
}


def make_step(framework: str, name: str, what: str, optimizer: str, batch: int) -> Any:
    """Return what is timed: a function without arguments."""
    keras: Any
    if framework == "konnx":
        import konnx.layers
        import konnx.models

        keras = konnx
    else:
        keras = peers.keras_of(framework)
    model = MODELS[name](keras)
    model.compile(optimizer, "categorical_crossentropy", metrics=["accuracy"])
    random = np.random.default_rng(0)
    count = batch * (FIT_STEPS if what == "fit" else 1)
    x = samples(random, (count, *model.input_shape[1:]), of_words=name == "text")
    y = np.eye(CLASSES, dtype=np.float32)[random.integers(0, CLASSES, count)]
    steps: dict[str, Callable[[], object]] = {
        "train": lambda: model.train_on_batch(x, y),
        "fit": lambda: model.fit(x, y, batch_size=batch, epochs=1, verbose=0),
        "predict": lambda: model.predict_on_batch(x),
    }
    return steps[what]


def samples(random: np.random.Generator, shape: tuple[int, ...], *, of_words: bool) -> Any:
    """Images, or texts as the numbers of their words."""
    if of_words:
        return random.integers(0, WORDS, shape, dtype=np.int32)
    return random.random(shape, dtype=np.float32)


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
