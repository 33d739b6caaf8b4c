"""VGG with 19 layers that have weights."""

from __future__ import annotations

from typing import Any

from konnx.applications import imagenet_utils
from konnx.applications.choices import Choices
from konnx.applications.image_shapes import Shape
from konnx.applications.imagenet_utils import decode_predictions
from konnx.applications.network import Network, weight_files
from konnx.applications.vgg import features, top
from konnx.graph import Tensor
from konnx.models import Model

__all__ = ["VGG19", "decode_predictions", "preprocess_input"]

_NETWORK = Network(
    "vgg19",
    lambda images: features(images, (2, 2, 4, 4, 4)),
    size=224,
    smallest=32,
    files=weight_files(
        "vgg19", "cbe5617147190e668d6c5d5026f83318", "253f8cb515780f3b799900260a226db6"
    ),
    top=top,
    top_sizes_vary=False,
)


def VGG19(  # noqa: N802 - Keras' name
    include_top: bool = True,
    weights: Any = "imagenet",
    input_tensor: Tensor | None = None,
    input_shape: Shape | None = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
) -> Model:
    """Make VGG19: plain blocks of convolutions of 3 by 3.

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

    Source: Simonyan and Zisserman, 2014 (arXiv 1409.1556).

    Example:
        >>> VGG19(weights=None, include_top=False, input_shape=(32, 32, 3)).output_shape
        (None, 1, 1, 512)
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
    """Return images as the network takes them: blue, green and red, less their means.

    Args:
        x: one image or a batch, an array or a tensor, red, green and blue from 0 to 255.
        data_format: "channels_last" or "channels_first"; default: `image_data_format()`.
    """
    return imagenet_utils.preprocess_input(x, data_format, mode="caffe")
