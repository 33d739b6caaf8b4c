"""Arrays in HDF5 files, read in pieces as they are needed."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from copy import copy
from typing import Any, Protocol

import numpy as np


class _Dataset(Protocol):
    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    def __getitem__(self, key: Any) -> Any: ...


_lock = threading.Lock()
_files: dict[str, Any] = {}  # HDF5 lets a process open a file once, so all arrays of it share it


def _opened(path: str) -> Any:
    import h5py

    with _lock:
        if path not in _files or not _files[path]:
            _files[path] = h5py.File(path, "r")
        return _files[path]


class HDF5Matrix:
    """A data set of an HDF5 file, or some samples of it, that is read batch by batch.

    It stands for an array in `fit`, `evaluate` and `predict`; give `shuffle="batch"` (or False) to
    `fit`, as single samples all over a file are slow to read.

    Args:
        datapath: the HDF5 file.
        dataset: the name of the data set in it.
        start: the first sample.
        end: the one behind the last; default: all.
        normalizer: a function that is called on each piece that is read.

    Raises:
        KeyError: the file has no such data set.
        ValueError: `start` and `end` do not lie in it.

    Example:
        >>> import h5py, os, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = os.path.join(folder, "x.h5")
        ...     with h5py.File(path, "w") as file:
        ...         file["x"] = np.arange(10)
        ...     x = HDF5Matrix(path, "x", start=2, end=8, normalizer=lambda part: part / 2)
        ...     x[1:3].tolist(), len(x), x[[4, 0, 4]].tolist()
        ([1.5, 2.0], 6, [3.0, 1.0, 3.0])
    """

    def __init__(
        self,
        datapath: str | os.PathLike[str],
        dataset: str,
        start: int = 0,
        end: int | None = None,
        normalizer: Callable[[Any], Any] | None = None,
    ) -> None:
        file = _opened(os.path.abspath(os.fspath(datapath)))
        if dataset not in file:
            raise KeyError(
                f"'{os.fspath(datapath)}' has no data set '{dataset}'. It has: {', '.join(file)}"
            )
        self.data: _Dataset = file[dataset]
        count = self.data.shape[0]
        self.start, self.end = start, count if end is None else end
        if not 0 <= self.start <= self.end <= count:
            raise ValueError(
                f"`start` and `end` must lie among the {count} samples of '{dataset}'. "
                f"Received: start={start}, end={end}"
            )
        self.normalizer = normalizer
        self.column = False

    def __len__(self) -> int:
        return self.end - self.start

    def __getitem__(self, key: Any) -> Any:
        """Return samples: a number, a slice, or a list or array of numbers in any order."""
        part = self._read(key)
        part = part if self.normalizer is None else self.normalizer(part)
        return np.asarray(part)[..., np.newaxis] if self.column else part

    def _read(self, key: Any) -> Any:
        if isinstance(key, slice):
            first, stop, step = key.indices(len(self))
            if step < 0:
                return self._read(np.arange(first, stop, step))
            return self.data[self.start + first : self.start + stop : step]
        if isinstance(key, int | np.integer):
            return self.data[self._places(np.array([key]))[0]]
        return self._scattered(self._places(np.asarray(key)))

    def _places(self, key: np.ndarray) -> np.ndarray:
        """The places in the data set; numbers below zero count from the end."""
        if key.dtype == np.bool_:
            key = np.flatnonzero(key)
        count = len(self)
        if key.size and not -count <= key.min() <= key.max() < count:
            raise IndexError(
                f"HDF5Matrix has {count} samples. Received: {int(key.min())} to {int(key.max())}"
            )
        return np.where(key < 0, key + count, key).astype(np.int64) + self.start

    def _scattered(self, places: np.ndarray) -> Any:
        """HDF5 reads points in rising order, each once."""
        if not places.size:
            return self.data[0:0]
        unique, inverse = np.unique(places, return_inverse=True)
        first, last = int(unique[0]), int(unique[-1])
        if last - first + 1 == len(unique):
            return self.data[first : last + 1][inverse]
        return self.data[unique.tolist()][inverse]

    def part(self, start: int, end: int | None = None) -> HDF5Matrix:
        """Return some of the samples, still in the file."""
        count = len(self) if end is None else end
        return self._like(start=self.start + start, end=self.start + count)

    def as_column(self) -> HDF5Matrix:
        """Return the samples, single numbers, as rows of one."""
        return self._like(column=True)

    def _like(self, **changes: Any) -> HDF5Matrix:
        other = copy(self)
        vars(other).update(changes)
        return other

    @property
    def shape(self) -> tuple[int, ...]:
        """The sizes, of the samples that count; as they are in the file."""
        return (len(self), *self.data.shape[1:], *[1] * self.column)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype in the file."""
        return self.data.dtype

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of elements."""
        return int(np.prod(self.shape))


def ask_to_proceed_with_overwrite(filepath: str | os.PathLike[str]) -> bool:
    """Ask on the terminal whether a file may be replaced; return whether it may.

    konnx itself never asks: `overwrite` says it.
    """
    answer = ""
    while answer not in ("y", "n"):
        answer = input(f"{os.fspath(filepath)} exists already. Replace it? [y/n] ").strip().lower()
    return answer == "y"
