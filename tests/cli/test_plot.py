from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.no_runtime


def test_a_model_becomes_text_that_graphviz_draws(konnx: Any, mlp: Path, tmp_path: Path) -> None:
    target = tmp_path / "m.dot"
    result = konnx("plot", mlp, target)
    assert (result.code, result.err) == (0, "")
    text = target.read_text()
    assert text.startswith("digraph")
    assert "dense_1" in text
    assert "(None, 8)" in text
    assert "(None, 8)" not in _plotted(konnx, mlp, target, "--no-shapes")
    assert "rankdir=LR" in _plotted(konnx, mlp, target, "--rankdir", "LR")


def _plotted(konnx: Any, model: Path, target: Path, *options: str) -> str:
    assert konnx("plot", model, target, "--force", *options).code == 0
    return target.read_text()


def test_an_onnx_file_is_drawn_too(konnx: Any, mlp: Path, tmp_path: Path) -> None:
    konnx("convert", mlp, tmp_path / "m.onnx")
    assert "Gemm" in _plotted(konnx, tmp_path / "m.onnx", tmp_path / "m.dot")


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
def test_a_picture_is_drawn(konnx: Any, mlp: Path, tmp_path: Path) -> None:
    assert konnx("plot", mlp, tmp_path / "m.svg").code == 0
    assert "<svg" in (tmp_path / "m.svg").read_text()


def test_a_picture_that_exists_stays(konnx: Any, mlp: Path, tmp_path: Path) -> None:
    (tmp_path / "m.dot").write_text("precious")
    result = konnx("plot", mlp, tmp_path / "m.dot")
    assert (result.code, "Use --force" in result.err) == (1, True)
    assert (tmp_path / "m.dot").read_text() == "precious"


def test_an_unknown_format_is_named(konnx: Any, mlp: Path, tmp_path: Path) -> None:
    result = konnx("plot", mlp, tmp_path / "m.xyz")
    assert (result.code, "xyz" in result.err) == (1, True)
