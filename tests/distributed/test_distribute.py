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

from konnx import ops
from konnx.distributed import Communicator, distribute
from konnx.graph import Tensor
from konnx.layers import LSTM, BatchNormalization, Dense
from konnx.metrics import StatefulMetric
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


class Twins:
    """The communicator of two processes, of which the other one does as this one does."""

    def __init__(self) -> None:
        self.messages = 0

    def Get_rank(self) -> int:  # noqa: N802 - as mpi4py has it
        return 0

    def Get_size(self) -> int:  # noqa: N802
        return 2

    def Allreduce(self, _: Any, message: np.ndarray, op: Any) -> None:  # noqa: N802
        self.messages += 1
        message *= 2

    def bcast(self, value: Any) -> Any:
        return value


class Hits(StatefulMetric):
    """The number of samples so far."""

    def totals(self, y_true: Tensor, y_pred: Tensor, weights: Tensor | None = None) -> list[Tensor]:
        return [ops.sum(ops.zeros_like(y_pred) + 1.0)]

    def result(self, totals: Sequence[Tensor]) -> Tensor:
        return totals[0]


X = np.random.RandomState(0).normal(size=(4, 3)).astype("float32")
Y = X[:, :1]
TWICE = np.concatenate([X, X]), np.concatenate([Y, Y])


def normalized() -> Sequential:
    model = Sequential([Dense(2, input_shape=(3,)), BatchNormalization(), Dense(1)])
    model.compile("adam", "mse")
    return model


def test_averages_of_batch_normalization_are_exchanged_like_gradients() -> None:
    alone, together = normalized(), normalized()
    together.set_weights(alone.get_weights())
    twins = Twins()
    distribute(together, Communicator(twins))
    for _ in range(3):
        loss = together.train_on_batch(*TWICE)
        assert loss == pytest.approx(alone.train_on_batch(X, Y))
    assert twins.messages == 3
    for one, other in zip(together.get_weights(), alone.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-7)


def test_metrics_of_sums_add_up_what_all_processes_count() -> None:
    model = Sequential([Dense(1, input_shape=(3,))])
    model.compile("sgd", "mse", metrics=[Hits()])
    distribute(model, Communicator(Twins()))
    history = model.fit(*TWICE, batch_size=8, epochs=2, verbose=0).history
    assert history["hits"] == [8.0, 8.0]


def test_a_process_without_samples_takes_part() -> None:
    model = distribute(normalized(), Communicator(Twins()))
    assert model.train_on_batch(X[:1], Y[:1]) == 0.0


def test_each_process_evaluates_by_itself() -> None:
    twins = Twins()
    model = distribute(normalized(), Communicator(twins))
    model.evaluate(X, Y, verbose=0)
    assert twins.messages == 0


def test_compiling_ends_it() -> None:
    twins = Twins()
    model = distribute(normalized(), Communicator(twins))
    model.compile("sgd", "mse")
    model.train_on_batch(X, Y)
    assert twins.messages == 0


def test_stateful_models_are_refused() -> None:
    model = Sequential([LSTM(2, stateful=True, batch_input_shape=(4, 3, 2), name="memory")])
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="is stateful.*stateful=False"):
        distribute(model, Communicator(Twins()))


def test_without_mpi4py_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mpi4py.MPI", None)
    with pytest.raises(ImportError, match=r"konnx\[distributed\].*pip install mpich"):
        distribute(normalized())
