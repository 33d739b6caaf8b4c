"""ResNet50 as Keras 2.1 built it, for files of weights that it wrote.

It differs from that of tf.keras in the names and order of layers, and in what it computes: no zeros
are put around the images before the first pooling, normalizations have Keras' usual epsilon, and
the last pooling takes 7 by 7 places, without the top, too.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from konnx.applications.choices import Choices
from konnx.applications.image_shapes import normalized
from konnx.applications.network import Network, WeightFiles
from konnx.graph import Tensor
from konnx.layers import (
    Activation,
    AveragePooling2D,
    Conv2D,
    Dense,
    Flatten,
    MaxPooling2D,
    ZeroPadding2D,
    add,
)

# Stages: number, filters, blocks, stride of the first block.
_STAGES = ((2, 64, "abc", 1), (3, 128, "abcd", 2), (4, 256, "abcdef", 2), (5, 512, "abc", 2))


def is_of_keras_2_1(weights: Any) -> bool:
    """Return whether a file of weights has the layers' names that Keras 2.1 gave them."""
    from konnx.converters import FileFormatError
    from konnx.converters.hdf5 import read_layer_names

    if not (isinstance(weights, str | os.PathLike) and Path(weights).is_file()):
        return False
    try:
        return "bn_conv1" in read_layer_names(weights)
    except FileFormatError:
        return False


def _features(images: Tensor) -> Any:
    x = ZeroPadding2D(3, name="conv1_pad")(images)
    x = Conv2D(64, 7, strides=2, name="conv1")(x)
    x = Activation("relu")(normalized(x, "bn_conv1"))
    x = MaxPooling2D(3, strides=2)(x)
    for stage, filters, letters, strides in _STAGES:
        x = _block(x, filters, f"{stage}{letters[0]}", strides, project=True)
        for letter in letters[1:]:
            x = _block(x, filters, f"{stage}{letter}")
    return AveragePooling2D(7, name="avg_pool")(x)


def _block(given: Tensor, filters: int, name: str, strides: int = 1, project: bool = False) -> Any:
    x = _convolved(given, filters, 1, f"{name}_branch2a", strides=strides)
    x = _convolved(Activation("relu")(x), filters, 3, f"{name}_branch2b", padding="same")
    x = _convolved(Activation("relu")(x), 4 * filters, 1, f"{name}_branch2c")
    shortcut: Any = given
    if project:
        shortcut = _convolved(given, 4 * filters, 1, f"{name}_branch1", strides=strides)
    return Activation("relu")(add([x, shortcut]))


def _convolved(x: Tensor, filters: int, size: int, name: str, **arguments: Any) -> Any:
    return normalized(Conv2D(filters, size, name=f"res{name}", **arguments)(x), f"bn{name}")


def _top(x: Tensor, choices: Choices) -> Any:
    activation = choices.classifier_activation
    return Dense(choices.classes, activation=activation, name="fc1000")(Flatten()(x))


RESNET50_OF_KERAS_2_1 = Network(
    "resnet50",
    _features,
    size=224,
    smallest=197,
    files=WeightFiles(
        "https://github.com/fchollet/deep-learning-models/releases/download/v0.2",
        "resnet50_weights_tf_dim_ordering_tf_kernels.h5",
        "a7b3fe01876f51b976af0dea6bc144eb",
        "resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5",
        "a268eb855778b3df3c7506639542a6af",
    ),
    top=_top,
    top_sizes_vary=False,
)
