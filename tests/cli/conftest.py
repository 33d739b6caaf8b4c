"""Running the command in this process, and the files that it is run on."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import onnx
import pytest
from onnx import parser

from konnx.cli import main
from konnx.runtime import set_default_device

GOLDENS = Path(__file__).parents[1] / "goldens" / "hdf5"

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Result:
    """How the command ended and what it printed."""

    code: int
    out: str
    err: str


Konnx = Callable[..., Result]


@pytest.fixture
def konnx(capsys: pytest.CaptureFixture[str]) -> Konnx:
    """Run the command with these arguments."""

    def run(*arguments: object) -> Result:
        capsys.readouterr()
        try:
            with pytest.raises(SystemExit) as exit_:
                main([str(argument) for argument in arguments])
        finally:
            set_default_device("auto")  # `demo` chooses one for its whole process
        out, err = capsys.readouterr()
        code = exit_.value.code
        return Result(code if isinstance(code, int) else 0, out, err)

    return run


@pytest.fixture
def golden() -> Callable[[str], tuple[Path, dict[str, Array]]]:
    """Return a file that Keras saved, and arrays by name: x_0, …, prediction_0, …"""

    def load(name: str) -> tuple[Path, dict[str, Array]]:
        with np.load(GOLDENS / f"{name}.npz") as arrays:
            return GOLDENS / f"{name}.h5", dict(arrays)

    return load


@pytest.fixture
def mlp(golden: Callable[[str], tuple[Path, dict[str, Array]]]) -> Path:
    """A model of one input (6,) and one output (4,), as Keras saved it."""
    return golden("sequential_mlp_adam")[0]


@pytest.fixture
def with_layers(mlp: Path, tmp_path: Path) -> Callable[..., Path]:
    """Return a model file with other classes and settings: class name -> settings to add."""

    def make(*classes: tuple[str, dict[str, Any]]) -> Path:
        path = tmp_path / "odd.h5"
        path.write_bytes(mlp.read_bytes())
        with h5py.File(path, "a") as file:
            config = json.loads(file.attrs["model_config"])
            for number, (name, settings) in enumerate(classes):
                layer = {"class_name": name, "config": {"name": f"odd_{number}", **settings}}
                config["config"]["layers"].append(layer)
            file.attrs["model_config"] = json.dumps(config)
        return path

    return make


@pytest.fixture
def save_onnx(tmp_path: Path) -> Callable[[str], Path]:
    """Write the ONNX model that a text stands for."""

    def save(text: str, name: str = "model.onnx") -> Path:
        path = tmp_path / name
        header = '<ir_version: 8, opset_import: ["" : 18, "other" : 1]>'
        onnx.save(parser.parse_model(f"{header}\n{text}"), path)
        return path

    return save


@pytest.fixture
def without_runtime(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make importing onnxruntime fail as where it is not installed."""

    class Blocker:
        def find_spec(self, name: str, path: object = None, target: object = None) -> None:
            if name.partition(".")[0] == "onnxruntime":
                raise ModuleNotFoundError("No module named 'onnxruntime'", name="onnxruntime")

    for name in [name for name in sys.modules if name.partition(".")[0] == "onnxruntime"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [Blocker(), *sys.meta_path])
