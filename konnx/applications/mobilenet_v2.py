"""MobileNet, second version: narrow blocks joined by shortcuts, wide inside."""

from __future__ import annotations

from typing import Any

from konnx.applications import imagenet_utils
from konnx.applications.choices import Choices
from konnx.applications.image_shapes import (
    Shape,
    channel_axis,
    normalized,
    padding_before_strides,
    published_size,
)
from konnx.applications.imagenet_utils import decode_predictions
from konnx.applications.network import PUBLISHED, Network, WeightFiles, dense_predictions
from konnx.graph import Tensor
from konnx.layers import (
    Add,
    Conv2D,
    DepthwiseConv2D,
    GlobalAveragePooling2D,
    ReLU,
    ZeroPadding2D,
)
from konnx.models import Model

__all__ = ["MobileNetV2", "decode_predictions", "preprocess_input"]

# Filters, strides of the first block, blocks.
_STAGES = (
    (16, 1, 1),
    (24, 2, 2),
    (32, 2, 3),
    (64, 2, 4),
    (96, 1, 3),
    (160, 2, 3),
    (320, 1, 1),
)
_SIZES = (96, 128, 160, 192, 224)
_ALPHAS = (0.35, 0.5, 0.75, 1.0, 1.3, 1.4)


def MobileNetV2(  # noqa: N802 - Keras' name
    input_shape: Shape | None = None,
    alpha: float = 1.0,
    include_top: bool = True,
    weights: Any = "imagenet",
    input_tensor: Tensor | None = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
) -> Model:
    """Make MobileNetV2: blocks that widen, convolve each channel and narrow again.

    Args:
        input_shape: of an image, channels where `image_data_format()` says, at least 32 by 32
            pixels; default: 224 by 224 with the top, any without.
        alpha: multiplies the filters of all layers; 0.35, 0.5, 0.75, 1, 1.3 or 1.4 for published
            weights.
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

    Source: Sandler et al., 2018 (arXiv 1801.04381).

    Example:
        >>> MobileNetV2((32, 32, 3), alpha=0.35, weights=None, include_top=False).output_shape
        (None, 1, 1, 1280)
    """
    _check(alpha, weights)
    size = published_size(input_shape, input_tensor, _SIZES)

    def features(images: Tensor) -> Any:
        return _features(images, alpha)

    network = Network(
        f"mobilenetv2_{alpha:0.2f}_{size}", features, size, 32, _files(alpha, size), _top
    )
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


def _check(alpha: Any, weights: Any) -> None:
    if not isinstance(alpha, int | float) or alpha <= 0:
        raise ValueError(f"'mobilenetv2': `alpha` must be positive. Received: alpha={alpha!r}")
    if weights == "imagenet" and alpha not in _ALPHAS:
        raise ValueError(
            f"'mobilenetv2': weights of ImageNet are published for alpha {_ALPHAS}. "
            f"Received: alpha={alpha}"
        )


def _files(alpha: float, size: int) -> WeightFiles:
    stem = f"mobilenet_v2_weights_tf_dim_ordering_tf_kernels_{float(alpha)}_{size}"
    return WeightFiles(f"{PUBLISHED}/mobilenet_v2", f"{stem}.h5", None, f"{stem}_no_top.h5", None)


def _features(images: Tensor, alpha: float) -> Any:
    x: Any = images
    first = _in_eights(32 * alpha)
    x = Conv2D(first, 3, strides=2, padding="same", use_bias=False, name="Conv1")(x)
    x = ReLU(6.0, name="Conv1_relu")(_normalized(x, "bn_Conv1"))
    number = 0
    for filters, strides, blocks in _STAGES:
        for block in range(blocks):
            x = _block(x, _in_eights(int(filters * alpha)), 1 if block else strides, number)
            number += 1
    last = _in_eights(1280 * max(alpha, 1.0))
    x = Conv2D(last, 1, use_bias=False, name="Conv_1")(x)
    return ReLU(6.0, name="out_relu")(_normalized(x, "Conv_1_bn"))


def _block(x: Any, filters: int, strides: int, number: int) -> Any:
    given, channels = x, x.shape[channel_axis()]
    name = f"block_{number}" if number else "expanded_conv"
    if number:
        x = Conv2D(6 * channels, 1, padding="same", use_bias=False, name=f"{name}_expand")(x)
        x = ReLU(6.0, name=f"{name}_expand_relu")(_normalized(x, f"{name}_expand_BN"))
    if strides == 2:
        x = ZeroPadding2D(padding_before_strides(x, 3), name=f"{name}_pad")(x)
    padding = "same" if strides == 1 else "valid"
    x = DepthwiseConv2D(
        3, strides=strides, padding=padding, use_bias=False, name=f"{name}_depthwise"
    )(x)
    x = ReLU(6.0, name=f"{name}_depthwise_relu")(_normalized(x, f"{name}_depthwise_BN"))
    x = Conv2D(filters, 1, padding="same", use_bias=False, name=f"{name}_project")(x)
    x = _normalized(x, f"{name}_project_BN")
    if channels == filters and strides == 1:
        return Add(name=f"{name}_add")([given, x])
    return x


def _normalized(x: Any, name: str) -> Any:
    return normalized(x, name, momentum=0.999)


def _in_eights(filters: float) -> int:
    """Return the nearest multiple of 8, yet no less than 90 % of the filters."""
    nearest = max(8, int(filters + 4) // 8 * 8)
    return nearest + 8 if nearest < 0.9 * filters else nearest


def _top(x: Tensor, choices: Choices) -> Any:
    return dense_predictions(GlobalAveragePooling2D()(x), choices)


def preprocess_input(x: Any, data_format: str | None = None) -> Any:
    """Return images as the network takes them: from -1 to 1.

    Args:
        x: one image or a batch, an array or a tensor, red, green and blue from 0 to 255.
        data_format: "channels_last" or "channels_first"; default: `image_data_format()`.
    """
    return imagenet_utils.preprocess_input(x, data_format, mode="tf")
