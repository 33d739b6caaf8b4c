"""HDF5 within another file is read where it lies."""

from __future__ import annotations

import io
from pathlib import Path

import h5py
import numpy as np
import pytest

from konnx.converters import FileFormatError
from konnx.converters.hdf5.opening import open_hdf5, open_hdf5_within
from konnx.converters.hdf5.region import Region, RegionStream

pytestmark = pytest.mark.no_runtime


def test_a_region_ends_where_it_ends() -> None:
    region = Region(b"0123456789", 2, 5)
    assert (len(region), region[3:99], region[7:9]) == (5, b"56", b"")
    assert (region.find(b"45"), region.find(b"67"), region.find(b"2", 1)) == (2, -1, -1)


def test_a_stream_of_a_region_moves_like_a_file() -> None:
    stream = RegionStream(Region(b"0123456789", 2, 5))
    assert (stream.seek(-2, io.SEEK_END), stream.read(9), stream.tell()) == (3, b"56", 5)
    assert (stream.seek(1), stream.seek(1, io.SEEK_CUR), stream.read(1)) == (1, 2, b"4")
    with pytest.raises(ValueError, match="no position -1"):
        stream.seek(-1)


def test_hdf5_is_read_from_the_middle_of_other_bytes(tmp_path: Path) -> None:
    path = tmp_path / "w.h5"
    with h5py.File(path, "w") as file:
        file["a/b"] = np.arange(5000.0)
    data = path.read_bytes()
    with open_hdf5_within(Region(b"x" * 777 + data + b"y" * 99, 777, len(data)), "w") as root:
        np.testing.assert_array_equal(root.array("a/b", "b"), np.arange(5000.0))
    with pytest.raises(FileFormatError, match="not HDF5"), open_hdf5_within(Region(b"xx"), "w"):
        pass


def test_bfloat16_becomes_float32_marked_by_keras_3_or_not(tmp_path: Path) -> None:
    values = np.array([[1.5, -2.0], [0.0, 3.140625]], "float32")
    with h5py.File(tmp_path / "w.h5", "w") as file:
        halves = (values.view("uint32") >> 16).astype("<u2").view("V2")
        file["marked"] = halves
        file["marked"].attrs["dtype"] = "bfloat16"
        file["bare"] = halves
        file["other"] = halves
        file["other"].attrs["dtype"] = "float16"
    with open_hdf5(tmp_path / "w.h5") as root:
        for name in ("marked", "bare"):
            np.testing.assert_array_equal(root.array(name, name), values, strict=True)
        with pytest.raises(FileFormatError, match="a type that no weight has"):
            root.array("other", "other")
