from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from konnx.cli.outputs import preview, write_outputs

pytestmark = pytest.mark.no_runtime


def test_an_archive_keeps_any_name(tmp_path: Path) -> None:
    names = ["file", "args", "model/dense", "größe"]
    arrays = {name: np.full(2, index) for index, name in enumerate(names)}
    write_outputs(tmp_path / "y", arrays, archive=True)
    with np.load(tmp_path / "y", allow_pickle=False) as found:
        assert {name: found[name].tolist() for name in found.files} == {
            name: [index] * 2 for index, name in enumerate(names)
        }


def test_a_single_array_goes_to_the_very_file(tmp_path: Path) -> None:
    write_outputs(tmp_path / "y.out", {"y": np.arange(3)}, archive=False)
    assert np.load(tmp_path / "y.out").tolist() == [0, 1, 2]
    assert [path.name for path in tmp_path.iterdir()] == ["y.out"]


def test_a_sequence_is_not_written_and_named(tmp_path: Path) -> None:
    outputs: dict[str, Any] = {"y": np.arange(3), "scores": [{"cat": 0.5}]}
    with pytest.raises(ValueError, match="of the outputs 'scores' is none, but a sequence"):
        write_outputs(tmp_path / "y.npz", outputs, archive=True)
    assert list(tmp_path.iterdir()) == []


def test_texts_are_written_without_pickling(tmp_path: Path) -> None:
    write_outputs(tmp_path / "y.npy", {"y": np.array(["a", "bc"], object)}, archive=False)
    assert np.load(tmp_path / "y.npy", allow_pickle=False).tolist() == ["a", "bc"]


@pytest.mark.parametrize(
    ("array", "lines"),
    [
        (np.float32(1.5).reshape(()), ["  1.5"]),
        (np.array([1, 2]), ["  [1 2]"]),
        (np.zeros((0, 2, 2)), ["  []"]),
        (np.arange(8).reshape(2, 2, 2), ["  [[0 1 2 3]", "   [4 5 6 7]]"]),
        (np.array(["\x1b[31mred"], object), ["  ['\\x1b[31mred']"]),
        ([{"cat": 0.5}, {"dog\x1b": 1.0}], ["  {'cat': 0.5}", "  {'dog\\x1b': 1.0}"]),
        ([np.arange(2)] * 4, ["  [0 1]", "  [0 1]", "  [0 1]", "  …"]),
    ],
)
def test_a_preview_shows_values_safely(array: Any, lines: list[str]) -> None:
    assert preview(array) == lines
