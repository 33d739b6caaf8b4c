"""Event files: TFRecords of Event messages, one file for each run of a program.

Source: tensorflow/core/util/event.proto and tensorflow/core/lib/io/record_writer.h.
"""

from __future__ import annotations

import itertools
import os
import socket
import struct
import time
from pathlib import Path

from konnx.callbacks.tensorboard import wire

_CASTAGNOLI = 0x82F63B78  # the polynomial, its bits reversed
_MASK_DELTA = 0xA282EAD8
_numbers = itertools.count()


def _table() -> list[int]:
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (_CASTAGNOLI if byte & 1 else 0)
        table.append(byte)
    return table


_CRC_TABLE = _table()


def crc32c(data: bytes) -> int:
    """Return the CRC-32C of data, as RFC 3720 defines it.

    Example:
        >>> hex(crc32c(b"123456789"))
        '0xe3069283'
    """
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _CRC_TABLE[(crc ^ byte) & 0xFF] ^ crc >> 8
    return crc ^ 0xFFFFFFFF


def record(data: bytes) -> bytes:
    """Return data as a TFRecord: with their length, and a checksum of each."""
    length = struct.pack("<Q", len(data))
    return length + _masked(length) + data + _masked(data)


def _masked(data: bytes) -> bytes:
    crc = crc32c(data)
    rotated = (crc >> 15 | crc << 17) & 0xFFFFFFFF
    return struct.pack("<I", (rotated + _MASK_DELTA) & 0xFFFFFFFF)


class EventWriter:
    """Appends events to a new file in a folder, which it makes.

    Args:
        folder: where TensorBoard looks for them.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        Path(folder).mkdir(parents=True, exist_ok=True)
        place = f"{socket.gethostname()}.{os.getpid()}.{next(_numbers):06d}"  # read in this order
        self.path = Path(folder, f"events.out.tfevents.{int(time.time()):010d}.{place}")
        self._file = self.path.open("xb")
        self._write(wire.content(3, "brain.Event:2"))
        self.flush()

    def add_summary(self, step: int, *values: bytes) -> None:
        """Write values, as `summaries` makes them, of one step."""
        summary = b"".join(wire.content(1, value) for value in values)
        self._write(wire.integer(2, step) + wire.content(5, summary))

    def add_graph(self, graph: bytes) -> None:
        """Write a GraphDef, encoded."""
        self._write(wire.content(4, graph))

    def _write(self, event: bytes) -> None:
        self._file.write(record(wire.double(1, time.time()) + event))

    def flush(self) -> None:
        """See that a reader finds what was written."""
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()
