"""Checking the global heaps of an HDF5 file, where texts of variable length live.

HDF5 walks the objects of a heap without making sure that it gets ahead, so a damaged heap makes
it loop for ever; and it says how long a text is only by allocating it. So the heaps are checked
before HDF5 sees them.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator

from konnx.converters.errors import FileFormatError

_MAGIC = b"GCOL\x01"  # signature and version, which HDF5 demands
_HEADER = 16  # bytes ahead of a heap's objects, and ahead of each object's data


def longest_text(path: str) -> int:
    """Check all global heaps of a file; return a bound on the length of a text in them.

    Args:
        path: an HDF5 file.

    Raises:
        FileFormatError: the objects of a heap do not fill it one after the other.
    """
    with (
        open(path, "rb") as stream,
        mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content,
    ):
        return max((_check_heap(content, start, path) for start in _heaps(content)), default=0)


def _heaps(content: mmap.mmap) -> Iterator[int]:
    start = content.find(_MAGIC)
    while start >= 0:
        yield start
        start = content.find(_MAGIC, start + 1)


def _check_heap(content: mmap.mmap, start: int, path: str) -> int:
    """Walk the objects of a heap as HDF5 does; return the heap's size."""
    size = _number(content, start + 8)
    end = start + size
    if end > len(content):
        return 0  # HDF5 refuses to load it; or it is no heap, but numbers that look like one
    position = start + _HEADER
    while position + _HEADER <= end:
        is_free = content[position : position + 2] == b"\0\0"
        length = _number(content, position + 8)
        # The size of free space includes its header, and data is padded to 8 bytes.
        step = length if is_free else _HEADER + (length + 7) // 8 * 8
        if step < _HEADER or position + step > end:
            raise FileFormatError.at(
                path,
                f"global heap at byte {start}",
                f"the object at byte {position} claims {length} bytes",
                expected=f"at most the {end - position} bytes that are left of the heap",
                remedy="Get the file again, or save the model again",
            )
        position += step
    return size


def _number(content: mmap.mmap, position: int) -> int:
    return int.from_bytes(content[position : position + 8], "little")
