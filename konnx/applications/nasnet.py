"""NASNet, of cells that a search found."""

from __future__ import annotations

from typing import Any

from konnx.applications import imagenet_utils
from konnx.applications.choices import Choices
from konnx.applications.image_shapes import (
    Shape,
    channel_axis,
    normalized,
    padding_before_strides,
    split_shape,
)
from konnx.applications.imagenet_utils import decode_predictions
from konnx.applications.network import PUBLISHED, Network, WeightFiles, dense_predictions
from konnx.graph import Tensor
from konnx.layers import (
    Activation,
    Add,
    AveragePooling2D,
    Concatenate,
    Conv2D,
    Cropping2D,
    GlobalAveragePooling2D,
    MaxPooling2D,
    SeparableConv2D,
    ZeroPadding2D,
)
from konnx.models import Model

__all__ = ["NASNetLarge", "NASNetMobile", "decode_predictions", "preprocess_input"]

_HE = "he_normal"


def _network(
    name: str, filters: int, blocks: int, stem: int, skip: bool, size: int, files: WeightFiles
) -> Network:
    def features(images: Tensor) -> Any:
        return _features(images, filters // 24, blocks, stem, skip)

    return Network(name, features, size, 32, files, _top, sizes_vary=False, top_sizes_vary=False)


def _features(images: Tensor, filters: int, blocks: int, stem: int, skip: bool) -> Any:
    x: Any = images
    x = Conv2D(stem, 3, strides=2, use_bias=False, name="stem_conv1", kernel_initializer=_HE)(x)
    x = _normalized(x, "stem_bn1")
    x, previous = _reduction(x, None, filters // 4, "stem_1")
    x, previous = _reduction(x, previous, filters // 2, "stem_2")
    for stage in range(3):
        width = filters * 2**stage
        if stage:
            x, before = _reduction(x, previous, width, f"reduce_{stage * blocks}")
            previous = previous if skip else before
        first = stage * blocks + (1 if stage else 0)
        for number in range(first, first + blocks):
            x, previous = _normal(x, previous, width, f"{number}")
    return Activation("relu")(x)


def _normal(x: Any, previous: Any, filters: int, block: str) -> tuple[Any, Any]:
    p = _adjusted(previous, x, filters, block)
    h = _projected(x, filters, "normal", block)
    first = _pair(
        _separable(h, filters, 5, f"normal_left1_{block}"),
        _separable(p, filters, 3, f"normal_right1_{block}"),
        f"normal_add_1_{block}",
    )
    second = _pair(
        _separable(p, filters, 5, f"normal_left2_{block}"),
        _separable(p, filters, 3, f"normal_right2_{block}"),
        f"normal_add_2_{block}",
    )
    third = _pair(_average(h, f"normal_left3_{block}"), p, f"normal_add_3_{block}")
    fourth = _pair(
        _average(p, f"normal_left4_{block}"),
        _average(p, f"normal_right4_{block}"),
        f"normal_add_4_{block}",
    )
    fifth = _pair(_separable(h, filters, 3, f"normal_left5_{block}"), h, f"normal_add_5_{block}")
    joined = [p, first, second, third, fourth, fifth]
    return Concatenate(axis=channel_axis(), name=f"normal_concat_{block}")(joined), x


def _reduction(x: Any, previous: Any, filters: int, block: str) -> tuple[Any, Any]:
    p = _adjusted(previous, x, filters, block)
    h = _projected(x, filters, "reduction", block)
    padded = ZeroPadding2D(padding_before_strides(h, 3), name=f"reduction_pad_1_{block}")(h)
    first = _pair(
        _separable(h, filters, 5, f"reduction_left1_{block}", strides=2),
        _separable(p, filters, 7, f"reduction_right1_{block}", strides=2),
        f"reduction_add_1_{block}",
    )
    second = _pair(
        MaxPooling2D(3, strides=2, name=f"reduction_left2_{block}")(padded),
        _separable(p, filters, 7, f"reduction_right2_{block}", strides=2),
        f"reduction_add_2_{block}",
    )
    third = _pair(
        AveragePooling2D(3, strides=2, name=f"reduction_left3_{block}")(padded),
        _separable(p, filters, 5, f"reduction_right3_{block}", strides=2),
        f"reduction_add3_{block}",
    )
    fourth = Add()([second, _average(first, f"reduction_left4_{block}")])
    fifth = _pair(
        _separable(first, filters, 3, f"reduction_left4_{block}"),
        MaxPooling2D(3, strides=2, name=f"reduction_right5_{block}")(padded),
        f"reduction_add4_{block}",
    )
    joined = [second, third, fourth, fifth]
    return Concatenate(axis=channel_axis(), name=f"reduction_concat_{block}")(joined), x


def _adjusted(previous: Any, x: Any, filters: int, block: str) -> Any:
    """Bring the output of the cell before the last to the size and the filters of this cell."""
    if previous is None:
        return x
    if split_shape(previous.shape[1:])[0] != split_shape(x.shape[1:])[0]:
        return _halved(previous, filters, block)
    if previous.shape[channel_axis()] == filters:
        return previous
    name = f"adjust_conv_projection_{block}"
    previous = _pointwise(Activation("relu")(previous), filters, name)
    return _normalized(previous, f"adjust_bn_{block}")


def _halved(x: Any, filters: int, block: str) -> Any:
    x = Activation("relu", name=f"adjust_relu_1_{block}")(x)
    first = AveragePooling2D(1, strides=2, name=f"adjust_avg_pool_1_{block}")(x)
    first = _pointwise(first, filters // 2, f"adjust_conv_1_{block}")
    # The second half takes the pixels between those of the first.
    second = Cropping2D(((1, 0), (1, 0)))(ZeroPadding2D(((0, 1), (0, 1)))(x))
    second = AveragePooling2D(1, strides=2, name=f"adjust_avg_pool_2_{block}")(second)
    second = _pointwise(second, filters // 2, f"adjust_conv_2_{block}")
    x = Concatenate(axis=channel_axis())([first, second])
    return _normalized(x, f"adjust_bn_{block}")


def _projected(x: Any, filters: int, cell: str, block: str) -> Any:
    x = _pointwise(Activation("relu")(x), filters, f"{cell}_conv_1_{block}")
    return _normalized(x, f"{cell}_bn_1_{block}")


def _separable(x: Any, filters: int, size: int, block: str, strides: int = 1) -> Any:
    x = Activation("relu")(x)
    padding = "same"
    if strides == 2:
        zeros = padding_before_strides(x, size)
        x = ZeroPadding2D(zeros, name=f"separable_conv_1_pad_{block}")(x)
        padding = "valid"
    name = f"separable_conv_1_{block}"
    x = SeparableConv2D(filters, size, strides=strides, padding=padding, use_bias=False, name=name)(
        x
    )
    x = Activation("relu")(_normalized(x, f"separable_conv_1_bn_{block}"))
    name = f"separable_conv_2_{block}"
    x = SeparableConv2D(filters, size, padding="same", use_bias=False, name=name)(x)
    return _normalized(x, f"separable_conv_2_bn_{block}")


def _pointwise(x: Any, filters: int, name: str) -> Any:
    return Conv2D(filters, 1, padding="same", use_bias=False, name=name, kernel_initializer=_HE)(x)


def _average(x: Any, name: str) -> Any:
    return AveragePooling2D(3, strides=1, padding="same", name=name)(x)


def _pair(first: Any, second: Any, name: str) -> Any:
    return Add(name=name)([first, second])


def _normalized(x: Any, name: str) -> Any:
    return normalized(x, name, momentum=0.9997)


def _top(x: Tensor, choices: Choices) -> Any:
    return dense_predictions(GlobalAveragePooling2D()(x), choices)


def _files(size: str, top_hash: str, notop_hash: str) -> WeightFiles:
    folder, stem = f"{PUBLISHED}/nasnet", f"NASNet-{size}"
    return WeightFiles(folder, f"{stem}.h5", top_hash, f"{stem}-no-top.h5", notop_hash)


_MOBILE_FILES = _files(
    "mobile", "020fb642bf7360b370c678b08e0adf61", "1ed92395b5b598bdda52abe5c0dbfd63"
)
_LARGE_FILES = _files(
    "large", "11577c9a518f0070763c2b964a382f17", "d81d89dc07e6e56530c4e77faddd61b5"
)
_MOBILE = _network("NASNet", 1056, 4, 32, False, 224, _MOBILE_FILES)
_LARGE = _network("NASNet", 4032, 6, 96, True, 331, _LARGE_FILES)


def NASNetMobile(  # noqa: N802 - Keras' name
    input_shape: Shape | None = None,
    include_top: bool = True,
    weights: Any = "imagenet",
    input_tensor: Tensor | None = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
) -> Model:
    """Make NASNetMobile: cells of separable convolutions and pooling side by side.

    Args:
        include_top: whether to classify; otherwise the features are the output.
        weights: None for random ones, "imagenet" for those published, or the path of a file.
        input_tensor: images that layers made; default: a new input.
        input_shape: of an image, channels where `image_data_format()` says, at least 32 by
            32 pixels; default: 224 by 224.
        pooling: "avg" or "max" over the places of the features without the top, or None.
        classes: how many, with the top.
        classifier_activation: of the top; None gives logits.

    Raises:
        ValueError: the arguments contradict each other, images are too small, or a file holds
            weights of another network.
        FileNotFoundError: there is no such file, or nothing may be downloaded.

    Source: Zoph et al., 2017 (arXiv 1707.07012).

    Example:
        >>> NASNetMobile(weights=None, include_top=False, input_shape=(32, 32, 3)).output_shape
        (None, 1, 1, 1056)
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
    return _MOBILE.build(choices)


def NASNetLarge(  # noqa: N802 - Keras' name
    input_shape: Shape | None = None,
    include_top: bool = True,
    weights: Any = "imagenet",
    input_tensor: Tensor | None = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
) -> Model:
    """Make NASNetLarge: cells of separable convolutions and pooling side by side.

    Args:
        include_top: whether to classify; otherwise the features are the output.
        weights: None for random ones, "imagenet" for those published, or the path of a file.
        input_tensor: images that layers made; default: a new input.
        input_shape: of an image, channels where `image_data_format()` says, at least 32 by
            32 pixels; default: 331 by 331.
        pooling: "avg" or "max" over the places of the features without the top, or None.
        classes: how many, with the top.
        classifier_activation: of the top; None gives logits.

    Raises:
        ValueError: the arguments contradict each other, images are too small, or a file holds
            weights of another network.
        FileNotFoundError: there is no such file, or nothing may be downloaded.

    Source: Zoph et al., 2017 (arXiv 1707.07012).

    Example:
        >>> NASNetLarge(weights=None, include_top=False, input_shape=(32, 32, 3)).output_shape
        (None, 1, 1, 4032)
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
    return _LARGE.build(choices)


def preprocess_input(x: Any, data_format: str | None = None) -> Any:
    """Return images as the network takes them: from -1 to 1.

    Args:
        x: one image or a batch, an array or a tensor, red, green and blue from 0 to 255.
        data_format: "channels_last" or "channels_first"; default: `image_data_format()`.
    """
    return imagenet_utils.preprocess_input(x, data_format, mode="tf")
