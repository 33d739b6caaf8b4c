"""The golden files are complete, small, and of the program that they name."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.no_runtime

FOLDER = Path(__file__).parent / "goldens"
TRAINING: dict[str, object] = json.loads((FOLDER / "training" / "cases.json").read_text())
LARGEST_FILE = 1_000_000
LARGEST_SUM = 30_000_000


def files() -> list[Path]:
    cached = {"__pycache__"}
    found = (path for path in FOLDER.rglob("*") if path.is_file())
    return [path for path in found if not cached & set(path.parts)]


def test_no_file_is_large_and_all_together_stay_within_their_budget() -> None:
    sizes = {path.name: path.stat().st_size for path in files()}
    assert {name: size for name, size in sizes.items() if size > LARGEST_FILE} == {}
    assert sum(path.stat().st_size for path in files()) < LARGEST_SUM


def test_every_training_case_has_its_model_and_arrays_and_nothing_is_left_over() -> None:
    stems = {
        suffix: {path.stem for path in (FOLDER / "training").glob(f"*{suffix}")}
        for suffix in (".h5", ".npz")
    }
    assert stems == {".h5": set(TRAINING), ".npz": set(TRAINING)}


@pytest.mark.parametrize("folder", ["hdf5", "konnx_saved"])
def test_every_model_file_has_its_predictions(folder: str) -> None:
    models = {path.stem for path in (FOLDER / folder).glob("*.h5")}
    assert models
    assert models == {path.stem for path in (FOLDER / folder).glob("*.npz")}


def test_the_published_model_is_the_file_that_its_source_names() -> None:
    digest = hashlib.sha256((FOLDER / "fer" / "emotion_model.hdf5").read_bytes()).hexdigest()
    assert digest in (FOLDER / "fer" / "SOURCE.md").read_text()
    with np.load(FOLDER / "fer" / "predictions.npz") as file:
        assert str(file["sha256"]) == digest


def test_the_readme_names_every_script() -> None:
    readme = (FOLDER / "README.md").read_text()
    assert [path.name for path in FOLDER.glob("*.py") if path.name not in readme] == []


@pytest.mark.parametrize("name", TRAINING)
def test_no_golden_holds_a_number_that_is_not_finite(name: str) -> None:
    with np.load(FOLDER / "training" / f"{name}.npz") as file:
        assert all(np.isfinite(file[key]).all() for key in file.files)
