from __future__ import annotations

import json
import platform
from importlib import metadata

import pytest

from konnx.runtime import (
    RuntimeMissingError,
    cuda,
    diagnose,
    diagnosis,
    is_available,
    onnxruntime_module,
)
from konnx.runtime.cuda import CudaProblem

FOUND = CudaProblem("libcudnn.so.9 is missing", "mend it")


def install(monkeypatch: pytest.MonkeyPatch, runtime: str = "1.32.0", **versions: str) -> None:
    """Pretend that these distributions are installed, and that `runtime` is what loads."""
    named = {name.replace("_", "-"): version for name, version in versions.items()}

    def version(name: str) -> str:
        if name in named:
            return named[name]
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", version)
    if is_available():
        monkeypatch.setattr(onnxruntime_module(), "__version__", runtime)


def test_the_diagnosis_describes_this_machine_in_plain_values() -> None:
    found = diagnose()
    assert found.python == platform.python_version()
    assert found.onnxruntime == onnxruntime_module().__version__
    assert "CPUExecutionProvider" in found.providers
    assert found.cuda_usable is not bool(found.cuda_lacks)
    assert 1 <= found.usable_cores <= found.logical_cores
    assert list(found.distributions)
    assert found.distributions.keys() <= set(diagnosis._DISTRIBUTIONS)
    assert found.training is any("training" in name for name in found.distributions)
    assert json.loads(json.dumps(found.to_dict()))["python"] == found.python


def test_two_distributions_that_overwrite_each_other_are_a_problem(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    install(monkeypatch, onnxruntime="1.32.0", onnxruntime_gpu="1.31.0")
    (problem,) = diagnose().problems
    assert "onnxruntime, onnxruntime-gpu are installed together" in problem.what
    assert "pip uninstall onnxruntime onnxruntime-gpu" in problem.remedy


@pytest.mark.parametrize(
    ("name", "version", "too_old"),
    [
        ("onnxruntime", "1.19.2", True),
        ("onnxruntime", "1.20.0", False),
        ("onnxruntime", "2.0.0", False),
        ("onnxruntime-training", "1.19.2", False),
        ("onnxruntime-training", "1.18.0", True),
    ],
)
def test_versions_older_than_supported_are_a_problem(
    monkeypatch: pytest.MonkeyPatch, name: str, version: str, too_old: bool
) -> None:
    install(monkeypatch, version, **{name: version})
    problems = [problem.what for problem in diagnose().problems]
    assert problems == ([f"onnxruntime {version} is older than konnx supports"] * too_old)


@pytest.mark.parametrize("has_gpu", [False, True])
def test_unusable_cuda_is_a_problem_only_where_there_is_a_gpu(
    monkeypatch: pytest.MonkeyPatch, has_gpu: bool
) -> None:
    install(monkeypatch, onnxruntime_gpu="1.32.0")
    monkeypatch.setattr(cuda, "find_cuda_problems", lambda index: (FOUND,))
    monkeypatch.setattr(cuda, "driver_problem", lambda index: None if has_gpu else FOUND)
    found = diagnose()
    assert not found.cuda_usable
    assert [problem.what for problem in found.cuda_lacks] == [FOUND.what]
    assert [problem.remedy for problem in found.problems] == ([FOUND.remedy] if has_gpu else [])


@pytest.mark.no_runtime
def test_a_missing_runtime_is_diagnosed_rather_than_raised(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def missing() -> None:
        raise RuntimeMissingError("konnx found no ONNX Runtime")

    install(monkeypatch)
    monkeypatch.setattr(diagnosis, "onnxruntime_module", missing)
    found = diagnose()
    assert (found.onnxruntime, found.providers, found.cuda_usable) == (None, (), False)
    (problem,) = found.problems
    assert "no ONNX Runtime" in problem.what
    assert 'pip install "konnx[cpu]"' in problem.remedy
