"""Pickles of data sets are read as data; whatever else they hold is refused."""

from __future__ import annotations

import builtins
import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from konnx.datasets.pickles import read_pickle

pytestmark = pytest.mark.no_runtime

LISTS = np.empty(3, dtype=object)
LISTS[:] = [[1, 255, 256, 65535, 65536, -1], [], list(range(3000))]
VALUES = [
    [0, 1, 255, 256, 70000, -5],
    {"a": [1, 2], "b": (True, False, None), "c": ("x" * 300, b"y" * 300, "é")},
    [[], {}, (), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4)],
    list(range(2500)),
]


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("value", VALUES)
def test_plain_values_are_read(value: Any, protocol: int) -> None:
    assert read_pickle(pickle.dumps(value, protocol), "file") == value


@pytest.mark.parametrize("protocol", [2, 3, 4])
def test_arrays_of_bytes_and_of_lists_are_read(protocol: int) -> None:
    array = np.arange(24, dtype=np.uint8).reshape(4, 6)
    found = read_pickle(pickle.dumps({"data": array, "turned": array.T}, protocol), "file")
    np.testing.assert_array_equal(found["data"], array, strict=True)
    np.testing.assert_array_equal(found["turned"], array.T, strict=True)
    assert read_pickle(pickle.dumps(LISTS, protocol), "file").tolist() == LISTS.tolist()


class Evil:
    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = function, arguments

    def __reduce__(self) -> Any:
        return self.call


HOSTILE = {
    "system": Evil(os.system, "touch evil"),
    "eval": Evil(builtins.eval, "open('evil', 'w')"),
    "in a dictionary": {"data": [Evil(os.system, "touch evil")]},
    "in an array": np.array([Evil(os.system, "touch evil")], dtype=object),
    "another class": Path("evil"),
    "floats": np.zeros(3),
    "another codec": Evil(__import__("_codecs").encode, "text", "rot13"),
    "a name": os.system,
}


@pytest.mark.parametrize("protocol", [2, 4])
@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_is_called_or_imported(
    name: str, protocol: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="'file' is refused at byte"):
        read_pickle(pickle.dumps(HOSTILE[name], protocol), "file")
    assert list(tmp_path.iterdir()) == []


GOOD = pickle.dumps({"data": np.arange(4, dtype=np.uint8), "labels": [1, 300]}, 2)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "ends too soon"),
        (b"\x80\x06.", "protocol 6 is not known"),
        (b"\x80\x02.", "pop from empty list"),
        (b"\x80\x02(.", "lacks a value"),
        (b"\x80\x02]K\x01K\x02e.", "lacks a mark"),
        (b"\x80\x02}(K\x01u.", "zip"),
        (b"\x80\x02K\x01K\x02a.", "adds to what is no list"),
        (b"\x80\x02h\x07.", "7"),
        (b"\x80\x02}]K\x01s.", "unhashable"),
        (b"\x80\x02K\x01)R.", "calls what is no function"),
        (b"\x80\x02K\x01)b.", "gives a state to what has none"),
        (b"\x80\x02I1\n.", "the instruction b'I' is not allowed"),
        (b"\x80\x02B\xff\xff\xff\x7fx.", "ends too soon"),
        (GOOD.replace(b"K\x04\x85", b"K\x09\x85"), r"shape \(9,\) has 4 elements"),
        (b"\x80\x02cnumpy\ndtype\n.", "holds a name alone"),
    ],
)
def test_damage_is_named(content: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_pickle(content, "file")


def test_no_damage_does_more_than_raise_a_value_error() -> None:
    random = np.random.default_rng(0)
    for _ in range(3000):
        damaged = bytearray(GOOD[: random.integers(1, len(GOOD) + 1)])
        damaged[random.integers(len(damaged))] = random.integers(256)
        try:
            read_pickle(bytes(damaged), "file")
        except ValueError:
            continue
