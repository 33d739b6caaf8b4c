"""A small Keras file, made with h5py alone so that reader and writer can be tested apart."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

KERNEL = np.arange(12, dtype="float32").reshape(3, 4)
CONFIG = {"class_name": "Sequential", "config": [{"class_name": "Dense", "config": {"units": 4}}]}
TRAINING = {"optimizer_config": {"class_name": "SGD", "config": {"lr": 0.01}}, "loss": "mse"}


def fill(file: Any) -> None:
    """Write what Keras 2.1 writes for a model of an input and a Dense layer."""
    file.attrs["keras_version"] = b"2.1.6"
    file.attrs["backend"] = b"tensorflow"
    file.attrs["model_config"] = json.dumps(CONFIG).encode()
    file.attrs["training_config"] = json.dumps(TRAINING).encode()
    weights = file.create_group("model_weights")
    weights.attrs["layer_names"] = [b"input_1", b"dense_1"]
    weights.attrs["backend"] = b"tensorflow"
    weights.attrs["keras_version"] = b"2.1.6"
    weights.create_group("input_1").attrs["weight_names"] = []
    dense = weights.create_group("dense_1")
    dense.attrs["weight_names"] = [b"dense_1/kernel:0", b"dense_1/bias:0"]
    dense["dense_1/kernel:0"] = KERNEL
    dense["dense_1/bias:0"] = np.ones(4, "float32")
    state = file.create_group("optimizer_weights")
    state.attrs["weight_names"] = [b"SGD/iterations:0", b"moment:0"]
    state["SGD/iterations:0"] = np.int64(7)
    state["moment:0"] = np.zeros((3, 4), "float32")


@pytest.fixture
def keras_file(tmp_path: Path) -> Path:
    """A whole model with optimizer state."""
    path = tmp_path / "model.h5"
    with h5py.File(path, "w") as file:
        fill(file)
    return path


Edit = Callable[[Callable[[Any], None]], Path]


@pytest.fixture
def edited(keras_file: Path) -> Edit:
    """Change the small file with h5py, and give its path."""

    def edit(change: Callable[[Any], None]) -> Path:
        with h5py.File(keras_file, "a") as file:
            change(file)
        return keras_file

    return edit


@pytest.fixture
def make_file(tmp_path: Path) -> Callable[..., Path]:
    """Make the small file with options of h5py.File."""

    def make(**options: Any) -> Path:
        path = tmp_path / "made.h5"
        with h5py.File(path, "w", **options) as file:
            fill(file)
        return path

    return make
