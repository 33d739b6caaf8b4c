"""Reading a `.keras` archive: a zip file of which three members count, and nothing is unpacked."""

from __future__ import annotations

import contextlib
import io
import mmap
import os
import stat
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any

from konnx.converters.errors import FileFormatError, printable
from konnx.converters.hdf5 import ReadLimits
from konnx.converters.hdf5.config_json import parse_config
from konnx.converters.hdf5.limits import MIB, Budget
from konnx.converters.hdf5.opening import mapped
from konnx.converters.hdf5.region import Region, RegionStream
from konnx.converters.hdf5.sniff import require_regular_file

CONFIG = "config.json"
METADATA = "metadata.json"
WEIGHTS = "model.weights.h5"
ASSETS = "assets/"

_SIGNATURE = b"PK\x03\x04"
_LOCAL_HEADER = 30  # bytes of a member's header ahead of its name
_LARGEST_DIRECTORY = 4 * MIB  # the list of members; an honest one has a hundred bytes for each
_MAX_EXPANSION = 100  # Keras does not compress; who does so later gains a few percent on weights
_SMALL = MIB  # what expands to less may have any ratio
_BLOCK = MIB
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)

# What Python's zip reader raises over damaged archives.
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, UnicodeError, ValueError)


def is_archive(path: str | os.PathLike[str]) -> bool:
    """Tell by its first bytes whether a file is a zip archive.

    Raises:
        OSError: it cannot be opened.
    """
    if not stat.S_ISREG(os.stat(path).st_mode):  # reading a pipe would wait for ever
        return False
    with open(path, "rb") as stream:
        return stream.read(len(_SIGNATURE)) == _SIGNATURE


class _Directory(io.BufferedReader):
    """The content as Python's zip reader sees it; it reads the whole list of members at once."""

    def read(self, size: int | None = -1, /) -> bytes:
        most = _LARGEST_DIRECTORY + 1
        data = super().read(most if size is None or size < 0 else min(size, most))
        if len(data) == most:
            raise zipfile.BadZipFile(f"its list of members has more than {most - 1} bytes")
        return data


class KerasArchive:
    """The members of a `.keras` archive, checked.

    Args:
        file: its path, for messages.
        content: its bytes.
        limits: bounds on what it may make the reader do.

    Raises:
        FileFormatError: it is no zip archive, is damaged, or has members that no honest one has.
    """

    def __init__(self, file: str, content: mmap.mmap, limits: ReadLimits | None = None) -> None:
        self.file = file
        self.limits = limits or ReadLimits()
        self._content = content
        self._budget = Budget(file, len(content), self.limits)
        with self._damage(None):
            self._zip = zipfile.ZipFile(_Directory(RegionStream(Region(content))))
        self._members: dict[str, zipfile.ZipInfo] = {}
        for info in self._zip.infolist():
            self._take(info)

    def _take(self, info: zipfile.ZipInfo) -> None:
        problem = _problem(info) or ("occurs twice" if info.filename in self._members else None)
        if problem is not None:
            shown = printable(info.orig_filename, 60)
            raise FileFormatError.at(self.file, None, f"the member '{shown}' {problem}")
        self._members[info.filename] = info

    def __contains__(self, name: str) -> bool:
        return name in self._members

    @property
    def names(self) -> list[str]:
        """The names of all members."""
        return list(self._members)

    def config(self, name: str) -> dict[str, Any]:
        """Return the content of a JSON member.

        Raises:
            FileFormatError: it is missing or damaged, or no JSON object.
        """
        if name not in self:
            raise FileFormatError.at(
                self.file,
                None,
                f"the archive has no member '{name}'",
                expected="a model that Keras saved in the `.keras` format",
                received=printable(", ".join(self._members)) or "an empty archive",
            )
        if self._members[name].file_size > self.limits.json_bytes:
            raise self._budget.too_much(
                f"'{name}'",
                f"it has {self._members[name].file_size} bytes",
                f"at most {self.limits.json_bytes}",
                "json_bytes",
            )
        try:
            text = self.read(name).decode()
        except UnicodeDecodeError as error:
            raise FileFormatError.at(self.file, f"'{name}'", "it is not UTF-8 text") from error
        return parse_config(text, self.file, f"'{name}'", self.limits)

    def model_config(self) -> dict[str, Any]:
        """Return class and config of the model.

        Raises:
            FileFormatError: there is none, or it is damaged.
        """
        config = self.config(CONFIG)
        if not isinstance(config.get("class_name"), str) or "config" not in config:
            raise FileFormatError.at(
                self.file,
                f"'{CONFIG}'",
                "it describes no model",
                expected='{"class_name": ..., "config": ...}',
            )
        return config

    @property
    def keras_version(self) -> str | None:
        """The version of Keras that wrote the archive, if it says so."""
        version = self.config(METADATA).get("keras_version") if METADATA in self else None
        return version if isinstance(version, str) else None

    def read(self, name: str) -> bytes:
        """Return the bytes of a member.

        Raises:
            FileFormatError: it is damaged, or takes far more memory than the file has bytes for.
        """
        return b"".join(self._blocks(name))

    def region(self, name: str) -> Region:
        """Return the bytes of a member; those of one that is not compressed where they lie.

        Raises:
            FileFormatError: it is damaged, or takes far more memory than the file has bytes for.
        """
        info = self._members[name]
        if info.compress_type != zipfile.ZIP_STORED:
            return Region(self.read(name))
        for _ in self._blocks(name):  # as this compares the checksum
            pass
        header = self._content[info.header_offset : info.header_offset + _LOCAL_HEADER]
        lengths = [int.from_bytes(header[at : at + 2], "little") for at in (26, 28)]
        start = info.header_offset + _LOCAL_HEADER + sum(lengths)
        return Region(self._content, start, info.file_size)

    def assets(self) -> dict[str, bytes]:
        """Return the content of the members below `assets/`, by their names behind that."""
        names = [name for name in self._members if name.startswith(ASSETS) and name[-1] != "/"]
        return {name.removeprefix(ASSETS): self.read(name) for name in names}

    def _blocks(self, name: str) -> Iterator[bytes]:
        info = self._members[name]
        place = f"'{name}'"
        if info.file_size > max(_SMALL, _MAX_EXPANSION * info.compress_size):
            raise FileFormatError.at(
                self.file,
                place,
                "it declares far more data than the archive stores",
                received=f"{info.file_size} bytes declared, {info.compress_size} stored",
            )
        if info.compress_type != zipfile.ZIP_STORED:
            self._budget.charge(info.file_size, place)
        with self._damage(place), self._zip.open(info) as stream:
            while block := stream.read(_BLOCK):
                yield block

    @contextlib.contextmanager
    def _damage(self, place: str | None) -> Iterator[None]:
        try:
            yield
        except FileFormatError:
            raise
        except _DAMAGED as error:
            raise FileFormatError.at(
                self.file,
                place,
                f"the zip archive is damaged ({printable(str(error))})",
                remedy="Get the file again, or save the model again",
            ) from error


def _problem(info: zipfile.ZipInfo) -> str | None:
    """Say what is wrong with a member, or None."""
    name = info.orig_filename
    if not name.isprintable() or not name:
        return "has a name of characters that cannot be printed"
    if name.startswith("/") or "\\" in name or ":" in name:
        return "has an absolute name, or one of another system"
    if any(step in ("..", ".", "") for step in name.removesuffix("/").split("/")):
        return "has a name that leads elsewhere"
    if info.flag_bits & 0x1:
        return "is encrypted"
    if stat.S_ISLNK(info.external_attr >> 16):
        return "is a symbolic link"
    if info.compress_type not in _METHODS:
        return f"is compressed by method {info.compress_type}; there are only 0 and 8 here"
    return None


@contextlib.contextmanager
def open_archive(
    path: str | os.PathLike[str], limits: ReadLimits | None = None
) -> Iterator[KerasArchive]:
    """Open a `.keras` archive, to be read while the block runs.

    Raises:
        FileFormatError: see `KerasArchive`.
        OSError: the file cannot be opened.
    """
    file = os.fspath(path)
    require_regular_file(file)
    if not is_archive(file):
        raise FileFormatError.at(file, None, "the file is no `.keras` archive: no zip archive")
    with mapped(file) as content:
        yield KerasArchive(file, content, limits)
