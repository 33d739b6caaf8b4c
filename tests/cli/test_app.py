from __future__ import annotations

import os
import re
import subprocess
import sys
import warnings
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from konnx import converters

pytestmark = pytest.mark.no_runtime

NEGATION = "negation (float[N] x) => (float[N] y) { y = Neg(x) }"
DEFECT = "This is a defect of konnx: --debug shows where it is."
COMMANDS = ("convert", "run", "inspect", "doctor", "demo", "exec")


def raising(error: BaseException) -> Callable[..., Any]:
    def fail(*_: object, **__: object) -> None:
        raise error

    return fail


def started(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-m", "konnx.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


def test_version_prints_the_version_of_the_package(konnx: Any) -> None:
    result = konnx("--version")
    assert (result.code, result.out) == (0, f"konnx {version('konnx')}\n")


def test_help_lists_every_command(konnx: Any) -> None:
    result = konnx("--help")
    assert result.code == 0
    assert [name for name in COMMANDS if not re.search(rf"^ +{name} ", result.out, re.M)] == []


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_and_takes_debug(konnx: Any, command: str) -> None:
    result = konnx(command, "--help")
    assert (result.code, "--debug" in result.out) == (0, True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["convrt"], "convrt"),
        (["convert"], "SOURCE"),
        (["convert", "a", "b", "surplus"], "surplus"),
        (["convert", "a", "b", "--opset", "new"], "--opset"),
        (["inspect", "a", "--colour"], "--colour"),
        (["run", "a", "--batch-size", "0"], "--batch-size"),
        (["demo", "--epochs", "0"], "--epochs"),
    ],
)
def test_wrong_usage_exits_with_2_and_names_the_mistake(
    konnx: Any, arguments: list[str], said: str
) -> None:
    result = konnx(*arguments)
    assert (result.code, said in result.err) == (2, True)


def test_an_error_is_one_line_without_a_traceback(konnx: Any, tmp_path: Path) -> None:
    result = konnx("inspect", tmp_path / "absent.h5")
    assert result.code == 1
    assert result.err == f"konnx: '{tmp_path / 'absent.h5'}': No such file or directory\n"
    assert result.out == ""


@pytest.mark.parametrize("arguments", [["--debug", "inspect", "x"], ["inspect", "x", "--debug"]])
def test_debug_shows_the_traceback_before_the_line(konnx: Any, arguments: list[str]) -> None:
    result = konnx(*arguments)
    assert result.err.startswith("Traceback (most recent call last):")
    assert result.err.splitlines()[-1] == "konnx: 'x': No such file or directory"
    assert result.code == 1


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ValueError("`units` must\nbe positive"), "konnx: `units` must be positive"),
        (ValueError("red \x1b[31m"), "konnx: red ?[31m"),
        (MemoryError(), "konnx: not enough memory"),
        (OSError(28, "No space left on device"), "konnx: No space left on device"),
        (KeyError("units"), f"konnx: internal error: KeyError: 'units'. {DEFECT}"),
    ],
)
def test_any_error_becomes_one_printable_line(
    konnx: Any, monkeypatch: pytest.MonkeyPatch, mlp: Path, error: Exception, line: str
) -> None:
    monkeypatch.setattr("konnx.converters.load_model", raising(error))
    result = konnx("convert", mlp, "unused.onnx")
    assert (result.code, result.out, result.err) == (1, "", f"{line}\n")


def test_an_interrupt_exits_with_130_and_says_nothing(
    konnx: Any, monkeypatch: pytest.MonkeyPatch, mlp: Path
) -> None:
    monkeypatch.setattr("konnx.converters.load_model", raising(KeyboardInterrupt()))
    result = konnx("convert", mlp, "unused.onnx")
    assert (result.code, result.out, result.err) == (130, "", "")


def test_a_warning_is_one_line_without_a_place_in_the_code(
    konnx: Any, monkeypatch: pytest.MonkeyPatch, mlp: Path, tmp_path: Path
) -> None:
    load = converters.load_model

    def load_and_warn(*arguments: Any, **options: Any) -> Any:
        warnings.warn("the state\nstarts anew", stacklevel=1)
        return load(*arguments, **options)

    monkeypatch.setattr("konnx.converters.load_model", load_and_warn)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        result = konnx("convert", mlp, tmp_path / "m.onnx")
    assert (result.code, result.err) == (0, "konnx: warning: the state starts anew\n")


def test_a_reader_that_leaves_early_causes_no_complaint() -> None:
    # The reader is gone before the command writes its first line.
    program = "import sys, os; sys.stdin.read(); from konnx.cli import main; main(['--help'])"
    process = subprocess.Popen(
        [sys.executable, "-P", "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None and process.stdin is not None and process.stderr is not None
    process.stdout.close()
    process.stdin.close()
    with process.stderr as stderr:
        assert stderr.read() == ""
    assert process.wait() == 1


def test_the_module_runs_as_the_command_and_exits_with_its_code(tmp_path: Path) -> None:
    result = started("inspect", "absent.h5", cwd=tmp_path)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == "konnx: 'absent.h5': No such file or directory\n"


def test_a_name_that_the_terminal_cannot_show_is_no_reason_to_fail(
    save_onnx: Callable[[str], Path], tmp_path: Path
) -> None:
    path = save_onnx(NEGATION).rename(tmp_path / "模型.onnx")
    result = started("inspect", str(path), env={**os.environ, "PYTHONIOENCODING": "latin-1"})
    assert (result.returncode, result.stderr) == (0, "")
    assert "\\u6a21\\u578b.onnx" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "unneeded"),
    [
        (["--help"], {"onnx", "onnxruntime", "h5py", "numpy"}),
        (["convert", "absent.h5", "target.onnx"], {"onnxruntime"}),
    ],
)
def test_starting_loads_only_what_the_command_needs(
    arguments: list[str], unneeded: set[str], tmp_path: Path
) -> None:
    program = (
        "import sys\nfrom konnx.cli import main\n"
        f"try: main({arguments})\n"
        f"except SystemExit: print(sorted({unneeded} & set(sys.modules)))"
    )
    result = subprocess.run(
        [sys.executable, "-P", "-c", program],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.stdout.splitlines()[-1] == "[]"
