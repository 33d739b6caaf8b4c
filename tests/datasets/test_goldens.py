"""Loaders order, split and number what a small file holds as Keras 2.1.6 and tf_keras do."""

from __future__ import annotations

import hashlib
import json
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from konnx.datasets import reuters

pytestmark = pytest.mark.no_runtime

GOLDENS = json.loads((Path(__file__).parents[1] / "goldens" / "datasets.json").read_text())


def as_array(rows: list[Any]) -> np.ndarray[Any, Any]:
    if not isinstance(rows[0], list) or len(set(map(len, rows))) == 1:
        return np.array(rows)
    array = np.empty(len(rows), dtype=object)
    array[:] = rows
    return array


@pytest.mark.parametrize("number", range(len(GOLDENS["cases"])))
def test_a_file_is_selected_from_as_in_keras(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, arguments, value = GOLDENS["cases"][number].values()
    file = tmp_path / "small.npz"
    np.savez(file, **{key: as_array(rows) for key, rows in GOLDENS["files"][name].items()})
    module = import_module(f"konnx.datasets.{name}")
    monkeypatch.setattr(module, "_SHA256", hashlib.sha256(file.read_bytes()).hexdigest())
    monkeypatch.setenv("KONNX_OFFLINE", "1")
    np.random.seed(0)  # noqa: NPY002 - it must not decide
    found = module.load_data(str(file), **arguments)
    assert [[list(map(list, x)), y.tolist()] for x, y in found] == value


def test_topics_have_names() -> None:
    names = reuters.get_label_names()
    assert (len(set(names)), names[0], names[45]) == (46, "cocoa", "lead")
