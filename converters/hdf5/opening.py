"""Opening an HDF5 file for reading, once it is known that the library can be let at it."""

from __future__ import annotations

import contextlib
import io
import mmap
import os
from collections.abc import Iterator

from konnx.converters.hdf5.groups import GuardedGroup, open_root
from konnx.converters.hdf5.heaps import check_heaps
from konnx.converters.hdf5.limits import Budget, ReadLimits
from konnx.converters.hdf5.region import Region, RegionStream
from konnx.converters.hdf5.sniff import require_hdf5, require_superblock
from konnx.converters.hdf5.stored_texts import StoredTexts


@contextlib.contextmanager
def open_hdf5(
    path: str | os.PathLike[str], limits: ReadLimits | None = None
) -> Iterator[GuardedGroup]:
    """Open an HDF5 file and give its root group, to be read while the block runs.

    Raises:
        FileFormatError: the file is something else, cut short or damaged.
        OSError: it cannot be opened.
    """
    name = os.fspath(path)
    size, base = require_hdf5(name)
    with mapped(name) as content:
        region = Region(content)
        texts = StoredTexts(region, name, check_heaps(region, base, name))
        with open_root(Budget(name, size, limits or ReadLimits(), texts)) as root:
            yield root


@contextlib.contextmanager
def open_hdf5_within(
    region: Region, name: str, limits: ReadLimits | None = None
) -> Iterator[GuardedGroup]:
    """Open an HDF5 file that is a part of another file, as a `.keras` archive has it.

    Args:
        region: its bytes.
        name: what it is called in messages.
        limits: bounds on what it may make the reader do.

    Raises:
        FileFormatError: it is something else, cut short or damaged.
    """
    stream = RegionStream(region)
    base = require_superblock(io.BufferedReader(stream), len(region), name)
    texts = StoredTexts(region, name, check_heaps(region, base, name))
    budget = Budget(name, len(region), limits or ReadLimits(), texts)
    with open_root(budget, RegionStream(region)) as root:
        yield root


@contextlib.contextmanager
def mapped(path: str) -> Iterator[mmap.mmap]:
    """Give the content of a file that is not empty, without reading all of it."""
    with (
        open(path, "rb") as stream,
        mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content,
    ):
        yield content
