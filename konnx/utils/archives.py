"""Unpacking of archives that nobody has looked at.

An archive is checked whole before anything of it is written: only files and folders, under names
that stay within the folder, each once, of a size that the archive itself makes plausible.
"""

from __future__ import annotations

import errno
import gzip
import lzma
import os
import re
import shutil
import stat
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

_MOST_MEMBERS = 1_000_000
_HARMLESS_SIZE = 2**28  # bytes that any archive may unpack to
_LARGEST_RATIO = 200  # bytes unpacked for each byte packed, beyond that
_FORMATS = ("tar", "zip")
_DAMAGE = (
    tarfile.TarError,
    zipfile.BadZipFile,
    gzip.BadGzipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
)
_DRIVE = re.compile(r"^[A-Za-z]:")
_ON_WINDOWS = os.name == "nt"
# What Windows takes for devices, other streams of a file, or other names.
_NOT_ON_WINDOWS = re.compile(
    r"(?i)(con|prn|aux|nul|(com|lpt)[0-9])\s*(\..*)?"
    r'|.*[<>:"|?*\x01-\x1f].*'
    r"|.*[. ]"
)


@dataclass(frozen=True)
class _Member:
    name: str
    size: int
    is_folder: bool
    objection: str | None  # why it is not unpacked, from what the format says of it
    open: Callable[[], IO[bytes] | None]


def extract_archive(
    file_path: str | os.PathLike[str],
    path: str | os.PathLike[str] = ".",
    archive_format: str | Sequence[str] | None = "auto",
) -> bool:
    """Unpack an archive if it is one; files that are there already are replaced.

    Args:
        file_path: the archive: tar, also packed by gzip, bzip2 or xz, or zip.
        path: the folder to unpack into.
        archive_format: "tar", "zip", several of them in the order to try, "auto" for both, or
            None for none.

    Returns:
        Whether the file was an archive of these formats.

    Raises:
        ValueError: the archive is damaged or holds what is not unpacked: links, devices, names
            that lead out of the folder or come twice, passwords, or far more than its own size.
            Nothing of it is written then.
    """
    for opened in map(_OPENERS.__getitem__, _formats(archive_format)):
        with opened(file_path) as members:
            if members is None:
                continue
            _check(members, Path(file_path))
            _unpack(members, Path(path), Path(file_path))
            return True
    return False


def _formats(given: str | Sequence[str] | None) -> Sequence[str]:
    if not given:
        return ()
    formats = _FORMATS if given == "auto" else [given] if isinstance(given, str) else given
    if set(formats) - set(_FORMATS):
        raise ValueError(
            f"`archive_format` must be 'auto', 'tar', 'zip', some of them or None. "
            f"Received: {given!r}"
        )
    return formats


@contextmanager
def _refusing(file: Path) -> Iterator[None]:
    """Errors of the readers become one that names the file."""
    try:
        yield
    # A zip with a password, or packed in an unknown way, is a RuntimeError.
    except (*_DAMAGE, RuntimeError) as error:
        raise ValueError(f"The archive '{file}' is damaged: {error}") from error
    except OSError as error:
        if error.errno != errno.EINVAL:  # reading before the file's start, as a wrong table says
            raise
        raise ValueError(f"The archive '{file}' is damaged: {error}") from error


@contextmanager
def _open_tar(path: str | os.PathLike[str]) -> Iterator[list[_Member] | None]:
    if not tarfile.is_tarfile(path):
        yield None
        return
    with _refusing(Path(path)), tarfile.open(path) as archive:
        yield [_tar_member(archive, member) for member in archive.getmembers()]


def _tar_member(archive: tarfile.TarFile, member: tarfile.TarInfo) -> _Member:
    plain = (member.isreg() and not member.issparse()) or member.isdir()
    objection = None if plain else "is no plain file or folder, but a link or a device"
    opener = lambda: archive.extractfile(member)  # noqa: E731
    return _Member(member.name, member.size, member.isdir(), objection, opener)


@contextmanager
def _open_zip(path: str | os.PathLike[str]) -> Iterator[list[_Member] | None]:
    if not zipfile.is_zipfile(path):
        yield None
        return
    with _refusing(Path(path)), zipfile.ZipFile(path) as archive:
        yield [_zip_member(archive, member) for member in archive.infolist()]


def _zip_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> _Member:
    kind = stat.S_IFMT(member.external_attr >> 16)
    objection = None
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        objection = "is no plain file or folder, but a link or a device"
    elif member.flag_bits & 1:
        objection = "needs a password"
    name = member.orig_filename  # what ZipInfo makes of it hides NULs and backslashes
    return _Member(name, member.file_size, member.is_dir(), objection, lambda: archive.open(member))


_OPENERS: dict[str, Any] = {"tar": _open_tar, "zip": _open_zip}


def _check(members: list[_Member], file: Path) -> None:
    seen: set[tuple[str, ...]] = set()
    for member in members:
        objection = member.objection or _objection_to_name(member.name)
        parts = _parts(member.name)
        if not objection and parts in seen and not member.is_folder:
            objection = "comes twice"
        if objection:
            raise ValueError(f"The archive '{file}' is refused: {member.name!r} {objection}.")
        seen.add(parts)
    _check_size(members, file)


def _objection_to_name(name: str) -> str | None:
    if "\\" in name or "\0" in name:
        return "has a backslash or a NUL in its name"
    if name.startswith("/") or _DRIVE.match(name):
        return "has an absolute name"
    if ".." in name.split("/"):
        return "leads out of the folder"
    if _ON_WINDOWS and any(map(_NOT_ON_WINDOWS.fullmatch, _parts(name))):
        return "has a name that Windows reserves"
    return None


def _parts(name: str) -> tuple[str, ...]:
    return tuple(part for part in name.split("/") if part not in ("", "."))


def _check_size(members: list[_Member], file: Path) -> None:
    unpacked, packed = sum(member.size for member in members), file.stat().st_size
    if len(members) > _MOST_MEMBERS:
        raise ValueError(f"The archive '{file}' is refused: it has {len(members)} members.")
    if unpacked > max(_HARMLESS_SIZE, _LARGEST_RATIO * packed):
        raise ValueError(
            f"The archive '{file}' is refused: {packed} bytes would unpack to {unpacked}."
        )


def _unpack(members: list[_Member], folder: Path, file: Path) -> None:
    """Write everything beside its place, then move it there."""
    folder.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=".konnx-", dir=folder))
    try:
        # A name that is a file to one member and a folder to another ends here.
        try:
            for member in members:
                _write(member, staging)
        except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
            raise ValueError(f"The archive '{file}' is refused: names clash: {error}") from error
        _move_all(staging, folder)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _write(member: _Member, staging: Path) -> None:
    target = staging.joinpath(*_parts(member.name))
    if member.is_folder:
        target.mkdir(parents=True, exist_ok=True)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    content = member.open()
    assert content is not None  # plain files have one
    with content, open(target, "xb") as file:
        shutil.copyfileobj(content, file, 2**20)


def _move_all(staging: Path, folder: Path) -> None:
    for root, folders, files in os.walk(staging):
        place = folder / Path(root).relative_to(staging)
        for name in folders:
            (place / name).mkdir(exist_ok=True)
        for name in files:
            os.replace(Path(root, name), place / name)
