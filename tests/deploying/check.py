"""Builds and runs a program of docs/deploying.md, and compares what it prints with konnx.

`python check.py FOLDER js`, where FOLDER holds onnxruntime-node, as the nox session "javascript"
makes it; `python check.py FOLDER cpp RELEASE`, where RELEASE is an unpacked archive of ONNX
Runtime's releases, for the nox session "cpp", and a compiler is on the PATH or in CXX.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

PAGE = Path(__file__).parents[2] / "docs" / "deploying.md"
TOLERANCE = 1e-5


def block(language: str) -> str:
    """The first block of the page in this language."""
    text = PAGE.read_text(encoding="utf-8")
    (found, *_) = re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)
    return str(found)


def predicted() -> np.ndarray[Any, Any]:
    """Export the model of the page; what it predicts of the image that the programs make."""
    names: dict[str, Any] = {}
    exec(compile(block("python"), str(PAGE), "exec"), names)  # noqa: S102 - our own text
    grey = np.full((1, 16, 16, 3), 0.5, np.float32)
    return np.asarray(names["model"].predict(grey)[0])


def run_javascript() -> str:
    Path("main.mjs").write_text(block("js"), encoding="utf-8")
    return subprocess.run(["node", "main.mjs"], check=True, capture_output=True, text=True).stdout


def run_cpp(release: str) -> str:
    Path("main.cpp").write_text(block("cpp"), encoding="utf-8")
    folder = Path(release)
    include, library = f"-I{folder / 'include'}", f"-L{folder / 'lib'}"
    compiler = [os.environ.get("CXX", "c++"), "-std=c++17", "-Wall", "-Wextra"]
    subprocess.run(
        [*compiler, "main.cpp", include, library, "-lonnxruntime", "-o", "main"], check=True
    )
    environment = {**os.environ, "LD_LIBRARY_PATH": str(folder / "lib")}
    done = subprocess.run(["./main"], check=True, capture_output=True, text=True, env=environment)
    return done.stdout


PROGRAMS: dict[str, Callable[..., str]] = {"js": run_javascript, "cpp": run_cpp}


def main(folder: str, language: str, *release: str) -> None:
    release = tuple(str(Path(one).resolve()) for one in release)
    os.chdir(folder)
    expected = predicted()
    found = np.array(PROGRAMS[language](*release).split(), np.float64)
    if found.shape != expected.shape or not np.allclose(found, expected, atol=TOLERANCE):
        sys.exit(f"The program in {language} printed {found}, konnx predicts {expected}.")
    print(f"{language}: {found}, equal to within {np.abs(found - expected).max():.1e}")


if __name__ == "__main__":
    main(*sys.argv[1:])
