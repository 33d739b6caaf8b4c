"""Images as networks learned on ImageNet take them, and what their classes are called."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from konnx.backend import reverse
from konnx.config import floatx, image_data_format
from konnx.graph import Tensor
from konnx.utils.downloads import get_file

Prediction = tuple[str, str, float]

_CLASS_INDEX = "https://storage.googleapis.com/download.tensorflow.org/data/"
_CLASS_INDEX_MD5 = "c2c37ea517e94d9795004a39431a14cb"

# Of the images of ImageNet, from 0 to 255: blue, green, red; from 0 to 1: red, green, blue.
_CAFFE_MEAN = (103.939, 116.779, 123.68)
_TORCH_MEAN = (0.485, 0.456, 0.406)
_TORCH_DEVIATION = (0.229, 0.224, 0.225)


def preprocess_input(x: Any, data_format: str | None = None, mode: str = "caffe") -> Any:
    """Return images as a network takes them; unlike in Keras, `x` itself stays as it is.

    Args:
        x: one image or a batch, an array or a tensor, red, green and blue from 0 to 255.
        data_format: "channels_last" or "channels_first"; default: `image_data_format()`.
        mode: "caffe": blue, green and red, less their means. "tf": from -1 to 1. "torch": from 0
            to 1, less the means, divided by the standard deviations.

    Raises:
        ValueError: there is no such mode or format, or `x` has not three channels where they must
            be told apart.

    Example:
        >>> preprocess_input(np.array([[[0.0, 127.5, 255.0]]]), mode="tf").tolist()
        [[[-1.0, 0.0, 1.0]]]
    """
    if mode not in ("caffe", "tf", "torch"):
        raise ValueError(f"`mode` must be 'caffe', 'tf' or 'torch'. Received: mode={mode!r}")
    if not isinstance(x, Tensor):
        x = np.asarray(x)
        if not np.issubdtype(x.dtype, np.floating):
            x = x.astype(floatx())
    if mode == "tf":
        return x / _like(127.5, x) - _like(1.0, x)
    axis = _channel_axis(x, data_format)
    if mode == "caffe":
        return _reversed(x, axis) - _along(_CAFFE_MEAN, axis, x)
    scaled = x / _like(255.0, x) - _along(_TORCH_MEAN, axis, x)
    return scaled / _along(_TORCH_DEVIATION, axis, x)


def decode_predictions(preds: Any, top: int = 5) -> list[list[Prediction]]:
    """Return the likeliest classes of each image: (WordNet id, name, score), best first.

    The names are downloaded once, 35 kB; see `konnx.utils.get_file`.

    Args:
        preds: array of shape (images, 1000).
        top: how many classes of each.

    Raises:
        ValueError: `preds` has another shape.
    """
    preds = np.asarray(preds)
    if preds.ndim != 2 or preds.shape[1] != 1000:
        raise ValueError(
            "`decode_predictions` takes predictions of the 1000 classes of ImageNet, an array of "
            f"shape (images, 1000). Received: shape {preds.shape}"
        )
    index = _class_index()
    best = np.argsort(-preds, axis=1, kind="stable")[:, :top]
    return [
        [(*index[number], float(scores[number])) for number in numbers]
        for scores, numbers in zip(preds, best, strict=True)
    ]


def _class_index() -> list[tuple[str, str]]:
    name = "imagenet_class_index.json"
    path = get_file(name, _CLASS_INDEX + name, file_hash=_CLASS_INDEX_MD5, cache_subdir="models")
    return _read_class_index(path)


@lru_cache(maxsize=1)
def _read_class_index(path: str) -> list[tuple[str, str]]:
    found = json.loads(Path(path).read_text(encoding="utf-8"))
    return [(found[str(number)][0], found[str(number)][1]) for number in range(1000)]


def _channel_axis(x: Any, data_format: str | None) -> int:
    data_format = image_data_format() if data_format is None else data_format
    if data_format not in ("channels_first", "channels_last"):
        raise ValueError(
            "`data_format` must be 'channels_first' or 'channels_last'. "
            f"Received: data_format={data_format!r}"
        )
    axis = len(x.shape) - (1 if data_format == "channels_last" else 3)
    if len(x.shape) not in (3, 4) or x.shape[axis] != 3:
        raise ValueError(
            f"`x` must be one image or a batch of images with 3 channels, {data_format}. "
            f"Received: shape {tuple(x.shape)}"
        )
    return axis


def _reversed(x: Any, axis: int) -> Any:
    return reverse(x, axis) if isinstance(x, Tensor) else np.flip(x, axis)


def _along(values: tuple[float, ...], axis: int, x: Any) -> Any:
    shape = [1] * len(x.shape)
    shape[axis] = len(values)
    return _like(np.reshape(values, shape), x)


def _like(value: Any, x: Any) -> Any:
    """Return numbers of the type of images, which so keep theirs."""
    return np.asarray(value, floatx() if isinstance(x, Tensor) else x.dtype)
