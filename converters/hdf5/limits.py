"""How much a file may make the reader do."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from konnx.converters.errors import FileFormatError
from konnx.converters.hdf5.stored_texts import StoredTexts

MIB = 1024 * 1024


@dataclass(frozen=True)
class ReadLimits:
    """Bounds on reading a file, far above any honest one; raise them for a file that you trust.

    Attributes:
        total_bytes: what all arrays and names together may take in memory. None: 256 MiB or 100
            times the size of the file, whichever is more.
        json_bytes: the length of one configuration text.
        json_depth: how deep a configuration may nest.
        names: how many layers and weights there may be, in total.
        name_bytes: the length of one name.
        path_depth: how many groups deep one name may lead.
        chunks: into how many chunks one dataset may be split.

    Example:
        >>> ReadLimits(json_bytes=1000).json_depth
        200
    """

    total_bytes: int | None = None
    json_bytes: int = 16 * MIB
    json_depth: int = 200
    names: int = 100_000
    name_bytes: int = 4096
    path_depth: int = 32
    chunks: int = 100_000


class Budget:
    """Counts what one reading has used, so that many small items cannot add up to a large one.

    Args:
        file: the file's path, for messages.
        file_size: the file's size in bytes.
        limits: what reading may take.
        texts: how long the texts of its attributes are; None where nothing asks for them.
    """

    def __init__(
        self, file: str, file_size: int, limits: ReadLimits, texts: StoredTexts | None = None
    ) -> None:
        self.file = file
        self.file_size = file_size
        self.texts = texts
        self.limits = limits
        self.total = limits.total_bytes or max(256 * MIB, 100 * file_size)
        self._used = 0
        self._names = 0

    def charge(self, nbytes: int, place: str) -> None:
        """Take memory from the budget, before it is allocated."""
        self._used += nbytes
        self.check_size(0, place)

    def check_size(self, nbytes: int, place: str) -> None:
        """Refuse what would not fit, but may turn out smaller when it is read."""
        wanted = self._used + nbytes
        if wanted > self.total:
            raise self.too_much(
                place,
                f"the file would take up to {wanted} bytes in memory",
                f"at most {self.total} bytes for a file of {self.file_size} bytes",
                "total_bytes",
            )

    def count_names(self, count: int, place: str) -> None:
        """Take names from the budget, before they are read."""
        self._names += count
        if self._names > self.limits.names:
            raise self.too_much(
                place,
                f"the file lists {self._names} layers and weights",
                f"at most {self.limits.names}",
                "names",
            )

    def too_much(self, place: str, problem: str, expected: str, limit: str) -> FileFormatError:
        """Return the error for an exceeded limit, naming the limit."""
        return FileFormatError.at(
            self.file,
            place,
            problem,
            expected=expected,
            remedy=f"If you trust the file, pass limits=ReadLimits({limit}=...)",
        )


def bytes_of(shape: Sequence[int], itemsize: int) -> int:
    """Return the size of an array in bytes, without the overflow of fixed-width integers."""
    return math.prod(shape) * itemsize
