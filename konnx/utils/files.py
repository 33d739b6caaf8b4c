"""Writing files so that a reader sees the old content or the new, never a part."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def atomic_path(path: str | os.PathLike[str], *, overwrite: bool = True) -> Iterator[Path]:
    """Give a temporary path beside `path`, and move it over `path` when the block succeeds.

    The temporary file exists, is empty, and has the suffix of `path` (some writers choose a
    format by it). On success it is flushed to the disk and takes the place of `path` in one step;
    on any exception, KeyboardInterrupt included, it is removed and `path` stays as it was. A
    symbolic link at `path` is replaced, not followed. A new file gets the permissions that the
    umask leaves; a replaced file keeps its own.

    Args:
        path: the file to write.
        overwrite: whether a file that is already at `path` may be replaced.

    Raises:
        FileNotFoundError: the directory of `path` does not exist.
        FileExistsError: `path` exists and `overwrite` is False.
        PermissionError: `path`, or the directory that holds it, is not writable.
        OSError: `path` is a directory or a device, or the disk is full.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with atomic_path(Path(folder, "notes.txt")) as temporary:
        ...         _ = temporary.write_text("all of it")
        ...     Path(folder, "notes.txt").read_text()
        'all of it'
    """
    target = Path(path)
    mode = _mode_of_target(target, overwrite)
    temporary = _create_temporary(target)
    try:
        yield temporary
        if mode is not None:
            os.chmod(temporary, mode)
        _sync(temporary)
        _move(temporary, target, overwrite)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise
    _sync_directory(target.parent)


def _mode_of_target(target: Path, overwrite: bool) -> int | None:
    """Check that the target may be written; return the permission bits to keep, if any."""
    if not target.parent.is_dir():
        raise FileNotFoundError(
            f"Cannot write '{target}': the directory '{target.parent}' does not exist. Create it."
        )
    if os.path.lexists(target) and not overwrite:
        raise _exists(target)
    try:
        found = os.stat(target)
    except FileNotFoundError:
        return None  # nothing there, or a dangling link, which is replaced
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(f"Cannot write '{target}': it is a directory.")
    if not stat.S_ISREG(found.st_mode):
        # Moving a file over /dev/null would break the machine for everyone.
        raise OSError(f"Cannot write '{target}': it is a device or a pipe, not a file.")
    if not os.access(target, os.W_OK):
        raise PermissionError(f"Cannot write '{target}': the file is write-protected.")
    return stat.S_IMODE(found.st_mode) & 0o777


def _exists(target: Path) -> FileExistsError:
    return FileExistsError(
        f"Cannot write '{target}': the file exists. Pass overwrite=True to replace it."
    )


def _create_temporary(target: Path) -> Path:
    """Create an empty file that nobody else has, in the directory of the target."""
    temporary = target.with_name(f".konnx-{secrets.token_hex(8)}{target.suffix[:32]}")
    # O_EXCL refuses whatever stands there already, symbolic links included.
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
    try:
        os.close(os.open(temporary, flags, 0o666))
    except PermissionError as error:
        raise PermissionError(
            f"Cannot write '{target}': no permission to create files in '{target.parent}'."
        ) from error
    return temporary


def _sync(path: Path) -> None:
    """Make the content durable before a name points at it."""
    # Windows flushes only a descriptor that is open for writing.
    descriptor = os.open(path, os.O_RDWR | getattr(os, "O_NOFOLLOW", 0))
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _move(temporary: Path, target: Path, overwrite: bool) -> None:
    if overwrite:
        os.replace(temporary, target)
        return
    try:
        # Unlike a rename, a hard link fails when the target has appeared in the meantime.
        os.link(temporary, target)
    except FileExistsError as error:
        raise _exists(target) from error
    except OSError:  # a file system without hard links
        if os.path.lexists(target):
            raise _exists(target) from None
        os.replace(temporary, target)
    else:
        os.unlink(temporary)


def _sync_directory(directory: Path) -> None:
    """Make the new name durable, where the system can."""
    # Some systems and file systems cannot open or sync a directory; the file is complete anyway.
    with contextlib.suppress(OSError):
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
