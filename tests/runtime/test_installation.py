from __future__ import annotations

import subprocess
import sys
import types
import warnings

import pytest

from konnx.runtime import RuntimeMissingError, installation, is_available, onnxruntime_module

COMMANDS = [f'pip install "konnx[{extra}]"' for extra in ("gpu", "cpu", "training")]

BLOCKER = """
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "onnxruntime":
            raise ModuleNotFoundError("No module named 'onnxruntime'", name="onnxruntime")

sys.meta_path.insert(0, Blocker())
"""


def in_fresh_process(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", BLOCKER + code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.no_runtime
def test_importing_konnx_runtime_needs_no_onnx_runtime() -> None:
    code = "import konnx.runtime as r; print(r.is_available(), 'onnx' in sys.modules)"
    assert in_fresh_process(code) == "False False"


@pytest.mark.no_runtime
@pytest.mark.parametrize(
    "call",
    [
        "r.onnxruntime_module()",
        "r.resolve_device()",
        "r.Program(b'', feeds=[], fetches=[], device='cpu')",
        "r.State(1.0).current(r.Device('cpu'))",
    ],
)
def test_computing_without_an_onnx_runtime_names_the_three_commands(call: str) -> None:
    said = in_fresh_process(
        f"import konnx.runtime as r\ntry:\n    {call}\nexcept ImportError as e:\n    print(repr(e))"
    )
    assert said.startswith("RuntimeMissingError")
    for command in COMMANDS:
        assert command in said


@pytest.mark.no_runtime
@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ImportError("libstdc++.so.6: version not found"), "cannot be loaded: libstdc"),
        (ModuleNotFoundError("No module named 'flatbuffers'", name="flatbuffers"), "'flatbuffers'"),
    ],
)
def test_a_broken_installation_is_told_from_a_missing_one(
    monkeypatch: pytest.MonkeyPatch, error: ImportError, words: str
) -> None:
    def fail(name: str) -> None:
        raise error

    monkeypatch.setattr(installation.importlib, "import_module", fail)
    with pytest.raises(RuntimeMissingError, match=words) as caught:
        onnxruntime_module()
    assert caught.value.__cause__ is error
    assert all(command in str(caught.value) for command in COMMANDS)
    assert not is_available()


@pytest.mark.no_runtime
def test_the_empty_folder_of_a_removed_wheel_is_no_runtime(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", types.ModuleType("onnxruntime"))
    with pytest.raises(RuntimeMissingError, match="most of its files are not"):
        onnxruntime_module()


@pytest.mark.no_runtime
def test_a_runtime_that_warns_on_import_is_found_where_warnings_are_errors(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    module = types.SimpleNamespace(InferenceSession=object)

    def warn(name: str) -> object:
        warnings.warn("Failed to register the CUDA plugin", stacklevel=2)
        return module

    monkeypatch.setattr(installation.importlib, "import_module", warn)
    assert onnxruntime_module() is module


def test_an_installed_runtime_is_found() -> None:
    assert is_available()
    assert onnxruntime_module() is sys.modules["onnxruntime"]
