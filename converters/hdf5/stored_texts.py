"""How long the texts of an HDF5 file are, found without asking HDF5.

A text of variable length stands in a heap; the attribute itself holds its length and where it is.
HDF5 believes that length, allocates as much, and only then looks at the heap. So the lengths are
looked up here, in the attribute's message, before HDF5 is asked for the text.

Source: HDF5 File Format Specification 3.0, IV.A.2.m (attribute), IV.A.2.d (datatype) and
IV.A.2.b (dataspace).
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from konnx.converters.errors import FileFormatError
from konnx.converters.hdf5.region import Region

_HEADS = {8: (1, 2), 9: (3,)}
"""Bytes ahead of an attribute's name, and the versions of its message that have so many."""

_VARIABLE_LENGTH = 9  # the class of such a type
_DIMENSIONS_AT = {1: 8, 2: 4}  # in a dataspace message, by its version; each has 8 bytes
_LENGTH_AND_INDEX = 8  # bytes of an element besides the address of its heap


class StoredTexts:
    """The texts of variable length that the attributes of one file hold.

    Args:
        content: the file.
        path: its name, for messages.
        longest: the size of its largest heap, which no text exceeds.
    """

    def __init__(self, content: Region, path: str, longest: int) -> None:
        self._content = content
        self._path = path
        self._longest = longest
        self._checked: dict[str, int] = {}

    def longest(self, name: str, count: int) -> int:
        """Return a bound on the length of each text of an attribute.

        Args:
            name: of the attribute, on whichever object.
            count: how many texts it holds.

        Raises:
            FileFormatError: it declares a text that is longer than any heap.
        """
        if count <= self._checked.get(name, 0):
            return self._longest
        for length in self._declared(name.encode() + b"\0", count):
            if length > self._longest:
                raise FileFormatError.at(
                    self._path,
                    f"attribute '{name}'",
                    f"a text of {length:,} bytes is longer than the heap that holds it, so the "
                    "file is damaged",
                    remedy="Get the file again, or save the model again",
                )
        self._checked[name] = count  # of all objects: each look goes through the whole file
        return self._longest

    def _declared(self, name: bytes, count: int) -> Iterator[int]:
        """Yield the lengths that attribute messages with this name declare."""
        position = self._content.find(name)
        while position >= 0:
            for size, versions in _HEADS.items():
                head = self._content[max(position - size, 0) : position]
                if len(head) == size and head[0] in versions and _u16(head, 2) == len(name):
                    yield from self._lengths(head, position, count)
            position = self._content.find(name, position + 1)

    def _lengths(self, head: bytes, position: int, count: int) -> Iterator[int]:
        name, type_, space = (_u16(head, at) for at in (2, 4, 6))
        if head[0] == 1:
            name, type_, space = (_padded(size) for size in (name, type_, space))
        start = position + name
        described = self._content[start : start + 8]
        if len(described) < 8 or described[0] & 0x0F != _VARIABLE_LENGTH:
            return
        element = int.from_bytes(described[4:8], "little")
        if element <= _LENGTH_AND_INDEX:
            return
        held = _elements(self._content[start + type_ : start + type_ + space])
        elements = start + type_ + space
        end = min(elements + min(count, held) * element, len(self._content))
        for place in range(elements, end, element):
            yield int.from_bytes(self._content[place : place + 4], "little")


def _elements(space: bytes) -> int:
    """Return how many elements a dataspace message is for."""
    if len(space) < 2 or space[0] not in _DIMENSIONS_AT:
        return 0
    start = _DIMENSIONS_AT[space[0]]
    places = range(start, start + 8 * space[1], 8)
    return math.prod(int.from_bytes(space[place : place + 8], "little") for place in places)


def _u16(content: bytes, position: int) -> int:
    return int.from_bytes(content[position : position + 2], "little")


def _padded(size: int) -> int:
    return (size + 7) // 8 * 8
