"""Layers of Keras 3 that are something else here."""

from __future__ import annotations

import pytest

from konnx.converters.configs.keras_3 import to_keras_2
from konnx.models.conversion import Conversion

pytestmark = pytest.mark.no_runtime


def test_what_changes_images_in_training_only_passes_them_on_with_a_note() -> None:
    report: list[Conversion] = []
    config = {"name": "hue", "trainable": True, "factor": [0.0, 0.1], "value_range": [0, 255]}
    made = to_keras_2({"class_name": "RandomHue", "config": config}, "3.15.1", report)
    assert made == {"class_name": "Identity", "config": {"name": "hue", "trainable": True}}
    assert [one.what for one in report] == ["RandomHue to Identity"]


def test_a_pipeline_is_a_stack_of_layers() -> None:
    report: list[Conversion] = []
    layer = {"module": "keras.layers", "class_name": "Rescaling", "config": {"name": "r"}}
    config = {"name": "p", "layers": [layer]}
    made = to_keras_2({"class_name": "Pipeline", "config": config}, "3.15.1", report)
    assert made["class_name"] == "Sequential"
    assert [one["class_name"] for one in made["config"]["layers"]] == ["Rescaling"]
    assert [one.layer for one in report] == ["p"]
