"""Arrays in .npz files, also those of lists of whole numbers, without unpickling."""

from __future__ import annotations

from typing import Any

import numpy as np

from konnx.datasets.pickles import read_pickle
from konnx.utils.npz import StoredArray, read_stored

Array = np.ndarray[Any, Any]

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
        stored = read_stored(path, _LARGEST, names)
        return [_array(stored[name], name, path) for name in names]
    except KeyError as error:
        raise ValueError(f"'{path}' lacks an array: {error}") from error


def _array(stored: StoredArray, name: str, path: str) -> Array:
    if not stored.dtype.hasobject:
        return stored.array()
    return _checked(read_pickle(stored.content, f"{path}: {name}"), stored.shape, name, path)


def _checked(array: Any, shape: tuple[int, ...], name: str, path: str) -> Array:
    if not isinstance(array, np.ndarray) or array.shape != shape:
        raise ValueError(f"'{path}': the array '{name}' is not of the shape that it announces.")
    return array
