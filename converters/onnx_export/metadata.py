"""Texts that an exported file carries: where it comes from, and how to use it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import onnx

from konnx.converters.onnx_export.options import ExportOptions

MODES: Mapping[str, Mapping[str, Any]] = {
    "tf": {"scale": 1 / 127.5, "mean": [1.0], "std": [1.0], "channels": "RGB"},
    "torch": {
        "scale": 1 / 255,
        "mean": [0.485, 0.456, 0.406],
        "std": [0.229, 0.224, 0.225],
        "channels": "RGB",
    },
    "caffe": {
        "scale": 1.0,
        "mean": [103.939, 116.779, 123.68],
        "std": [1.0],
        "channels": "BGR",
    },
}
"""Keras' three ways to make inputs of pixels: x = (pixels · scale - mean) / std, by channel."""

_KEYS = ("scale", "mean", "std", "channels")


def add_metadata(model: onnx.ModelProto, options: ExportOptions, source: str) -> None:
    """Store who made a model of what, and what the options add, sorted by key.

    Raises:
        ValueError: the preprocessing is none.
    """
    model.producer_version = version("konnx")
    texts = {"source": source, "framework": "keras", **options.metadata}
    if options.labels is not None:
        texts["labels"] = json.dumps([str(label) for label in options.labels], ensure_ascii=False)
    if options.preprocessing is not None:
        texts["preprocessing"] = json.dumps(preprocessing(options.preprocessing), sort_keys=True)
    onnx.helper.set_model_props(model, texts)


def preprocessing(asked: str | Mapping[str, Any]) -> dict[str, Any]:
    """Return scale, mean, std and the order of channels of a way to make inputs of pixels.

    Args:
        asked: "tf", "torch" or "caffe", or a dict with some of the four.

    Raises:
        ValueError: it is something else.

    Example:
        >>> preprocessing({"scale": 1 / 255})
        {'scale': 0.00392156862745098, 'mean': [0.0], 'std': [1.0], 'channels': 'RGB'}
    """
    if isinstance(asked, str):
        if asked not in MODES:
            raise ValueError(
                f"`preprocessing` must be one of {', '.join(MODES)}, or a dict. Received: {asked!r}"
            )
        return dict(MODES[asked])
    unknown = [key for key in asked if key not in _KEYS]
    if unknown:
        raise ValueError(
            f"`preprocessing` takes {', '.join(_KEYS)}. Received: {', '.join(map(repr, unknown))}"
        )
    found = {"scale": 1.0, "mean": [0.0], "std": [1.0], "channels": "RGB", **asked}
    numbers = [found["scale"], *found["mean"], *found["std"]]
    if found["channels"] not in ("RGB", "BGR") or 0 in found["std"]:
        raise ValueError(
            "`preprocessing`: channels are 'RGB' or 'BGR', and no std is 0. Received: "
            f"{dict(asked)}"
        )
    if not all(isinstance(n, int | float) for n in numbers):
        raise ValueError(f"`preprocessing`: scale, mean and std are numbers. Received: {asked}")
    return found
