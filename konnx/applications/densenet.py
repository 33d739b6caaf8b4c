"""DenseNet: each layer sees the features of all before it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from konnx.applications import imagenet_utils
from konnx.applications.choices import Choices
from konnx.applications.image_shapes import Shape, channel_axis, normalized
from konnx.applications.imagenet_utils import decode_predictions
from konnx.applications.network import Application, Network, weight_files
from konnx.graph import Tensor
from konnx.layers import (
    Activation,
    AveragePooling2D,
    Concatenate,
    Conv2D,
    MaxPooling2D,
    ZeroPadding2D,
)
from konnx.models import Model

__all__ = ["DenseNet121", "DenseNet169", "DenseNet201", "decode_predictions", "preprocess_input"]

_EPSILON = 1.001e-5
_GROWTH = 32


def _features(images: Tensor, blocks: Sequence[int]) -> Any:
    x = ZeroPadding2D(3)(images)
    x = Conv2D(64, 7, strides=2, use_bias=False, name="conv1/conv")(x)
    x = _active(x, "conv1/bn", "conv1/relu")
    x = ZeroPadding2D(1)(x)
    x = MaxPooling2D(3, strides=2, name="pool1")(x)
    for stage, count in enumerate(blocks, 2):
        x = _transition(x, f"pool{stage - 1}") if stage > 2 else x
        for number in range(1, count + 1):
            x = _block(x, f"conv{stage}_block{number}")
    return _active(x, "bn", "relu")


def _block(x: Any, name: str) -> Any:
    given = x
    x = _active(x, f"{name}_0_bn", f"{name}_0_relu")
    x = Conv2D(4 * _GROWTH, 1, use_bias=False, name=f"{name}_1_conv")(x)
    x = _active(x, f"{name}_1_bn", f"{name}_1_relu")
    x = Conv2D(_GROWTH, 3, padding="same", use_bias=False, name=f"{name}_2_conv")(x)
    return Concatenate(axis=channel_axis(), name=f"{name}_concat")([given, x])


def _transition(x: Any, name: str) -> Any:
    x = _active(x, f"{name}_bn", f"{name}_relu")
    x = Conv2D(x.shape[channel_axis()] // 2, 1, use_bias=False, name=f"{name}_conv")(x)
    return AveragePooling2D(2, strides=2, name=f"{name}_pool")(x)


def _active(x: Any, normalization: str, activation: str) -> Any:
    return Activation("relu", name=activation)(normalized(x, normalization, epsilon=_EPSILON))


def _network(name: str, blocks: Sequence[int], top_hash: str, notop_hash: str) -> Network:
    return Network(
        name,
        lambda images: _features(images, blocks),
        size=224,
        smallest=32,
        files=weight_files(name, top_hash, notop_hash, family="densenet"),
        pool_names=("avg_pool", "max_pool"),
    )


_DENSENET121 = _network(
    "densenet121",
    (6, 12, 24, 16),
    "9d60b8095a5708f2dcce2bca79d332c7",
    "30ee3e1110167f948a6b9946edeeb738",
)
_DENSENET169 = _network(
    "densenet169",
    (6, 12, 32, 32),
    "d699b8f76981ab1b30698df4c175e90b",
    "b8c4d4c20dd625c148057b9ff1c1176b",
)
_DENSENET201 = _network(
    "densenet201",
    (6, 12, 48, 32),
    "1ceb130c1ea1b78c3bf6114dbdfd8807",
    "c13680b51ded0fb44dff2d8f86ac8bb1",
)


_DOCUMENTATION = """Make {name}: blocks whose layers take all that was made before.

Args:
    include_top: whether to classify; otherwise the features are the output.
    weights: None for random ones, "imagenet" for those published, or the path of a file.
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

Source: Huang et al., 2016 (arXiv 1608.06993).

Example:
    >>> {name}(weights=None, include_top=False, input_shape=(32, 32, 3)).output_shape
    (None, 1, 1, {features})
"""


def _application(name: str, network: Network, features: int) -> Application:
    """Return a function that makes DenseNet of one size, named and documented as such."""

    def make(
        include_top: bool = True,
        weights: Any = "imagenet",
        input_tensor: Tensor | None = None,
        input_shape: Shape | None = None,
        pooling: str | None = None,
        classes: int = 1000,
        classifier_activation: Any = "softmax",
    ) -> Model:
        choices = Choices(
            include_top,
            weights,
            input_tensor,
            input_shape,
            pooling,
            classes,
            classifier_activation,
        )
        return network.build(choices)

    make.__name__ = make.__qualname__ = name
    make.__doc__ = _DOCUMENTATION.format(name=name, features=features)
    return make


DenseNet121 = _application("DenseNet121", _DENSENET121, 1024)
"""DenseNet of 121 layers; `help` shows the arguments."""
DenseNet169 = _application("DenseNet169", _DENSENET169, 1664)
"""DenseNet of 169 layers; `help` shows the arguments."""
DenseNet201 = _application("DenseNet201", _DENSENET201, 1920)
"""DenseNet of 201 layers; `help` shows the arguments."""


def preprocess_input(x: Any, data_format: str | None = None) -> Any:
    """Return images as the network takes them: normalized as those of ImageNet.

    Args:
        x: one image or a batch, an array or a tensor, red, green and blue from 0 to 255.
        data_format: "channels_last" or "channels_first"; default: `image_data_format()`.
    """
    return imagenet_utils.preprocess_input(x, data_format, mode="torch")
