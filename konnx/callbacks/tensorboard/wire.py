"""The wire format of protocol buffers, as far as event files need it: a message is its fields.

Source: https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

import struct
from collections.abc import Iterable

_VARINT, _FIXED64, _LENGTH_DELIMITED, _FIXED32 = 0, 1, 2, 5


def varint(number: int) -> bytes:
    """Return an integer in groups of 7 bits, the low ones first; negative ones as 64 bits.

    Example:
        >>> varint(300).hex()
        'ac02'
    """
    number &= (1 << 64) - 1
    groups = bytearray()
    while number > 0x7F:
        groups.append(number & 0x7F | 0x80)
        number >>= 7
    groups.append(number)
    return bytes(groups)


def integer(field: int, value: int) -> bytes:
    """Return a field of type int32, int64, bool or enum."""
    return _key(field, _VARINT) + varint(value)


def double(field: int, value: float) -> bytes:
    """Return a field of type double."""
    return _key(field, _FIXED64) + struct.pack("<d", value)


def single(field: int, value: float) -> bytes:
    """Return a field of type float."""
    return _key(field, _FIXED32) + struct.pack("<f", value)


def content(field: int, value: bytes | str) -> bytes:
    """Return a field of type bytes or string, or one that is a message."""
    data = value.encode() if isinstance(value, str) else value
    return _key(field, _LENGTH_DELIMITED) + varint(len(data)) + data


def doubles(field: int, values: Iterable[float]) -> bytes:
    """Return a packed field of several doubles."""
    numbers = list(values)
    return content(field, struct.pack(f"<{len(numbers)}d", *numbers))


def _key(field: int, wire_type: int) -> bytes:
    return varint(field << 3 | wire_type)
