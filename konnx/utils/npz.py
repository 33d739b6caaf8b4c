"""Arrays of `.npz` and `.npy` files of unknown origin.

Nothing is unpickled, an array's sizes are compared with what is there before memory is taken for
it, and a file that swells beyond all measure is refused.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable
from math import prod
from os import PathLike
from tokenize import TokenError
from typing import IO, Any, NamedTuple

import numpy as np

Array = np.ndarray[Any, Any]

_HEADERS: dict[tuple[int, int], Callable[[IO[bytes]], Any]] = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}
_DAMAGE = (
    ArithmeticError, AttributeError, EOFError, LookupError, MemoryError, OSError, RecursionError,
    RuntimeError, SyntaxError, TypeError, ValueError, TokenError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip
_LARGE, _LARGEST_RATIO = 1 << 28, 200


class StoredArray(NamedTuple):
    """An array as a file holds it: its header, and the bytes of its elements.

    Attributes:
        shape: its sizes.
        is_fortran: whether the first axis is the one along which elements are neighbours.
        dtype: of the elements.
        content: the elements; of objects a pickle.
    """

    shape: tuple[int, ...]
    is_fortran: bool
    dtype: np.dtype[Any]
    content: bytes

    def array(self) -> Array:
        """Return the array.

        Raises:
            ValueError: it is one of objects, or there are more or fewer elements.
        """
        if self.dtype.hasobject:
            raise ValueError("it holds Python objects, which are never loaded")
        if min(self.shape, default=0) < 0 or (
            prod(self.shape) * self.dtype.itemsize != len(self.content)
        ):
            raise ValueError(f"it is said to be of shape {self.shape}, which it is not")
        if not self.content:
            return np.zeros(self.shape, self.dtype)
        flat = np.frombuffer(self.content, self.dtype).copy()
        return flat.reshape(self.shape, order="F" if self.is_fortran else "C")


def read_arrays(path: str | PathLike[str]) -> dict[str, Array]:
    """Return all arrays of an `.npz` file by name.

    Raises:
        OSError: it cannot be opened.
        ValueError: it is none, is damaged, or holds something else.
    """
    stored = read_stored(path)
    try:
        return {name: one.array() for name, one in stored.items()}
    except _DAMAGE as error:
        raise ValueError(f"'{path}' cannot be read as arrays: {error}") from error


def read_stored(
    path: str | PathLike[str], largest: int | None = None, names: tuple[str, ...] | None = None
) -> dict[str, StoredArray]:
    """Return arrays of an `.npz` file, those of objects as well, as they are stored.

    Args:
        path: the file.
        largest: the most bytes that one may have.
        names: which; default: all.

    Raises:
        KeyError: it lacks one.
        OSError: it cannot be opened.
        ValueError: it is none, is damaged, or holds something else.
    """
    with open(path, "rb") as stream:
        try:
            with zipfile.ZipFile(stream) as archive:
                found = [one.removesuffix(".npy") for one in archive.namelist()]
                if names is None and len(set(found)) < len(found):
                    raise ValueError("a name occurs twice")
                missing = [name for name in names or () if name not in found]
                wanted = [] if missing else names or found
                stored = {name: _member(archive, name, largest) for name in wanted}
        except _DAMAGE as error:
            raise ValueError(f"'{path}' cannot be read as arrays: {error}") from error
    if missing:
        raise KeyError(missing[0])
    return stored


def _member(archive: zipfile.ZipFile, name: str, largest: int | None) -> StoredArray:
    names = archive.namelist()
    member = archive.getinfo(f"{name}.npy" if f"{name}.npy" in names else name)
    swollen = member.file_size > max(_LARGE, _LARGEST_RATIO * member.compress_size)
    if swollen or (largest is not None and member.file_size > largest):
        raise ValueError(f"'{name}' is too large: {member.file_size} bytes")
    with archive.open(member) as file:
        try:
            return _stored(file)
        except ValueError as error:
            raise ValueError(f"'{name}' is no array: {error}") from error


def read_array(path: str | PathLike[str]) -> Array:
    """Return the array of an `.npy` file.

    Raises:
        OSError: it cannot be opened.
        ValueError: it is none, is damaged, or holds Python objects.
    """
    with open(path, "rb") as stream:
        try:
            return _stored(stream).array()
        except _DAMAGE as error:
            raise ValueError(f"'{path}' cannot be read as an array: {error}") from error


def _stored(file: IO[bytes]) -> StoredArray:
    version = np.lib.format.read_magic(file)
    if version not in _HEADERS:
        raise ValueError(f"an array has an unknown format {version}")
    shape, is_fortran, dtype = _HEADERS[version](file)
    return StoredArray(shape, is_fortran, dtype, file.read())
