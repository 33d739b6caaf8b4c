"""ResNet with 50 layers that have weights."""

from __future__ import annotations

from typing import Any

from konnx.applications import imagenet_utils
from konnx.applications.choices import Choices
from konnx.applications.image_shapes import Shape, normalized
from konnx.applications.imagenet_utils import decode_predictions
from konnx.applications.network import Network, weight_files
from konnx.applications.resnet50_of_keras_2_1 import RESNET50_OF_KERAS_2_1, is_of_keras_2_1
from konnx.graph import Tensor
from konnx.layers import Activation, Add, Conv2D, MaxPooling2D, ZeroPadding2D
from konnx.models import Model

__all__ = ["ResNet50", "decode_predictions", "preprocess_input"]

_EPSILON = 1.001e-5

# Stages: name, filters, blocks, stride of the first block.
_STAGES = (("conv2", 64, 3, 1), ("conv3", 128, 4, 2), ("conv4", 256, 6, 2), ("conv5", 512, 3, 2))


def _features(images: Tensor) -> Any:
    x = ZeroPadding2D(3, name="conv1_pad")(images)
    x = _convolved(x, 64, 7, "conv1", strides=2)
    x = Activation("relu", name="conv1_relu")(x)
    x = ZeroPadding2D(1, name="pool1_pad")(x)
    x = MaxPooling2D(3, strides=2, name="pool1_pool")(x)
    for stage, filters, blocks, strides in _STAGES:
        x = _block(x, filters, f"{stage}_block1", strides=strides, project=True)
        for number in range(2, blocks + 1):
            x = _block(x, filters, f"{stage}_block{number}")
    return x


def _block(x: Tensor, filters: int, name: str, strides: int = 1, project: bool = False) -> Any:
    shortcut = _convolved(x, 4 * filters, 1, f"{name}_0", strides=strides) if project else x
    x = _convolved(x, filters, 1, f"{name}_1", strides=strides)
    x = Activation("relu", name=f"{name}_1_relu")(x)
    x = _convolved(x, filters, 3, f"{name}_2", padding="same")
    x = Activation("relu", name=f"{name}_2_relu")(x)
    x = _convolved(x, 4 * filters, 1, f"{name}_3")
    x = Add(name=f"{name}_add")([shortcut, x])
    return Activation("relu", name=f"{name}_out")(x)


def _convolved(x: Tensor, filters: int, size: int, name: str, **arguments: Any) -> Any:
    x = Conv2D(filters, size, name=f"{name}_conv", **arguments)(x)
    return normalized(x, f"{name}_bn", epsilon=_EPSILON)


_NETWORK = Network(
    "resnet50",
    _features,
    size=224,
    smallest=32,
    files=weight_files(
        "resnet50",
        "2cb95161c43110f7111970584f804107",
        "4d473c1dd8becc155b73f8504c6f6626",
        family="resnet",
    ),
    pool_names=("avg_pool", "max_pool"),
)


def ResNet50(  # noqa: N802 - Keras' name
    include_top: bool = True,
    weights: Any = "imagenet",
    input_tensor: Tensor | None = None,
    input_shape: Shape | None = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
) -> Model:
    """Make ResNet50: blocks whose input is added to their output.

    Args:
        include_top: whether to classify; otherwise the features are the output.
        weights: None for random ones, "imagenet" for those published, or the path of a file. A
            file that Keras 2.1 wrote makes the network of Keras 2.1, whose layers have other
            names, for images of at least 197 by 197 pixels.
        input_tensor: images that layers made; default: a new input.
        input_shape: of an image, channels where `image_data_format()` says, at least 32 by
            32 pixels; default: 224 by 224 with the top, any without.
        pooling: "avg" or "max" over the places of the features without the top, or None.
        classes: how many, with the top.
        classifier_activation: of the top; None gives logits.

    Raises:
        ValueError: the arguments contradict each other, images are too small, or a file holds
            weights of another network.
        FileNotFoundError: there is no such file, or nothing may be downloaded.

    Source: He et al., 2015 (arXiv 1512.03385); layers as in tf.keras.

    Example:
        >>> ResNet50(weights=None, include_top=False, input_shape=(32, 32, 3)).output_shape
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
    network = RESNET50_OF_KERAS_2_1 if is_of_keras_2_1(weights) else _NETWORK
    return network.build(choices)


def preprocess_input(x: Any, data_format: str | None = None) -> Any:
    """Return images as the network takes them: blue, green and red, less their means.

    Args:
        x: one image or a batch, an array or a tensor, red, green and blue from 0 to 255.
        data_format: "channels_last" or "channels_first"; default: `image_data_format()`.
    """
    return imagenet_utils.preprocess_input(x, data_format, mode="caffe")
