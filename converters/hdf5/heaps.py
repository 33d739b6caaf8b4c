"""Checking the heaps of an HDF5 file, where names and texts of variable length live.

HDF5 walks the objects of a heap, and the list of its free blocks, without making sure that the
walk ends: over a damaged heap it loops for ever and may take all memory. And it says how long a
text is only by allocating it. So all heaps are checked before HDF5 sees them.
"""

from __future__ import annotations

from collections.abc import Iterator

from konnx.converters.errors import FileFormatError
from konnx.converters.hdf5.region import Region

# Signature and version, which HDF5 demands.
_GLOBAL = b"GCOL\x01"
_LOCAL = b"HEAP\x00"

_HEADER = 16  # bytes ahead of a global heap's objects, and ahead of each object's data
_FREE_BLOCK = 16  # the least size of a free block in a local heap
_LAST_BLOCK = 1  # what a local heap stores as the offset after its last free block


def check_heaps(content: Region, base: int, path: str) -> int:
    """Check all heaps of a file; return a bound on the length of a variable-length text.

    Args:
        content: the bytes of an HDF5 file.
        base: where in them the superblock stands; HDF5 counts addresses from there.
        path: of the file, for messages.

    Raises:
        FileFormatError: the parts of a heap do not follow each other.
    """
    for start in _find(content, _LOCAL):
        _check_local(content, start, base, path)
    sizes = [_check_global(content, start, path) for start in _find(content, _GLOBAL)]
    return max(sizes, default=0)


def _find(content: Region, magic: bytes) -> Iterator[int]:
    start = content.find(magic)
    while start >= 0:
        yield start
        start = content.find(magic, start + 1)


def _check_global(content: Region, start: int, path: str) -> int:
    """Walk the objects of a global heap as HDF5 does; return the heap's size."""
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
            raise _damaged(path, f"global heap at byte {start}", f"the object at byte {position}")
        position += step
    return size


def _check_local(content: Region, start: int, base: int, path: str) -> None:
    """Walk the free blocks of a local heap as HDF5 does: a list that may lead back to itself."""
    size, offset, data = (_number(content, start + at) for at in (8, 16, 24))
    data += base
    if data + size > len(content):
        return  # as above
    remaining = size // _FREE_BLOCK + 1
    while offset != _LAST_BLOCK and offset < size:
        if not remaining:
            raise _damaged(path, f"local heap at byte {start}", "the list of free blocks")
        offset = _number(content, data + offset)
        remaining -= 1


def _damaged(path: str, place: str, what: str) -> FileFormatError:
    return FileFormatError.at(
        path,
        place,
        f"{what} does not end inside the heap, so the file is damaged",
        remedy="Get the file again, or save the model again",
    )


def _number(content: Region, position: int) -> int:
    return int.from_bytes(content[position : position + 8], "little")
