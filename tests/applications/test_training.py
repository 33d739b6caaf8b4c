"""Applications can be trained and exported like any model."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from konnx import applications
from konnx import backend as K
from konnx.applications import MobileNet
from konnx.layers import Dense
from konnx.models import Model
from konnx.optimizers import SGD

GOLDENS = Path(__file__).parents[1] / "goldens"
STEPS: dict[str, dict[str, Any]] = json.loads((GOLDENS / "application_steps.json").read_text())


def steps_table() -> Any:
    path = GOLDENS / "application_steps_table.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


TABLE = steps_table()


def classifier(name: str, size: int) -> Model:
    make = getattr(applications, name)
    base = make(weights=None, include_top=False, input_shape=(size, size, 3), pooling="avg")
    model = Model(base.input, Dense(TABLE.CLASSES, activation="softmax")(base.output))
    model.compile(SGD(TABLE.RATE), "categorical_crossentropy")
    model.set_weights(TABLE.kernels(model.get_weights()))
    return model


def is_normalized_away(name: str) -> bool:
    """Return whether a weight is the bias of a convolution that a normalization follows."""
    return name.startswith("conv") and name.endswith("_conv/bias")


@pytest.mark.parametrize("name", TABLE.SIZES)
def test_a_step_moves_all_weights_and_as_far_as_in_tf_keras(name: str) -> None:
    model = classifier(name, TABLE.SIZES[name])
    before = model.get_weights()
    loss = model.train_on_batch(*TABLE.batch(TABLE.SIZES[name]))
    after = model.get_weights()
    golden = STEPS[name]
    # Normalization by the statistics of eight images makes much of rounding errors.
    assert loss == pytest.approx(golden["loss"], rel=1e-3)
    assert TABLE.moves(before, after) == pytest.approx(golden["moves"], rel=1e-2)
    still = [
        weight.name
        for weight, old, new in zip(model.weights, before, after, strict=True)
        if not (np.isfinite(new).all() and (new != old).any())
    ]
    assert [one for one in still if not is_normalized_away(one)] == []


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


def test_an_input_tensor_may_be_made_of_functions_of_the_backend() -> None:
    style, made = K.variable(np.zeros((1, 32, 32, 3))), K.placeholder((1, 32, 32, 3))
    images = K.concatenate([style, made], axis=0)
    model = MobileNet(input_tensor=images, weights=None, include_top=False, alpha=0.25)
    (found,) = K.function([made], [model.output])([np.ones((1, 32, 32, 3))])
    assert found.shape == (2, 1, 1, 256)
