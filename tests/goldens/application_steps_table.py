"""Applications that are trained for a step, and the weights and images that they start with."""

from __future__ import annotations

from typing import Any

import numpy as np

CLASSES = 3
RATE = 1e-3
BATCH = 8

# The smallest images that each network takes.
SIZES = {
    "Xception": 71,
    "VGG16": 32,
    "VGG19": 32,
    "ResNet50": 32,
    "InceptionV3": 75,
    "InceptionResNetV2": 75,
    "MobileNet": 32,
}


def kernels(weights: list[Any]) -> list[Any]:
    """Return weights with kernels that keep activations in scale; vectors stay as they are."""
    random = np.random.RandomState(0)
    return [_kernel(random, one.shape) if one.ndim > 1 else one for one in weights]


def _kernel(random: Any, shape: tuple[int, ...]) -> Any:
    fan_in = np.prod(shape[:2] if shape[-1] == 1 else shape[:-1])
    values = random.normal(0, np.sqrt(2 / fan_in), 4099)
    return np.resize(values, shape).astype("float32")


def batch(size: int) -> tuple[Any, Any]:
    """Return images that differ in large patches as in single pixels, and their classes."""
    random = np.random.RandomState(1)
    patches = random.uniform(-1, 1, (BATCH, 5, 5, 3)).repeat(16, 1).repeat(16, 2)
    patches = patches + random.uniform(-1, 1, patches.shape)
    labels = np.eye(CLASSES, dtype="float32")[np.arange(BATCH) % CLASSES]
    return patches[:, :size, :size].astype("float32"), labels


def moves(before: list[Any], after: list[Any]) -> list[float]:
    """Return how far a step moves the first, the middle and the last kernel."""
    changes = [
        float(np.linalg.norm(new - old))
        for old, new in zip(before, after, strict=True)
        if old.ndim > 1
    ]
    return [changes[0], changes[len(changes) // 2], changes[-1]]
