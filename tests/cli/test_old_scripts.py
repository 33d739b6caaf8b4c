"""Scripts in the style of Keras' old examples run unchanged, and learn."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.training

SCRIPTS = sorted((Path(__file__).parents[1] / "old_scripts").glob("*.py"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_an_old_script_runs_unchanged(script: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-P", "-m", "konnx.cli", "exec", str(script), "8"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    (accuracy,) = re.findall(r"^Test accuracy: (.*)$", result.stdout, re.M)
    assert float(accuracy) > 0.85
    assert ("UserWarning: Update your" in result.stderr) == script.stem.startswith("keras_1")
    assert script.stem.startswith("keras_1") or result.stderr == ""
