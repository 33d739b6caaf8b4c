"""Applications can be trained and exported like any model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

from konnx.applications import MobileNet


@pytest.mark.training
def test_mobilenet_learns_in_one_step_and_is_exported(tmp_path: Path) -> None:
    model = MobileNet((32, 32, 3), alpha=0.25, weights=None, classes=4, dropout=0.0)
    model.compile("sgd", "categorical_crossentropy")
    images = np.random.default_rng(0).uniform(-1, 1, (4, 32, 32, 3)).astype("float32")
    before = [layer.copy() for layer in model.get_weights()]
    loss = model.train_on_batch(images, np.eye(4, dtype="float32"))
    assert np.isfinite(loss)
    changed = [(old != new).any() for old, new in zip(before, model.get_weights(), strict=True)]
    assert sum(changed) > len(changed) // 2
    model.export(tmp_path / "mobilenet.onnx")
    onnx.checker.check_model(tmp_path / "mobilenet.onnx", full_check=True)
