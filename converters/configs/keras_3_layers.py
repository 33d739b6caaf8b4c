"""Layers of Keras 3 that are something else here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from konnx.models.conversion import Conversion

Config = dict[str, Any]

_PASSED_ON = frozenset(
    {
        "AugMix",
        "CutMix",
        "MaxNumBoundingBoxes",
        "MixUp",
        "RandAugment",
        "RandomColorDegeneration",
        "RandomColorJitter",
        "RandomElasticTransform",
        "RandomErasing",
        "RandomGaussianBlur",
        "RandomGrayscale",
        "RandomHue",
        "RandomInvert",
        "RandomPerspective",
        "RandomPosterization",
        "RandomSaturation",
        "RandomSharpness",
        "RandomShear",
        "Solarization",
    }
)
"""Layers that only change images in training."""

_WHY_PASSED_ON = "it changes images in training only, which konnx leaves out"
_WHY_PIPELINE = "it is a stack of layers"


def as_own_layer(described: Config, report: list[Conversion]) -> Config:
    """Return class and config of a layer as konnx has it.

    Args:
        described: class and config, otherwise in the form of Keras 2.
        report: what was converted is added to it.
    """
    class_name, config = described.get("class_name"), described.get("config")
    if not isinstance(config, Mapping):
        return described
    name = str(config.get("name"))
    if class_name in _PASSED_ON:
        report.append(Conversion(name, f"{class_name} to Identity", _WHY_PASSED_ON))
        kept = {key: config[key] for key in ("name", "trainable", "dtype") if key in config}
        return {**described, "class_name": "Identity", "config": kept}
    if class_name == "Pipeline":
        report.append(Conversion(name, "Pipeline to Sequential", _WHY_PIPELINE))
        kept = {key: config[key] for key in ("name", "layers") if key in config}
        return {**described, "class_name": "Sequential", "config": kept}
    return described
