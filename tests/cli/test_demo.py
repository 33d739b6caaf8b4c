from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from konnx.models import load_model

pytestmark = pytest.mark.training


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


def test_it_trains_saves_and_runs_the_file_elsewhere(konnx: Any, folder: Path) -> None:
    (folder / "digits.h5").write_text("of an earlier demo")
    result = konnx("demo", "--output", folder)
    assert (result.code, result.err) == (0, "")
    here, elsewhere = map(float, re.findall(r"Test accuracy .*: +([\d.]+)\n", result.out))
    difference = float(re.findall(r"Largest difference .*: +(\S+)\n", result.out)[0])
    assert min(here, elsewhere) >= 0.97
    assert difference < 1e-5
    assert "Epoch 15/15\n1438/1438 [====" in result.out
    assert sorted(os.listdir(folder)) == ["digits.h5", "digits.onnx"]
    model = load_model(folder / "digits.h5")
    assert model.predict(np.zeros((2, 8, 8), np.float32)).shape == (2, 10)
    onnx.checker.check_model(onnx.load(folder / "digits.onnx"), full_check=True)


def test_too_little_accuracy_is_a_failure(konnx: Any, tmp_path: Path) -> None:
    result = konnx("demo", "--output", tmp_path, "--epochs", 1)
    assert result.code == 1
    assert result.err.startswith("konnx: the test accuracy is 0.")
    assert result.err.endswith(". Expected: 0.97 at least; train for more --epochs.\n")


@pytest.fixture
def untrained(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[..., Any]], None]:
    """Skip the training, and let something else run in place of the new process."""

    def replace(run: Callable[..., Any]) -> None:
        def train(digits: Any, epochs: int) -> Any:
            from konnx.cli import demo

            model = demo._build()
            model.compile("sgd", "sparse_categorical_crossentropy")
            return model

        monkeypatch.setattr("konnx.cli.demo._train", train)
        monkeypatch.setattr("konnx.cli.demo.subprocess.run", run)

    return replace


def test_a_difference_between_the_processes_is_a_failure(
    konnx: Any, tmp_path: Path, untrained: Callable[[Callable[..., Any]], None]
) -> None:
    def predict_zeros(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        np.save(command[command.index("--output") + 1], np.zeros((359, 10), np.float32))
        return subprocess.CompletedProcess(command, 0, "", "")

    untrained(predict_zeros)
    result = konnx("demo", "--output", tmp_path)
    assert (result.code, "Expected: less than 1e-05." in result.err) == (1, True)


def test_what_the_other_process_says_is_passed_on(
    konnx: Any, tmp_path: Path, untrained: Callable[[Callable[..., Any]], None]
) -> None:
    def fail(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 1, "", "konnx: out of luck\n")

    untrained(fail)
    result = konnx("demo", "--output", tmp_path)
    assert result.code == 1
    assert result.err.endswith("digits.onnx' failed: konnx: out of luck\n")


@pytest.mark.no_runtime
@pytest.mark.usefixtures("without_runtime")
@pytest.mark.parametrize("device", ["auto", "cpu"])
def test_without_a_runtime_it_writes_nothing_and_names_what_installs_one(
    konnx: Any, tmp_path: Path, device: str
) -> None:
    result = konnx("demo", "--output", tmp_path / "demo", "--device", device)
    assert (result.code, 'pip install "konnx[cpu]"' in result.err) == (1, True)
    assert os.listdir(tmp_path) == []


def test_a_folder_that_cannot_be_made_is_named_before_the_training(
    konnx: Any, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    result = konnx("demo", "--output", tmp_path / "file")
    assert (result.code, result.out) == (1, "")
    assert result.err == f"konnx: '{tmp_path / 'file'}': File exists\n"
