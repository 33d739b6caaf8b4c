"""Telling from a file's first bytes what it is; its name says nothing."""

from __future__ import annotations

import os
import re
import stat
from typing import BinaryIO

from konnx.converters.errors import FileFormatError

_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_EXPECTED = "an HDF5 file that Keras 1 or 2 saved"

# What people hand in instead, by the first bytes: description and remedy. The first match counts.
_OTHER_FORMATS: tuple[tuple[bytes, str, str | None], ...] = (
    (
        rb"PK\x03\x04",
        "a zip archive, perhaps a model in Keras 3's `.keras` format",
        "konnx.models.load_model reads that",
    ),
    (
        rb"version https://git-lfs",
        "a Git LFS pointer, not the file that it stands for",
        "Fetch the file with `git lfs pull`",
    ),
    (
        rb"(?i)\s*<(!doctype|html)",
        "a web page, perhaps in place of a download",
        "Download the file itself",
    ),
    (
        rb"\s*[\[{]",
        "JSON, perhaps from model.to_json(), which holds no weights",
        "Pass the file that model.save() wrote",
    ),
    (rb"....TFL3", "a TensorFlow Lite model", None),
    (
        rb"\x08[\x01-\x1f][\x12\x1a\x22\x2a\x32\x3a\x42]",
        "a protobuf, perhaps an ONNX model or a TensorFlow SavedModel",
        None,
    ),
    (rb"\x80[\x02-\x05]", "a Python pickle, which is never loaded", None),
    (rb"\x1f\x8b", "gzip-compressed", "Unpack it first"),
    (rb"\x93NUMPY", "a NumPy array", None),
    (rb"[\t\n\r\x20-\x7e]+$", "text", None),
)


def require_hdf5(path: str) -> tuple[int, int]:
    """Check that the file is HDF5 by its content.

    Returns:
        the file's size in bytes, and where in it the superblock stands.

    Raises:
        FileFormatError: the file is something else; the message says what it seems to be.
        OSError: the file cannot be opened.
    """
    require_regular_file(path)
    with open(path, "rb") as stream:
        size = os.fstat(stream.fileno()).st_size
        return size, require_superblock(stream, size, path)


def require_superblock(stream: BinaryIO, size: int, path: str) -> int:
    """Return where in an HDF5 file the superblock stands.

    Args:
        stream: the file's content.
        size: of it, in bytes.
        path: of the file, for messages.

    Raises:
        FileFormatError: the content is something else; the message says what it seems to be.
    """
    start = _find_superblock(stream, size)
    if start is not None:
        _check_number_sizes(stream, start, path)
        return start
    stream.seek(0)
    seen, remedy = _describe(stream.read(64))
    raise FileFormatError.at(
        path, None, "the file is not HDF5", expected=_EXPECTED, received=seen, remedy=remedy
    )


def require_regular_file(path: str) -> None:
    """Refuse what is no file with content of its own: a directory, a pipe, a device."""
    mode = os.stat(path).st_mode  # reading a pipe would wait for ever
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(
            f"'{path}' is a directory (a TensorFlow SavedModel?). Expected: {_EXPECTED}."
        )
    if not stat.S_ISREG(mode):
        raise FileFormatError.at(path, None, "it is a device or a pipe", expected=_EXPECTED)


def _find_superblock(stream: BinaryIO, size: int) -> int | None:
    """Look where the HDF5 specification allows the signature: at 0, 512, 1024, 2048, ..."""
    offset = 0
    while offset < size:
        stream.seek(offset)
        if stream.read(len(_SIGNATURE)) == _SIGNATURE:
            return offset
        offset = max(512, 2 * offset)
    return None


def _check_number_sizes(stream: BinaryIO, start: int, path: str) -> None:
    """Require addresses and lengths of 8 bytes: all of HDF5 writes them, and checks rely on it."""
    stream.seek(start + len(_SIGNATURE))
    superblock = stream.read(7)
    sizes = superblock[5:7] if superblock[:1] in (b"\0", b"\1") else superblock[1:3]
    if sizes != b"\x08\x08":
        raise FileFormatError.at(
            path,
            "the superblock",
            "addresses and lengths have an unusual size, or the file is damaged",
            expected="8 and 8 bytes",
            received=" and ".join(map(str, sizes)) + " bytes",
        )


def _describe(head: bytes) -> tuple[str, str | None]:
    if not head:
        return "an empty file", "Get the file again: it was not written to the end"
    for pattern, description, remedy in _OTHER_FORMATS:
        if re.match(pattern, head, re.DOTALL):
            return description, remedy
    if _SIGNATURE.startswith(head):
        return f"the first {len(head)} bytes of an HDF5 file", "Get the whole file again"
    return f"unknown content that starts with the bytes {head[:8].hex(' ')}", None
