"""What VGG16 and VGG19 share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from konnx.applications.choices import Choices
from konnx.applications.network import dense_predictions
from konnx.graph import Tensor
from konnx.layers import Conv2D, Dense, Flatten, MaxPooling2D

_FILTERS = (64, 128, 256, 512, 512)


def features(x: Tensor, depths: Sequence[int]) -> Any:
    """Apply five blocks, each of some convolutions and a pooling layer."""
    for block, (filters, depth) in enumerate(zip(_FILTERS, depths, strict=True), 1):
        for number in range(1, depth + 1):
            name = f"block{block}_conv{number}"
            x = Conv2D(filters, 3, activation="relu", padding="same", name=name)(x)
        x = MaxPooling2D(2, strides=2, name=f"block{block}_pool")(x)
    return x


def top(x: Tensor, choices: Choices) -> Any:
    """Classify by three dense layers."""
    x = Flatten(name="flatten")(x)
    x = Dense(4096, activation="relu", name="fc1")(x)
    x = Dense(4096, activation="relu", name="fc2")(x)
    return dense_predictions(x, choices)
