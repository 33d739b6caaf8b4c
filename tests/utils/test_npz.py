"""Arrays of files of unknown origin: what lies, swells or would run is refused, and named."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from konnx.utils.npz import read_array, read_arrays, read_stored

pytestmark = pytest.mark.no_runtime

ARRAYS = {
    "matrix": np.arange(6, dtype=np.float32).reshape(2, 3),
    "by columns": np.asfortranarray(np.arange(6).reshape(2, 3)),
    "scalar": np.float64(2.5),
    "empty": np.zeros((0, 3), ">i2"),
    "texts": np.array(["a", "bc"]),
    "wide": np.zeros(2, [("a", "f4"), ("b", "i2")]),
}


def member(header: str, content: bytes = b"", version: bytes = b"\1\0") -> bytes:
    size = struct.pack("<H" if version == b"\1\0" else "<I", len(header))
    return b"\x93NUMPY" + version + size + header.encode() + content


def lying(descr: str, shape: str) -> bytes:
    return member(f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}}}\n", bytes(8))


def archive(path: Path, *members: tuple[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in members:
            file.writestr(name, data)
    return path


def test_what_numpy_writes_is_read_as_numpy_reads_it(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "a.npz", **ARRAYS)
    found = read_arrays(tmp_path / "a.npz")
    assert list(found) == list(ARRAYS)
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(found[name], array, strict=True)
        np.save(tmp_path / "a.npy", array)
        np.testing.assert_array_equal(read_array(tmp_path / "a.npy"), array, strict=True)
    found["matrix"][0] = 1  # is the caller's own


LIES: dict[str, tuple[bytes, str]] = {
    "a terabyte": (lying("'<f4'", "(274877906944,)"), "which it is not"),
    "a negative size": (lying("'<f4'", "(-1, -2)"), "which it is not"),
    "a size that is no whole number": (lying("'<f4'", "(1, 2.0)"), "is no array"),
    "an expression": (lying("'<f4'", "(2,) * 9"), "is no array"),
    "elements of a gigabyte": (lying("'<f999999999'", "(1,)"), "is no array"),
    "elements of nothing": (lying("'|V0'", "(9,)"), "which it is not"),
    "objects": (lying("'|O'", "(1,)"), "Python objects, which are never loaded"),
    "many brackets": (member("(" * 9000), ""),
    "a later format": (member("{}", version=b"\7\0"), "unknown format"),
    "a text": (b"readme", "is no array"),
}


@pytest.mark.parametrize("name", LIES)
def test_an_array_that_is_not_what_it_says_is_refused(name: str, tmp_path: Path) -> None:
    content, said = LIES[name]
    with pytest.raises(ValueError, match=f"a.npz' cannot be read as arrays: .*{said}"):
        read_arrays(archive(tmp_path / "a.npz", ("x.npy", content)))


def patched(content: bytes, offset: int, form: str, value: int) -> bytes:
    """Change a field of the first entry of an archive's directory."""
    changed = bytearray(content)
    struct.pack_into(form, changed, changed.index(b"PK\1\2") + offset, value)
    return bytes(changed)


def whole(**arrays: Any) -> bytes:
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)
    return stream.getvalue()


TRICKS: dict[str, Callable[[bytes], bytes]] = {
    "encrypted": lambda c: patched(c, 8, "<H", 1),
    "patched data": lambda c: patched(c, 8, "<H", 32),
    "an unknown compression": lambda c: patched(c, 10, "<H", 99),
    "a gigabyte in a few bytes": lambda c: patched(c, 24, "<I", 1 << 30),
    "fewer bytes than there are": lambda c: patched(c, 24, "<I", 140),
    "a place outside of the file": lambda c: patched(c, 42, "<I", 1 << 30),
    "damaged bytes": lambda c: c[:60] + bytes(20) + c[80:],
    "half": lambda c: c[: len(c) // 2],
}


@pytest.mark.parametrize("name", TRICKS)
def test_an_archive_that_is_not_what_it_says_is_refused(name: str, tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    path.write_bytes(TRICKS[name](whole(x=np.random.default_rng(0).random(90))))
    with pytest.raises(ValueError, match="a.npz' cannot be read as arrays: "):
        read_arrays(path)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_occurs_twice_is_refused(tmp_path: Path) -> None:
    array = lying("'<f4'", "(2,)")
    path = archive(tmp_path / "a.npz", ("x.npy", array), ("x.npy", array))
    with pytest.raises(ValueError, match="a name occurs twice"):
        read_arrays(path)


def test_an_array_may_be_limited_and_must_be_there(tmp_path: Path) -> None:
    (tmp_path / "a.npz").write_bytes(whole(x=np.zeros(9)))
    with pytest.raises(ValueError, match="'x' is too large: 200 bytes"):
        read_stored(tmp_path / "a.npz", largest=100)
    with pytest.raises(KeyError, match="y"):
        read_stored(tmp_path / "a.npz", names=("x", "y"))
    with pytest.raises(FileNotFoundError):
        read_arrays(tmp_path / "b.npz")
