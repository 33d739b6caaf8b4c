"""Bytes that lie within a larger file, read as a file of their own without a copy."""

from __future__ import annotations

import io
import mmap
import os
from typing import Any

Content = mmap.mmap | bytes


class Region:
    """A part of some content, addressed from 0.

    Args:
        content: what holds the bytes.
        start: where the part begins.
        size: its length in bytes; default: all from there.

    Example:
        >>> region = Region(b"headBODYtail", 4, 4)
        >>> len(region), region[1:3], region.find(b"DY"), region.find(b"tail")
        (4, b'OD', 2, -1)
    """

    def __init__(self, content: Content, start: int = 0, size: int | None = None) -> None:
        self._content = content
        self._start = start
        self._size = max(0, len(content) - start) if size is None else size

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, where: slice) -> bytes:
        begin, end, _ = where.indices(self._size)
        return self._content[self._start + begin : self._start + max(begin, end)]

    def find(self, wanted: bytes, begin: int = 0) -> int:
        """Return where some bytes stand first from a position on; -1: nowhere."""
        end = self._start + self._size
        found = self._content.find(wanted, self._start + begin, end)
        return found if found < 0 else found - self._start


class RegionStream(io.RawIOBase):
    """A region as a binary stream that can only be read.

    Example:
        >>> stream = RegionStream(Region(b"headBODYtail", 4, 4))
        >>> stream.seek(2), stream.read(), stream.read()
        (2, b'DY', b'')
    """

    def __init__(self, region: Region) -> None:
        super().__init__()
        self._region = region
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: len(self._region)}
        position = start[whence] + offset
        if position < 0:
            raise ValueError(f"A stream has no position {position}")
        self._position = position
        return position

    def readinto(self, buffer: Any, /) -> int:
        target = memoryview(buffer).cast("B")
        data = self._region[self._position : self._position + len(target)]
        target[: len(data)] = data
        self._position += len(data)
        return len(data)
