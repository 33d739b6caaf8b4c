"""Inception, third version: branches of convolutions side by side."""

from __future__ import annotations

from typing import Any

from konnx.applications import imagenet_utils
from konnx.applications.choices import Choices
from konnx.applications.image_shapes import Shape, channel_axis, normalized
from konnx.applications.imagenet_utils import decode_predictions
from konnx.applications.network import Network, weight_files
from konnx.graph import Tensor
from konnx.layers import Activation, AveragePooling2D, Concatenate, Conv2D, MaxPooling2D
from konnx.models import Model

__all__ = ["InceptionV3", "decode_predictions", "preprocess_input"]


def _features(images: Tensor) -> Any:
    x = _stem(images)
    for number, filters in enumerate((32, 64, 64)):
        x = _mixed_of_5(x, filters, f"mixed{number}")
    x = _narrowing_of_3(x)
    for number, filters in enumerate((128, 160, 160, 192), 4):
        x = _mixed_of_7(x, filters, f"mixed{number}")
    x = _narrowing_of_7(x)
    for number in (0, 1):
        x = _widest(x, number)
    return x


def _stem(images: Tensor) -> Any:
    x = _convolved(images, 32, 3, 3, strides=2, padding="valid")
    x = _convolved(x, 32, 3, 3, padding="valid")
    x = _convolved(x, 64, 3, 3)
    x = MaxPooling2D(3, strides=2)(x)
    x = _convolved(x, 80, 1, 1, padding="valid")
    x = _convolved(x, 192, 3, 3, padding="valid")
    return MaxPooling2D(3, strides=2)(x)


def _mixed_of_5(x: Tensor, filters: int, name: str) -> Any:
    first = _convolved(x, 64, 1, 1)
    second = _convolved(_convolved(x, 48, 1, 1), 64, 5, 5)
    third = _convolved(_convolved(_convolved(x, 64, 1, 1), 96, 3, 3), 96, 3, 3)
    return _joined([first, second, third, _averaged(x, filters)], name)


def _narrowing_of_3(x: Tensor) -> Any:
    first = _convolved(x, 384, 3, 3, strides=2, padding="valid")
    second = _convolved(_convolved(x, 64, 1, 1), 96, 3, 3)
    second = _convolved(second, 96, 3, 3, strides=2, padding="valid")
    return _joined([first, second, MaxPooling2D(3, strides=2)(x)], "mixed3")


def _mixed_of_7(x: Tensor, filters: int, name: str) -> Any:
    first = _convolved(x, 192, 1, 1)
    second = _convolved(_convolved(x, filters, 1, 1), filters, 1, 7)
    second = _convolved(second, 192, 7, 1)
    third = _convolved(_convolved(x, filters, 1, 1), filters, 7, 1)
    third = _convolved(_convolved(third, filters, 1, 7), filters, 7, 1)
    third = _convolved(third, 192, 1, 7)
    return _joined([first, second, third, _averaged(x, 192)], name)


def _narrowing_of_7(x: Tensor) -> Any:
    first = _convolved(x, 192, 1, 1)
    first = _convolved(first, 320, 3, 3, strides=2, padding="valid")
    second = _convolved(_convolved(_convolved(x, 192, 1, 1), 192, 1, 7), 192, 7, 1)
    second = _convolved(second, 192, 3, 3, strides=2, padding="valid")
    return _joined([first, second, MaxPooling2D(3, strides=2)(x)], "mixed8")


def _widest(x: Tensor, number: int) -> Any:
    first = _convolved(x, 320, 1, 1)
    second = _forked(_convolved(x, 384, 1, 1), f"mixed9_{number}")
    third = _forked(_convolved(_convolved(x, 448, 1, 1), 384, 3, 3))
    return _joined([first, second, third, _averaged(x, 192)], f"mixed{9 + number}")


def _forked(x: Tensor, name: str | None = None) -> Any:
    return _joined([_convolved(x, 384, 1, 3), _convolved(x, 384, 3, 1)], name)


def _averaged(x: Tensor, filters: int) -> Any:
    return _convolved(AveragePooling2D(3, strides=1, padding="same")(x), filters, 1, 1)


def _joined(branches: list[Tensor], name: str | None) -> Any:
    return Concatenate(axis=channel_axis(), name=name)(branches)


def _convolved(
    x: Tensor, filters: int, rows: int, columns: int, strides: int = 1, padding: str = "same"
) -> Any:
    size = (rows, columns)
    x = Conv2D(filters, size, strides=strides, padding=padding, use_bias=False)(x)
    return Activation("relu")(normalized(x, scale=False))


_NETWORK = Network(
    "inception_v3",
    _features,
    size=299,
    smallest=75,
    files=weight_files(
        "inception_v3", "9a0d58056eeedaa3f26cb7ebd46da564", "bcbd6486424b2319ff4ef7d526e38f63"
    ),
)


def InceptionV3(  # noqa: N802 - Keras' name
    include_top: bool = True,
    weights: Any = "imagenet",
    input_tensor: Tensor | None = None,
    input_shape: Shape | None = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
) -> Model:
    """Make InceptionV3: blocks of branches, joined along the channels.

    Args:
        include_top: whether to classify; otherwise the features are the output.
        weights: None for random ones, "imagenet" for those published, or the path of a file.
        input_tensor: images that layers made; default: a new input.
        input_shape: of an image, channels where `image_data_format()` says, at least 75 by
            75 pixels; default: 299 by 299 with the top, any without.
        pooling: "avg" or "max" over the places of the features without the top, or None.
        classes: how many, with the top.
        classifier_activation: of the top; None gives logits.

    Raises:
        ValueError: the arguments contradict each other, images are too small, or a file holds
            weights of another network.
        FileNotFoundError: there is no such file, or nothing may be downloaded.

    Source: Szegedy et al., 2015 (arXiv 1512.00567).

    Example:
        >>> InceptionV3(weights=None, include_top=False, input_shape=(75, 75, 3)).output_shape
        (None, 1, 1, 2048)
    """
    choices = Choices(
        include_top,
        weights,
        input_tensor,
        input_shape,
        pooling,
        classes,
        classifier_activation,
    )
    return _NETWORK.build(choices)


def preprocess_input(x: Any, data_format: str | None = None) -> Any:
    """Return images as the network takes them: from -1 to 1.

    Args:
        x: one image or a batch, an array or a tensor, red, green and blue from 0 to 255.
        data_format: "channels_last" or "channels_first"; default: `image_data_format()`.
    """
    return imagenet_utils.preprocess_input(x, data_format, mode="tf")
