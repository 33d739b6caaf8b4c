"""Configs whose meaning depends on the Keras that wrote the file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from konnx.layers import Input, UpSampling2D
from konnx.models import Model, Sequential, load_model


def saved(path: Path, keras_version: str, interpolation: str = "bilinear") -> Path:
    """Write a model that enlarges, within another model, as of some release of Keras."""
    inner = Sequential([UpSampling2D((1, 4), interpolation=interpolation, input_shape=(1, 2, 1))])
    x = Input((1, 2, 1))
    Model(x, inner(x)).save(path)
    with h5py.File(path, "a") as file:
        file.attrs["keras_version"] = keras_version
    return path


def enlarged(path: Path) -> list[Any]:
    value = np.array([0.0, 4.0], "float32").reshape(1, 1, 2, 1)
    result: list[Any] = load_model(path).predict(value).ravel().tolist()
    return result


@pytest.mark.parametrize("keras_version", ["2.2.3", "2.2.4", "2.3.1"])
def test_standalone_keras_enlarges_between_corners(keras_version: str, tmp_path: Path) -> None:
    path = saved(tmp_path / "model.h5", keras_version)
    assert enlarged(path) == [0, 1, 2, 3, 4, 4, 4, 4]


@pytest.mark.parametrize("keras_version", ["2.1.6", "2.2.4-tf", "2.4.0", "2.15.0", "3.5.0", "odd"])
def test_later_versions_and_konnx_enlarge_between_centres(
    keras_version: str, tmp_path: Path
) -> None:
    path = saved(tmp_path / "model.h5", keras_version)
    assert enlarged(path) == [0, 0, 0.5, 1.5, 2.5, 3.5, 4, 4]


def test_what_is_read_so_is_saved_so(tmp_path: Path) -> None:
    old = load_model(saved(tmp_path / "old.h5", "2.3.1"))
    old.save(tmp_path / "new.h5")
    assert enlarged(tmp_path / "new.h5") == [0, 1, 2, 3, 4, 4, 4, 4]


def test_repeated_elements_are_the_same_in_all_versions(tmp_path: Path) -> None:
    assert enlarged(saved(tmp_path / "model.h5", "2.3.1", "nearest")) == [0] * 4 + [4] * 4
