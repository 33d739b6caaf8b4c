"""Training in several processes by MPI."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from konnx.distributed import distribute
from konnx.layers import LSTM, BatchNormalization, Dense
from konnx.models import Sequential

pytestmark = pytest.mark.training

PROGRAM = Path(__file__).with_name("train.py")


def program() -> Any:
    """The program as a module."""
    spec = importlib.util.spec_from_file_location("train", PROGRAM)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def mpi() -> tuple[str, dict[str, str]]:
    """The program that starts processes, and what they need in the environment to use its MPI."""
    try:
        files = {file.name: str(file.locate()) for file in metadata.files("mpich") or ()}
    except metadata.PackageNotFoundError:
        found = shutil.which("mpiexec")
        assert found is not None, "the tests need an MPI: pip install mpich"
        return found, {}
    library = files.get("libmpi.so.12")
    return files["mpiexec"], {"MPI4PY_LIBMPI": library} if library else {}


def run(processes: int, path: Path, end: str = "") -> subprocess.CompletedProcess[str]:
    mpiexec, needed = mpi()
    command = [mpiexec, "-n", str(processes), sys.executable, str(PROGRAM), str(path), end]
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, **needed},
    )


@pytest.mark.parametrize("processes", [2, 3, 4])
def test_some_processes_train_as_one_does_on_whole_batches(tmp_path: Path, processes: int) -> None:
    expected = program().fit(program().build(seed=0))
    result = run(processes, tmp_path / "found")
    assert result.returncode == 0, result.stderr
    for rank in range(processes):
        with np.load(tmp_path / f"found_{rank}.npz") as found:
            for name, array in expected.items():
                np.testing.assert_allclose(found[name], array, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("end", ["raise", "kill"])
def test_a_process_that_dies_ends_the_job(tmp_path: Path, end: str) -> None:
    result = run(2, tmp_path / "found", end)
    assert result.returncode != 0
    assert list(tmp_path.iterdir()) == []
    assert end == "kill" or "this process has an error" in result.stderr


class Alone:
    """Two processes, of which the other one does as this one does, or has no samples."""

    rank, size = 0, 2

    def __init__(self, gets: slice) -> None:
        self.gets, self.messages = gets, 0

    def part(self, arrays: Sequence[Any]) -> list[Any]:
        return [array[self.gets] for array in arrays]

    def mean(self, arrays: Sequence[np.ndarray], samples: int) -> list[np.ndarray]:
        self.messages += 1
        return list(arrays)

    def broadcast(self, value: Any) -> Any:
        return value

    def end_job_on_error(self) -> None:
        """Nothing to do."""


X = np.random.RandomState(0).normal(size=(8, 3)).astype("float32")
Y = X[:, :1]


def normalized() -> Sequential:
    model = Sequential([Dense(2, input_shape=(3,)), BatchNormalization(), Dense(1)])
    model.compile("adam", "mse")
    return model


def test_averages_of_batch_normalization_are_exchanged_like_gradients() -> None:
    alone, together = normalized(), normalized()
    together.set_weights(alone.get_weights())
    communicator = Alone(slice(None))
    distribute(together, communicator)  # type: ignore[arg-type]
    for _ in range(3):
        assert together.train_on_batch(X, Y) == pytest.approx(alone.train_on_batch(X, Y))
    assert communicator.messages == 3
    for one, other in zip(together.get_weights(), alone.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-7)


def test_a_process_without_samples_takes_part() -> None:
    model = distribute(normalized(), Alone(slice(0, 0)))  # type: ignore[arg-type]
    assert model.train_on_batch(X, Y) == 0.0


def test_compiling_ends_it() -> None:
    communicator = Alone(slice(None))
    model = distribute(normalized(), communicator)  # type: ignore[arg-type]
    model.compile("sgd", "mse")
    model.train_on_batch(X, Y)
    assert communicator.messages == 0


def test_stateful_models_are_refused() -> None:
    model = Sequential([LSTM(2, stateful=True, batch_input_shape=(4, 3, 2), name="memory")])
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="is stateful.*stateful=False"):
        distribute(model, Alone(slice(None)))  # type: ignore[arg-type]


def test_without_mpi4py_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mpi4py.MPI", None)
    with pytest.raises(ImportError, match=r"konnx\[distributed\].*pip install mpich"):
        distribute(normalized())
