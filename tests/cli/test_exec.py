"""`konnx exec` runs scripts as Python does, with `import keras` served by konnx."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

pytestmark = pytest.mark.no_runtime

Finished = subprocess.CompletedProcess[str]


def executed(folder: Path, *arguments: str) -> Finished:
    command = [sys.executable, "-P", "-m", "konnx.cli", "exec", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def write(folder: Path, source: str, name: str = "script.py") -> None:
    (folder / name).write_text(dedent(source), encoding="utf-8")


def test_a_script_sees_what_it_sees_under_python_and_konnx_as_keras(tmp_path: Path) -> None:
    write(tmp_path, "value = 7", "beside.py")
    write(
        tmp_path,
        """\
        import sys
        import beside, keras
        from keras.layers.core import Dense
        print(__name__, sys.argv, sys.path[0], __file__, sys.modules["__main__"].Dense is Dense)
        print(Dense.__module__, keras.__version__[:5], beside.value)
        """,
    )
    result = executed(tmp_path, "script.py", "--help", "-m", "--", "x")
    assert result.stderr == ""
    assert result.stdout.splitlines() == [
        f"__main__ ['script.py', '--help', '-m', '--', 'x'] {tmp_path} {tmp_path}/script.py True",
        "konnx.layers.core 2.1.6 7",
    ]


def test_a_module_runs_by_its_name(tmp_path: Path) -> None:
    write(tmp_path, "import sys, keras\nprint(__name__, sys.argv[1:], sys.path[0])", "tool.py")
    result = executed(tmp_path, "-m", "tool", "-a")
    assert (result.stdout, result.stderr) == (f"__main__ ['-a'] {tmp_path}\n", "")


@pytest.mark.parametrize(
    ("source", "code", "error"),
    [
        ("import sys; sys.exit(3)", 3, ""),
        ("raise SystemExit('text')", 1, "text\n"),
        ("import sys; sys.exit()", 0, ""),
    ],
)
def test_the_exit_code_is_that_of_the_script(
    tmp_path: Path, source: str, code: int, error: str
) -> None:
    write(tmp_path, source)
    result = executed(tmp_path, "script.py")
    assert (result.returncode, result.stderr) == (code, error)


@pytest.mark.parametrize(
    "source",
    [
        "import keras\ndef fail():\n    raise ValueError('bad')\nfail()",
        "try:\n    1 / 0\nexcept Exception:\n    raise KeyError('second')",
        "def broken(:\n",
        "import warnings\nwarnings.warn('careful')\nwarnings.warn('old', DeprecationWarning)",
        "import sys\nsys.excepthook = lambda *_: print('mine')\n1 / 0",
        "open('absent.txt')",
    ],
)
def test_tracebacks_and_warnings_are_those_of_python_itself(tmp_path: Path, source: str) -> None:
    write(tmp_path, source.replace("import keras", "import os"))
    command = [sys.executable, str(tmp_path / "script.py")]
    by_python = subprocess.run(command, capture_output=True, text=True, check=False)
    write(tmp_path, source)
    result = executed(tmp_path, str(tmp_path / "script.py"))
    assert (result.returncode, result.stdout, result.stderr) == (
        by_python.returncode,
        by_python.stdout,
        by_python.stderr,
    )


def test_what_comes_from_tensorflow_needs_its_option(tmp_path: Path) -> None:
    write(tmp_path, "from tensorflow.keras.layers import Dense\nprint(Dense.__module__)")
    served = executed(tmp_path, "--tensorflow", "script.py")
    assert (served.stdout, served.stderr) == ("konnx.layers.core\n", "")


def test_a_name_that_konnx_lacks_is_the_scripts_error(tmp_path: Path) -> None:
    write(tmp_path, "from keras.layers import Dence")
    result = executed(tmp_path, "script.py")
    assert result.returncode == 1
    assert result.stderr.splitlines()[0] == "Traceback (most recent call last):"
    last = result.stderr.splitlines()[-1]
    assert last.startswith("ImportError: konnx has no `keras.layers.Dence`. Did you mean `Dense`")


@pytest.mark.parametrize("arguments", [["absent.py"], ["-m", "absent_module"]])
def test_a_script_that_is_not_there_is_one_line(tmp_path: Path, arguments: list[str]) -> None:
    result = executed(tmp_path, *arguments)
    assert (result.returncode, result.stdout, len(result.stderr.splitlines())) == (1, "", 1)
    assert "absent" in result.stderr
