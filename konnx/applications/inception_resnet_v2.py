"""Inception with shortcuts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from konnx.applications import imagenet_utils
from konnx.applications.choices import Choices
from konnx.applications.image_shapes import Shape, channel_axis, normalized
from konnx.applications.imagenet_utils import decode_predictions
from konnx.applications.network import Network, weight_files
from konnx.graph import Tensor
from konnx.layers import (
    Activation,
    Add,
    AveragePooling2D,
    Concatenate,
    Conv2D,
    MaxPooling2D,
    Rescaling,
)
from konnx.models import Model

__all__ = ["InceptionResNetV2", "decode_predictions", "preprocess_input"]

_Branches = Callable[[Tensor], list[Tensor]]


def _features(images: Tensor) -> Any:
    x = _mixed_5b(_stem(images))
    for number in range(1, 11):
        x = _block(x, _branches_of_35, 0.17, f"block35_{number}")
    x = _mixed_6a(x)
    for number in range(1, 21):
        x = _block(x, _branches_of_17, 0.1, f"block17_{number}")
    x = _mixed_7a(x)
    for number in range(1, 10):
        x = _block(x, _branches_of_8, 0.2, f"block8_{number}")
    x = _block(x, _branches_of_8, 1.0, "block8_10", active=False)
    return _convolved(x, 1536, 1, name="conv_7b")


def _stem(images: Tensor) -> Any:
    x = _convolved(images, 32, 3, strides=2, padding="valid")
    x = _convolved(x, 32, 3, padding="valid")
    x = _convolved(x, 64, 3)
    x = MaxPooling2D(3, strides=2)(x)
    x = _convolved(x, 80, 1, padding="valid")
    x = _convolved(x, 192, 3, padding="valid")
    return MaxPooling2D(3, strides=2)(x)


def _mixed_5b(x: Tensor) -> Any:
    first = _convolved(x, 96, 1)
    second = _convolved(_convolved(x, 48, 1), 64, 5)
    third = _convolved(_convolved(_convolved(x, 64, 1), 96, 3), 96, 3)
    pooled = _convolved(AveragePooling2D(3, strides=1, padding="same")(x), 64, 1)
    return _joined([first, second, third, pooled], "mixed_5b")


def _mixed_6a(x: Tensor) -> Any:
    first = _convolved(x, 384, 3, strides=2, padding="valid")
    second = _convolved(_convolved(x, 256, 1), 256, 3)
    second = _convolved(second, 384, 3, strides=2, padding="valid")
    return _joined([first, second, MaxPooling2D(3, strides=2)(x)], "mixed_6a")


def _mixed_7a(x: Tensor) -> Any:
    first = _convolved(_convolved(x, 256, 1), 384, 3, strides=2, padding="valid")
    second = _convolved(_convolved(x, 256, 1), 288, 3, strides=2, padding="valid")
    third = _convolved(_convolved(x, 256, 1), 288, 3)
    third = _convolved(third, 320, 3, strides=2, padding="valid")
    return _joined([first, second, third, MaxPooling2D(3, strides=2)(x)], "mixed_7a")


def _branches_of_35(x: Tensor) -> list[Tensor]:
    first = _convolved(x, 32, 1)
    second = _convolved(_convolved(x, 32, 1), 32, 3)
    third = _convolved(_convolved(_convolved(x, 32, 1), 48, 3), 64, 3)
    return [first, second, third]


def _branches_of_17(x: Tensor) -> list[Tensor]:
    first = _convolved(x, 192, 1)
    second = _convolved(_convolved(_convolved(x, 128, 1), 160, (1, 7)), 192, (7, 1))
    return [first, second]


def _branches_of_8(x: Tensor) -> list[Tensor]:
    first = _convolved(x, 192, 1)
    second = _convolved(_convolved(_convolved(x, 192, 1), 224, (1, 3)), 256, (3, 1))
    return [first, second]


def _block(x: Any, branches: _Branches, scale: float, name: str, active: bool = True) -> Any:
    mixed = _joined(branches(x), f"{name}_mixed")
    residue = Conv2D(x.shape[channel_axis()], 1, padding="same", name=f"{name}_conv")(mixed)
    x = Add()([x, Rescaling(scale)(residue)])
    return Activation("relu", name=f"{name}_ac")(x) if active else x


def _joined(branches: list[Tensor], name: str) -> Any:
    return Concatenate(axis=channel_axis(), name=name)(branches)


def _convolved(
    x: Tensor,
    filters: int,
    size: int | tuple[int, int],
    strides: int = 1,
    padding: str = "same",
    name: str | None = None,
) -> Any:
    x = Conv2D(filters, size, strides=strides, padding=padding, use_bias=False, name=name)(x)
    x = normalized(x, None if name is None else f"{name}_bn", scale=False)
    return Activation("relu", name=None if name is None else f"{name}_ac")(x)


_NETWORK = Network(
    "inception_resnet_v2",
    _features,
    size=299,
    smallest=75,
    files=weight_files(
        "inception_resnet_v2",
        "e693bd0210a403b3192acc6073ad2e96",
        "d19885ff4a710c122648d3b5c3b684e4",
    ),
)


def InceptionResNetV2(  # noqa: N802 - Keras' name
    include_top: bool = True,
    weights: Any = "imagenet",
    input_tensor: Tensor | None = None,
    input_shape: Shape | None = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
) -> Model:
    """Make InceptionResNetV2: branches side by side, added to their input.

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

    Source: Szegedy et al., 2016 (arXiv 1602.07261).

    Example:
        >>> InceptionResNetV2(weights=None, include_top=False, input_shape=(75, 75, 3)).output_shape
        (None, 1, 1, 1536)
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
