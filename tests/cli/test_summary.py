from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.no_runtime


def test_the_table_is_that_of_keras(konnx: Any, mlp: Path) -> None:
    result = konnx("summary", mlp)
    assert (result.code, result.err) == (0, "")
    assert "dense_1 (Dense)              (None, 8)                 56        " in result.out
    assert "Total params: 92" in result.out


def test_an_onnx_file_has_layers_too(konnx: Any, mlp: Path, tmp_path: Path) -> None:
    konnx("convert", mlp, tmp_path / "m.onnx")
    result = konnx("summary", tmp_path / "m.onnx", "--line-length", 80)
    assert (result.code, "Total params: 92" in result.out) == (0, True)
    assert max(map(len, result.out.splitlines())) == 80
