"""The h5py library: loaded on first use, kept from loading plug-ins, its errors made clear."""

from __future__ import annotations

import contextlib
import errno
import importlib
from collections.abc import Iterator
from typing import Any

from konnx.converters.errors import FileFormatError, printable

# What h5py raises when a file's structures make no sense. MemoryError is not among them: the
# reader's own limits come first, so running out of memory is no fault of the file.
_LIBRARY_ERRORS = (OSError, KeyError, ValueError, RuntimeError, TypeError, OverflowError)

# Trouble of the machine, not of the file; anything else that a bad file makes the library ask
# of the system (a seek to nowhere, say) is trouble of the file.
_MACHINE_ERRORS = {errno.EIO, errno.EMFILE, errno.ENFILE, errno.EACCES, errno.EPERM, errno.EAGAIN}


def load_h5py() -> Any:
    """Import h5py now: it takes a tenth of a second, and few programs need it."""
    return importlib.import_module("h5py")


@contextlib.contextmanager
def library_errors(file: str, place: str | None) -> Iterator[None]:
    """Turn what h5py raises over a damaged file into a FileFormatError that names the place."""
    try:
        yield
    except FileFormatError:
        raise
    except _LIBRARY_ERRORS as error:
        if isinstance(error, OSError) and error.errno in _MACHINE_ERRORS:
            raise
        # The argument, as str() of a KeyError adds quotes.
        detail = printable(str(error.args[0] if error.args else error))
        raise FileFormatError.at(
            file,
            place,
            f"the HDF5 structure is damaged ({detail})",
            remedy="Get the file again, or save the model again",
        ) from error


@contextlib.contextmanager
def no_plugins(h5py: Any) -> Iterator[None]:
    """Set the search path for filter plug-ins aside, so that no file makes HDF5 load one."""
    plugins = h5py.h5pl
    saved = [plugins.get(index) for index in range(plugins.size())]
    for _ in saved:
        plugins.remove(0)
    try:
        yield
    finally:
        for path in saved:
            plugins.append(path)
