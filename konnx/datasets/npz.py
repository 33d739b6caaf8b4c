"""Arrays in .npz files, also those of lists of whole numbers, without unpickling."""

from __future__ import annotations

import zipfile
from typing import Any

import numpy as np

from konnx.datasets.pickles import read_pickle

Array = np.ndarray[Any, Any]

_HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}
_LARGEST = 2**31  # bytes of an array; the data sets have far less


def read_npz(path: str, *names: str) -> list[Array]:
    """Return arrays of a .npz file.

    Args:
        path: the file.
        names: which arrays, in this order.

    Raises:
        ValueError: the file is damaged, lacks an array, or holds other objects than lists of whole
            numbers.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return [_read_member(archive, name, path) for name in names]
    except (zipfile.BadZipFile, EOFError) as error:
        raise ValueError(f"'{path}' is no .npz file, or is damaged: {error}") from error
    except KeyError as error:
        raise ValueError(f"'{path}' lacks an array: {error}") from error


def _read_member(archive: zipfile.ZipFile, name: str, path: str) -> Array:
    member = archive.getinfo(f"{name}.npy")
    if member.file_size > _LARGEST:
        raise ValueError(f"'{path}': the array '{name}' is too large: {member.file_size} bytes.")
    with archive.open(member) as file:
        version = np.lib.format.read_magic(file)
        if version not in _HEADERS:
            raise ValueError(f"'{path}': the array '{name}' has an unknown format {version}.")
        shape, is_fortran, dtype = _HEADERS[version](file)
        content = file.read()
    if dtype.hasobject:
        return _checked(read_pickle(content, f"{path}: {name}"), shape, name, path)
    flat = np.frombuffer(content, dtype=dtype).copy()
    return flat.reshape(shape, order="F" if is_fortran else "C")


def _checked(array: Any, shape: tuple[int, ...], name: str, path: str) -> Array:
    if not isinstance(array, np.ndarray) or array.shape != shape:
        raise ValueError(f"'{path}': the array '{name}' is not of the shape that it announces.")
    return array
