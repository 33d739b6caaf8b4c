"""The package root: what it offers, each part imported when it is first used."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

import konnx

pytestmark = pytest.mark.no_runtime


def run(program: str, folder: Path) -> str:
    result = subprocess.run(
        [sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=False
    )
    assert result.stderr == ""
    return result.stdout.strip()


@pytest.mark.parametrize("name", konnx.__all__)
def test_each_name_is_there(name: str) -> None:
    assert getattr(konnx, name) is not None
    assert name in dir(konnx)


@pytest.mark.parametrize(
    "name", [name for name in konnx.__all__ if name.islower() and name != "load_model"]
)
def test_families_are_modules(name: str) -> None:
    assert getattr(konnx, name) is importlib.import_module(f"konnx.{name}")


def test_short_names_are_those_of_their_families() -> None:
    assert konnx.Model is konnx.models.Model
    assert konnx.Sequential is konnx.models.Sequential
    assert konnx.load_model is konnx.models.load_model
    assert konnx.Input is konnx.layers.Input


def test_it_has_a_version() -> None:
    assert re.match(r"\d+\.\d+", konnx.__version__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="'konnx' has no attribute 'layer'"):
        konnx.layer  # noqa: B018 - reading it is the test
    with pytest.raises(ImportError):
        from konnx import layer  # type: ignore[attr-defined]  # noqa: F401


def test_importing_the_root_imports_no_family(tmp_path: Path) -> None:
    program = (
        "import sys, konnx\n"
        "before = [name for name in sys.modules if name.startswith('konnx.')]\n"
        "konnx.Sequential\n"
        "print(before, 'konnx.models' in sys.modules, 'onnxruntime' in sys.modules)"
    )
    assert run(program, tmp_path) == "[] True False"


def test_star_import_brings_the_families(tmp_path: Path) -> None:
    program = "from konnx import *\nprint(layers.__name__, Model.__name__)"
    assert run(program, tmp_path) == "konnx.layers Model"
