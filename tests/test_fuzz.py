"""Damaged and malicious files end well; tools/fuzz.py does the same with thousands of them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.no_runtime

TOOL = Path(__file__).parents[1] / "tools" / "fuzz.py"


KINDS = (
    "arrays", "csv", "h5", "idx", "json", "keras", "labels", "lists", "npz", "onnx", "pickle",
    "picture", "state", "weights", "words", "yaml",
)  # fmt: skip


def test_damaged_files_give_a_model_or_an_error_of_konnx(tmp_path: Path) -> None:
    pytest.importorskip("yaml")
    pytest.importorskip("PIL")
    command = [sys.executable, str(TOOL), "--count", "400", "--keep", str(tmp_path / "kept")]
    # Nothing but what is named here is found where Python's own path is safe.
    env = {**os.environ, "PYTHONPATH": str(TOOL.parent)}
    result = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
    assert result.returncode == 0, result.stdout + result.stderr
    lines = dict(line.rsplit(None, 1) for line in result.stdout.splitlines())
    # Some of each kind must still be read, or nothing behind the first check is ever tried.
    for kind in KINDS:
        assert any(key.split() == [kind, "success"] and int(lines[key]) > 0 for key in lines)
