"""Xception, of convolutions that treat channels and places apart."""

from __future__ import annotations

from typing import Any

from konnx.applications import imagenet_utils
from konnx.applications.choices import Choices
from konnx.applications.image_shapes import Shape, normalized
from konnx.applications.imagenet_utils import decode_predictions
from konnx.applications.network import Network, weight_files
from konnx.graph import Tensor
from konnx.layers import Activation, Conv2D, MaxPooling2D, SeparableConv2D, add
from konnx.models import Model

__all__ = ["Xception", "decode_predictions", "preprocess_input"]


def _features(images: Tensor) -> Any:
    x = _first(images, 32, "block1_conv1", strides=2)
    x = _first(x, 64, "block1_conv2")
    for number, filters in ((2, 128), (3, 256), (4, 728)):
        # The first activation of block 2 is that of block 1.
        x = _narrowing(x, f"block{number}", (filters, filters), active=number > 2)
    for number in range(5, 13):
        x = _middle(x, f"block{number}")
    x = _narrowing(x, "block13", (728, 1024), active=True)
    for number, filters in ((1, 1536), (2, 2048)):
        name = f"block14_sepconv{number}"
        x = Activation("relu", name=f"{name}_act")(_separable(x, filters, name))
    return x


def _first(x: Tensor, filters: int, name: str, strides: int = 1) -> Any:
    x = Conv2D(filters, 3, strides=strides, use_bias=False, name=name)(x)
    return Activation("relu", name=f"{name}_act")(normalized(x, f"{name}_bn"))


def _narrowing(x: Tensor, block: str, filters: tuple[int, int], active: bool) -> Any:
    shortcut = Conv2D(filters[1], 1, strides=2, padding="same", use_bias=False)(x)
    shortcut = normalized(shortcut)
    if active:
        x = Activation("relu", name=f"{block}_sepconv1_act")(x)
    x = _separable(x, filters[0], f"{block}_sepconv1")
    x = Activation("relu", name=f"{block}_sepconv2_act")(x)
    x = _separable(x, filters[1], f"{block}_sepconv2")
    x = MaxPooling2D(3, strides=2, padding="same", name=f"{block}_pool")(x)
    return add([x, shortcut])


def _middle(x: Tensor, block: str) -> Any:
    shortcut = x
    for number in (1, 2, 3):
        name = f"{block}_sepconv{number}"
        x = _separable(Activation("relu", name=f"{name}_act")(x), 728, name)
    return add([x, shortcut])


def _separable(x: Tensor, filters: int, name: str) -> Any:
    x = SeparableConv2D(filters, 3, padding="same", use_bias=False, name=name)(x)
    return normalized(x, f"{name}_bn")


_NETWORK = Network(
    "xception",
    _features,
    size=299,
    smallest=71,
    files=weight_files(
        "xception", "0a58e3b7378bc2990ea3b43d5981f1f6", "b0042744bf5b25fce3cb969f33bebb97"
    ),
)


def Xception(  # noqa: N802 - Keras' name
    include_top: bool = True,
    weights: Any = "imagenet",
    input_tensor: Tensor | None = None,
    input_shape: Shape | None = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
) -> Model:
    """Make Xception: separable convolutions in blocks with shortcuts.

    Args:
        include_top: whether to classify; otherwise the features are the output.
        weights: None for random ones, "imagenet" for those published, or the path of a file.
        input_tensor: images that layers made; default: a new input.
        input_shape: of an image, channels where `image_data_format()` says, at least 71 by
            71 pixels; default: 299 by 299 with the top, any without.
        pooling: "avg" or "max" over the places of the features without the top, or None.
        classes: how many, with the top.
        classifier_activation: of the top; None gives logits.

    Raises:
        ValueError: the arguments contradict each other, images are too small, or a file holds
            weights of another network.
        FileNotFoundError: there is no such file, or nothing may be downloaded.

    Source: Chollet, 2016 (arXiv 1610.02357).

    Example:
        >>> Xception(weights=None, include_top=False, input_shape=(71, 71, 3)).output_shape
        (None, 3, 3, 2048)
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
