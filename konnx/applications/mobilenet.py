"""MobileNet, for small devices."""

from __future__ import annotations

from typing import Any

from konnx.applications import imagenet_utils
from konnx.applications.choices import Choices
from konnx.applications.image_shapes import Shape, normalized, published_size
from konnx.applications.imagenet_utils import decode_predictions
from konnx.applications.network import PUBLISHED, Network, WeightFiles
from konnx.graph import Tensor
from konnx.layers import (
    Activation,
    Conv2D,
    DepthwiseConv2D,
    Dropout,
    GlobalAveragePooling2D,
    ReLU,
    Reshape,
    ZeroPadding2D,
)
from konnx.models import Model

__all__ = ["MobileNet", "decode_predictions", "preprocess_input"]

# Filters and strides of each block, after the first convolution.
_BLOCKS = (
    (64, 1),
    (128, 2),
    (128, 1),
    (256, 2),
    (256, 1),
    (512, 2),
    *((512, 1),) * 5,
    (1024, 2),
    (1024, 1),
)
_SIZES = (128, 160, 192, 224)
_ALPHAS = {0.25: "2_5", 0.5: "5_0", 0.75: "7_5", 1.0: "1_0"}


def MobileNet(  # noqa: N802 - Keras' name
    input_shape: Shape | None = None,
    alpha: float = 1.0,
    depth_multiplier: int = 1,
    dropout: float = 1e-3,
    include_top: bool = True,
    weights: Any = "imagenet",
    input_tensor: Tensor | None = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
) -> Model:
    """Make MobileNet: convolutions of each channel, then over the channels.

    Args:
        input_shape: of an image, channels where `image_data_format()` says, at least 32 by 32
            pixels; default: 224 by 224 with the top, any without.
        alpha: multiplies the filters of all layers; 0.25, 0.5, 0.75 or 1 for published weights.
        depth_multiplier: how many channels the convolution of one channel makes.
        dropout: of the features before the top, a rate.
        include_top: whether to classify; otherwise the features are the output.
        weights: None for random ones, "imagenet" for those published, or the path of a file.
        input_tensor: images that layers made; default: a new input.
        pooling: "avg" or "max" over the places of the features without the top, or None.
        classes: how many, with the top.
        classifier_activation: of the top; None gives logits.

    Raises:
        ValueError: the arguments contradict each other, images are too small, or a file holds
            weights of another network.
        FileNotFoundError: there is no such file, or nothing may be downloaded.

    Source: Howard et al., 2017 (arXiv 1704.04861).

    Example:
        >>> MobileNet((32, 32, 3), alpha=0.25, weights=None, include_top=False).output_shape
        (None, 1, 1, 256)
    """
    _check(alpha, depth_multiplier, weights)
    size = published_size(input_shape, input_tensor, _SIZES)

    def features(images: Tensor) -> Any:
        return _features(images, alpha, depth_multiplier)

    def top(x: Tensor, choices: Choices) -> Any:
        return _top(x, choices, dropout)

    files = _files(alpha, size)
    network = Network(f"mobilenet_{alpha:0.2f}_{size}", features, size, 32, files, top)
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


def _check(alpha: Any, depth_multiplier: int, weights: Any) -> None:
    if not isinstance(alpha, int | float) or int(32 * alpha) < 1 or depth_multiplier < 1:
        raise ValueError(
            "'mobilenet': `alpha` must be at least 1/32 and `depth_multiplier` at least 1. "
            f"Received: alpha={alpha!r}, depth_multiplier={depth_multiplier}"
        )
    if weights == "imagenet" and (alpha not in _ALPHAS or depth_multiplier != 1):
        raise ValueError(
            "'mobilenet': weights of ImageNet are published for alpha 0.25, 0.5, 0.75 and 1.0 and "
            f"depth_multiplier 1. Received: alpha={alpha}, depth_multiplier={depth_multiplier}"
        )


def _files(alpha: float, size: int) -> WeightFiles:
    stem = f"mobilenet_{_ALPHAS.get(alpha)}_{size}_tf"
    return WeightFiles(f"{PUBLISHED}/mobilenet", f"{stem}.h5", None, f"{stem}_no_top.h5", None)


def _features(images: Tensor, alpha: float, depth_multiplier: int) -> Any:
    filters = int(32 * alpha)
    x = Conv2D(filters, 3, strides=2, padding="same", use_bias=False, name="conv1")(images)
    x = _active(x, "conv1")
    for number, (filters, strides) in enumerate(_BLOCKS, 1):
        x = _depthwise(x, strides, depth_multiplier, number)
        name = f"conv_pw_{number}"
        x = Conv2D(int(filters * alpha), 1, padding="same", use_bias=False, name=name)(x)
        x = _active(x, name)
    return x


def _depthwise(x: Tensor, strides: int, depth_multiplier: int, number: int) -> Any:
    if strides > 1:
        x = ZeroPadding2D(((0, 1), (0, 1)), name=f"conv_pad_{number}")(x)
    name = f"conv_dw_{number}"
    x = DepthwiseConv2D(
        3,
        strides=strides,
        padding="same" if strides == 1 else "valid",
        depth_multiplier=depth_multiplier,
        use_bias=False,
        name=name,
    )(x)
    return _active(x, name)


def _active(x: Tensor, name: str) -> Any:
    return ReLU(6.0, name=f"{name}_relu")(normalized(x, f"{name}_bn"))


def _top(x: Tensor, choices: Choices, dropout: float) -> Any:
    x = GlobalAveragePooling2D(keepdims=True)(x)
    x = Dropout(dropout, name="dropout")(x)
    x = Conv2D(choices.classes, 1, padding="same", name="conv_preds")(x)
    x = Reshape((choices.classes,), name="reshape_2")(x)
    return Activation(choices.classifier_activation, name="predictions")(x)


def preprocess_input(x: Any, data_format: str | None = None) -> Any:
    """Return images as the network takes them: from -1 to 1.

    Args:
        x: one image or a batch, an array or a tensor, red, green and blue from 0 to 255.
        data_format: "channels_last" or "channels_first"; default: `image_data_format()`.
    """
    return imagenet_utils.preprocess_input(x, data_format, mode="tf")
