from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from konnx.runtime import Diagnosis, Problem

CPU_ONLY = Diagnosis(
    python="3.11.0",
    platform="Linux",
    logical_cores=8,
    usable_cores=2,
    distributions={"onnxruntime": "1.22.0"},
    onnxruntime="1.22.0",
    providers=("CPUExecutionProvider",),
    cuda_usable=False,
    cuda_lacks=(Problem("no NVIDIA driver was found", "Install the NVIDIA driver"),),
    training=False,
    problems=(),
)


@pytest.fixture
def diagnosed(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let the diagnosis be the one of a CPU with these changes."""

    def diagnose_as(**changes: Any) -> None:
        found = dataclasses.replace(CPU_ONLY, **changes)
        monkeypatch.setattr("konnx.runtime.diagnose", lambda: found)

    return diagnose_as


@pytest.mark.no_runtime
def test_a_cpu_is_enough(konnx: Any, diagnosed: Any) -> None:
    diagnosed()
    result = konnx("doctor")
    assert (result.code, result.err) == (0, "")
    head, *lines = result.out.splitlines()
    assert head.endswith("Python 3.11.0, Linux, 2 of 8 cores")
    assert lines == [
        "ONNX Runtime  1.22.0 (installed: onnxruntime 1.22.0)",
        "providers     CPUExecutionProvider",
        "CUDA          cannot be used",
        "  - no NVIDIA driver was found",
        "    Install the NVIDIA driver",
        "gradients     konnx' own, on every ONNX Runtime",
    ]


@pytest.mark.no_runtime
def test_what_works_is_said(konnx: Any, diagnosed: Any) -> None:
    diagnosed(cuda_usable=True, cuda_lacks=(), training=True)
    result = konnx("doctor")
    assert "CUDA          works\n" in result.out
    assert "and ONNX Runtime's" in result.out
    assert "problems" not in result.out


@pytest.mark.no_runtime
def test_problems_are_listed_once_with_what_mends_them(konnx: Any, diagnosed: Any) -> None:
    idle = CPU_ONLY.cuda_lacks[0]
    diagnosed(problems=(Problem("two builds overwrite each other", "Uninstall both"), idle))
    result = konnx("doctor")
    assert result.out.endswith(
        "problems\n  - two builds overwrite each other\n    Uninstall both\n"
    )
    assert result.out.count(idle.what) == 1


@pytest.mark.no_runtime
def test_json_holds_everything(konnx: Any, diagnosed: Any) -> None:
    diagnosed()
    found = json.loads(konnx("doctor", "--json").out)
    assert set(found) == {"konnx", *CPU_ONLY.to_dict()}
    assert found["cuda_lacks"] == [dataclasses.asdict(CPU_ONLY.cuda_lacks[0])]


@pytest.mark.no_runtime
@pytest.mark.usefixtures("without_runtime")
@pytest.mark.parametrize("arguments", [[], ["--json"]])
def test_without_a_runtime_it_fails_and_names_what_installs_one(
    konnx: Any, arguments: list[str]
) -> None:
    result = konnx("doctor", *arguments)
    assert (result.code, result.err) == (1, "")
    for extra in ("gpu", "cpu", "training"):
        assert f"konnx[{extra}]" in result.out


def test_the_runtime_of_this_machine_is_found(konnx: Any) -> None:
    result = konnx("doctor", "--json")
    assert (result.code, json.loads(result.out)["onnxruntime"] is None) == (0, False)
