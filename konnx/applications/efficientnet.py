"""EfficientNet, in eight sizes that grow in width, depth and pixels at once."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from konnx.applications.choices import Choices
from konnx.applications.image_shapes import (
    Shape,
    channel_axis,
    image_shape,
    normalized,
    padding_before_strides,
)
from konnx.applications.imagenet_utils import decode_predictions
from konnx.applications.network import Application, Network, WeightFiles
from konnx.graph import Tensor
from konnx.initializers import VarianceScaling
from konnx.layers import (
    Activation,
    Add,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    Dropout,
    GlobalAveragePooling2D,
    Multiply,
    Normalization,
    Rescaling,
    Reshape,
    ZeroPadding2D,
)
from konnx.models import Model

__all__ = [
    "EfficientNetB0",
    "EfficientNetB1",
    "EfficientNetB2",
    "EfficientNetB3",
    "EfficientNetB4",
    "EfficientNetB5",
    "EfficientNetB6",
    "EfficientNetB7",
    "decode_predictions",
    "preprocess_input",
]

_FOLDER = "https://storage.googleapis.com/keras-applications"
_KERNEL = VarianceScaling(2.0, mode="fan_out", distribution="normal")
_DENSE_KERNEL = VarianceScaling(1 / 3, mode="fan_out", distribution="uniform")
_DEVIATIONS = (0.229, 0.224, 0.225)
_DROP_CONNECT = 0.2

# Size of kernels, blocks, filters before and after, expansion, strides of the first block.
_STAGES = (
    (3, 1, 32, 16, 1, 1),
    (3, 2, 16, 24, 6, 2),
    (5, 2, 24, 40, 6, 2),
    (3, 3, 40, 80, 6, 2),
    (5, 3, 80, 112, 6, 1),
    (5, 4, 112, 192, 6, 2),
    (3, 1, 192, 320, 6, 1),
)


@dataclass(frozen=True)
class _Scale:
    """How much wider and deeper than B0 a network is, for which images, and its weights."""

    width: float
    depth: float
    size: int
    dropout: float
    top_hash: str
    notop_hash: str

    def filters(self, count: int) -> int:
        """Return the nearest multiple of 8, yet no less than 90 % of the filters."""
        wanted = count * self.width
        nearest = max(8, int(wanted + 4) // 8 * 8)
        return nearest + 8 if nearest < 0.9 * wanted else nearest

    def blocks(self, count: int) -> int:
        """Return the number of blocks of a stage."""
        return math.ceil(self.depth * count)


# fmt: off
_SCALES = {
    "b0": _Scale(
        1.0, 1.0, 224, 0.2,
        "902e53a9f72be733fc0bcb005b3ebbac", "50bc09e76180e00e4465e1a485ddc09d",
    ),
    "b1": _Scale(
        1.0, 1.1, 240, 0.2,
        "1d254153d4ab51201f1646940f018540", "74c4e6b3e1f6a1eea24c589628592432",
    ),
    "b2": _Scale(
        1.1, 1.2, 260, 0.3,
        "b15cce36ff4dcbd00b6dd88e7857a6ad", "111f8e2ac8aa800a7a99e3239f7bfb39",
    ),
    "b3": _Scale(
        1.2, 1.4, 300, 0.3,
        "ffd1fdc53d0ce67064dc6a9c7960ede0", "af6d107764bb5b1abb91932881670226",
    ),
    "b4": _Scale(
        1.4, 1.8, 380, 0.4,
        "18c95ad55216b8f92d7e70b3a046e2fc", "ebc24e6d6c33eaebbd558eafbeedf1ba",
    ),
    "b5": _Scale(
        1.6, 2.2, 456, 0.4,
        "ace28f2a6363774853a83a0b21b9421a", "38879255a25d3c92d5e44e04ae6cec6f",
    ),
    "b6": _Scale(
        1.8, 2.6, 528, 0.5,
        "165f6e37dce68623721b423839de8be5", "9ecce42647a20130c1f39a5d4cb75743",
    ),
    "b7": _Scale(
        2.0, 3.1, 600, 0.5,
        "8c03f828fec3ef71311cd463b6759d99", "cbcfe4450ddf6f3ad90b1b398090fe4a",
    ),
}
# fmt: on


def _build(variant: str, choices: Choices) -> Model:
    scale = _SCALES[variant]
    name = f"efficientnet{variant}"
    files = WeightFiles(_FOLDER, f"{name}.h5", scale.top_hash, f"{name}_notop.h5", scale.notop_hash)
    network = Network(
        name,
        lambda images: _features(images, scale, published=_are_published(choices.weights)),
        size=scale.size,
        smallest=32,
        files=files,
        top=lambda x, chosen: _top(x, chosen, scale),
        pool_names=("avg_pool", "max_pool"),
        takes_pixels=True,
    )
    return network.build(choices)


def _are_published(weights: Any) -> bool:
    """Return whether weights are those of ImageNet, by name or by what their file normalizes by."""
    from konnx.converters import FileFormatError
    from konnx.converters.hdf5 import read_hdf5

    if weights == "imagenet":
        return True
    if not (isinstance(weights, str | os.PathLike) and Path(weights).is_file()):
        return False
    try:
        layers = read_hdf5(weights, optimizer=False).layers
    except FileFormatError:
        return False
    return any(
        array.shape == (3,) and np.allclose(array, _DEVIATIONS, rtol=1e-5)
        for layer in layers
        if layer.name.startswith("normalization")
        for _, array in layer.weights
    )


def _features(images: Tensor, scale: _Scale, published: bool) -> Any:
    x = Normalization(axis=channel_axis())(Rescaling(1 / 255)(images))
    if published:
        # The published files hold deviations where `Normalization` takes the roots of variances.
        factors = np.reshape([1 / math.sqrt(d) for d in _DEVIATIONS], image_shape(1, 3))
        x = Rescaling(factors)(x)
    x = ZeroPadding2D(padding_before_strides(x, 3), name="stem_conv_pad")(x)
    x = _convolved(x, scale.filters(32), "stem_conv", size=3, strides=2, padding="valid")
    x = _active(x, "stem_bn", "stem_activation")
    total = sum(scale.blocks(stage[1]) for stage in _STAGES)
    done = 0
    for number, (size, count, before, after, expansion, strides) in enumerate(_STAGES, 1):
        for block in range(scale.blocks(count)):
            filters = scale.filters(after if block else before), scale.filters(after)
            name = f"block{number}{chr(ord('a') + block)}_"
            drop = _DROP_CONNECT * done / total
            x = _block(x, name, filters, size, 1 if block else strides, expansion, drop)
            done += 1
    x = _convolved(x, scale.filters(1280), "top_conv")
    return _active(x, "top_bn", "top_activation")


def _block(
    x: Any,
    name: str,
    filters: tuple[int, int],
    size: int,
    strides: int,
    expansion: int,
    drop: float,
) -> Any:
    given = x
    before, after = filters
    if expansion != 1:
        x = _convolved(x, before * expansion, f"{name}expand_conv")
        x = _active(x, f"{name}expand_bn", f"{name}expand_activation")
    x = _depthwise(x, name, size, strides)
    x = _excited(x, name, before * expansion, max(1, before // 4))
    x = _convolved(x, after, f"{name}project_conv")
    x = normalized(x, f"{name}project_bn")
    if strides != 1 or before != after:
        return x
    if drop > 0:
        x = Dropout(drop, noise_shape=(None, 1, 1, 1), name=f"{name}drop")(x)
    return Add(name=f"{name}add")([x, given])


def _depthwise(x: Any, name: str, size: int, strides: int) -> Any:
    if strides == 2:
        x = ZeroPadding2D(padding_before_strides(x, size), name=f"{name}dwconv_pad")(x)
    x = DepthwiseConv2D(
        size,
        strides=strides,
        padding="valid" if strides == 2 else "same",
        use_bias=False,
        depthwise_initializer=_KERNEL,
        name=f"{name}dwconv",
    )(x)
    return _active(x, f"{name}bn", f"{name}activation")


def _excited(x: Any, name: str, filters: int, narrow: int) -> Any:
    """Weigh channels by what they hold all over the image (squeeze and excitation)."""
    weights = GlobalAveragePooling2D(name=f"{name}se_squeeze")(x)
    weights = Reshape(image_shape(1, filters), name=f"{name}se_reshape")(weights)
    for count, part, activation in (
        (narrow, "se_reduce", "swish"),
        (filters, "se_expand", "sigmoid"),
    ):
        weights = _convolved(weights, count, name + part, activation=activation, use_bias=True)
    return Multiply(name=f"{name}se_excite")([x, weights])


def _convolved(x: Any, filters: int, name: str, size: int = 1, **arguments: Any) -> Any:
    settings = {"padding": "same", "use_bias": False, **arguments}
    return Conv2D(filters, size, kernel_initializer=_KERNEL, name=name, **settings)(x)


def _active(x: Any, normalization: str, activation: str) -> Any:
    return Activation("swish", name=activation)(normalized(x, normalization))


def _top(x: Tensor, choices: Choices, scale: _Scale) -> Any:
    features = GlobalAveragePooling2D(name="avg_pool")(x)
    features = Dropout(scale.dropout, name="top_dropout")(features)
    return Dense(
        choices.classes,
        activation=choices.classifier_activation,
        kernel_initializer=_DENSE_KERNEL,
        name="predictions",
    )(features)


_DOCUMENTATION = """Make {name}: narrow blocks that weigh their channels; pixels from 0 to 255.

Args:
    include_top: whether to classify; otherwise the features are the output.
    weights: None for random ones, "imagenet" for those published, or the path of a file.
    input_tensor: images that layers made; default: a new input.
    input_shape: of an image, channels where `image_data_format()` says, at least 32 by
        32 pixels; default: {size} by {size} with the top, any without.
    pooling: "avg" or "max" over the places of the features without the top, or None.
    classes: how many, with the top.
    classifier_activation: of the top; None gives logits.

Raises:
    ValueError: the arguments contradict each other, images are too small, or a file holds
        weights of another network.
    FileNotFoundError: there is no such file, or nothing may be downloaded.

Source: Tan and Le, 2019 (arXiv 1905.11946).

Example:
    >>> {name}(weights=None, include_top=False, input_shape=(32, 32, 3)).output_shape
    (None, 1, 1, {features})
"""


def _application(name: str) -> Application:
    """Return a function that makes EfficientNet of one size, named and documented as such."""
    variant = name[-2:].lower()
    scale = _SCALES[variant]

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
        return _build(variant, choices)

    make.__name__ = make.__qualname__ = name
    make.__doc__ = _DOCUMENTATION.format(name=name, size=scale.size, features=scale.filters(1280))
    return make


EfficientNetB0 = _application("EfficientNetB0")
"""EfficientNet for 224 by 224 pixels, from 0 to 255; `help` shows the arguments."""
EfficientNetB1 = _application("EfficientNetB1")
"""EfficientNet for 240 by 240 pixels, from 0 to 255; `help` shows the arguments."""
EfficientNetB2 = _application("EfficientNetB2")
"""EfficientNet for 260 by 260 pixels, from 0 to 255; `help` shows the arguments."""
EfficientNetB3 = _application("EfficientNetB3")
"""EfficientNet for 300 by 300 pixels, from 0 to 255; `help` shows the arguments."""
EfficientNetB4 = _application("EfficientNetB4")
"""EfficientNet for 380 by 380 pixels, from 0 to 255; `help` shows the arguments."""
EfficientNetB5 = _application("EfficientNetB5")
"""EfficientNet for 456 by 456 pixels, from 0 to 255; `help` shows the arguments."""
EfficientNetB6 = _application("EfficientNetB6")
"""EfficientNet for 528 by 528 pixels, from 0 to 255; `help` shows the arguments."""
EfficientNetB7 = _application("EfficientNetB7")
"""EfficientNet for 600 by 600 pixels, from 0 to 255; `help` shows the arguments."""


def preprocess_input(x: Any, data_format: str | None = None) -> Any:
    """Return images as they are: the network itself takes pixels from 0 to 255.

    Args:
        x: one image or a batch, an array or a tensor, red, green and blue from 0 to 255.
        data_format: without effect.
    """
    return x
