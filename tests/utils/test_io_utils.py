"""Arrays that stay in HDF5 files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from konnx.utils import HDF5Matrix
from konnx.utils.io_utils import ask_to_proceed_with_overwrite

pytestmark = pytest.mark.no_runtime

DATA = np.arange(24.0).reshape(8, 3)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file["rows"], file["labels"] = DATA, np.arange(8)
    return tmp_path / "data.h5"


@pytest.mark.parametrize(
    "key",
    [
        3,
        -1,
        slice(None),
        slice(1, 3),
        slice(-2, None),
        slice(None, None, 2),
        slice(None, None, -1),
        slice(2, 99),
        [3, 1],
        [1, 1, 0],
        np.array([4, 2, 3]),
        np.array([], dtype=int),
        np.array([True, False] * 3),
        [-1, 0],
    ],
)
def test_it_is_indexed_like_the_array_it_stands_for(path: Path, key: Any) -> None:
    matrix = HDF5Matrix(path, "rows", start=1, end=7)
    np.testing.assert_array_equal(matrix[key], DATA[1:7][key])


def test_shape_dtype_and_size_are_those_of_the_part(path: Path) -> None:
    matrix = HDF5Matrix(path, "rows", 2, 5)
    assert (matrix.shape, matrix.ndim, matrix.size, len(matrix)) == ((3, 3), 2, 9, 3)
    assert matrix.dtype == np.float64


def test_each_piece_that_is_read_is_normalized(path: Path) -> None:
    matrix = HDF5Matrix(path, "rows", normalizer=lambda part: part / 24)
    np.testing.assert_array_equal(matrix[2:4], DATA[2:4] / 24)


def test_a_part_of_it_and_a_column_stay_in_the_file(path: Path) -> None:
    part = HDF5Matrix(path, "labels", 1).part(2, 5)
    assert isinstance(part, HDF5Matrix)
    np.testing.assert_array_equal(part[:], [3, 4, 5])
    column = part.as_column()
    assert column.shape == (3, 1)
    np.testing.assert_array_equal(column[[2, 0]], [[5], [3]])


def test_two_of_one_file_can_be_open_at_a_time(path: Path) -> None:
    one, other = HDF5Matrix(path, "rows"), HDF5Matrix(str(path), "labels")
    assert len(one[:]) == len(other[:])


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda p: HDF5Matrix(p, "row"), KeyError, "no data set 'row'. It has: labels, rows"),
        (lambda p: HDF5Matrix(p, "rows", 3, 9), ValueError, "start=3, end=9"),
        (lambda p: HDF5Matrix(p, "rows", 5, 3), ValueError, "start=5, end=3"),
        (lambda p: HDF5Matrix(p, "rows")[8], IndexError, "has 8 samples. Received: 8 to 8"),
        (lambda p: HDF5Matrix(p, "rows", 2)[[0, 6]], IndexError, "has 6 samples. Received: 0 to 6"),
    ],
)
def test_what_is_not_there_is_named(
    path: Path, make: Callable[[Path], Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        make(path)


def test_replacing_a_file_is_asked_for_until_there_is_an_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for said, expected in ((["what", "Y "], True), (["n"], False)):
        answers = iter(said)
        monkeypatch.setattr("builtins.input", lambda _, answers=answers: next(answers))
        assert ask_to_proceed_with_overwrite("file.h5") is expected
