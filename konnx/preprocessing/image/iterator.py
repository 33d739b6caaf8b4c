"""Batches of images in random order, the same from the same seed whoever reads them."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator as Batches
from contextlib import AbstractContextManager
from typing import Any

import numpy as np

from konnx.preprocessing.image.pictures import array_to_img
from konnx.utils.random import lent_source
from konnx.utils.sequence import Sequence

Array = np.ndarray[Any, Any]


class Iterator(Sequence):
    """Batches of samples, by number or one after the other, epoch after epoch without end.

    With a seed, a batch depends on nothing but the seed, the epoch and its number, so that workers
    may read batches in any order; the random numbers are those that Keras' iterators draw from
    the seed when they are read in order. Without, they come from NumPy's global generator.

    A subclass defines `_get_batches_of_transformed_samples(index_array)`, as in Keras.

    Args:
        n: number of samples.
        batch_size: samples in a batch; the last one of an epoch may have fewer.
        shuffle: mix the samples in each epoch.
        seed: of the order and of the changes of samples.

    Raises:
        ValueError: there are no samples, or the batch size is no positive whole number.
    """

    def __init__(self, n: int, batch_size: int, shuffle: bool, seed: int | None) -> None:
        if not isinstance(batch_size, int | np.integer):
            raise ValueError(
                f"`batch_size` must be a whole number. Received: batch_size={batch_size!r}"
            )
        if n < 1 or batch_size < 1:
            raise ValueError(
                "There must be samples, and room for them in a batch. Received: "
                f"{n} samples, batch_size={batch_size}"
            )
        self.n, self.batch_size, self.shuffle, self.seed = n, batch_size, shuffle, seed
        self.batch_index = 0  # of the batch that `next` reads
        self.total_batches_seen = 0
        self.lock = threading.Lock()
        self._begin_epoch(0)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "lock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.lock = threading.Lock()

    def _begin_epoch(self, first: int) -> None:
        """Set the order of the epoch that begins with the batch numbered `first` over all.

        It is set here, not when a batch is read: copies in worker processes must agree on it.
        """
        self._first = self.total_batches_seen = first
        if self.shuffle:
            with self._random(first) as random:
                self.index_array = random.permutation(self.n)
        else:
            self.index_array = np.arange(self.n)

    def _random(self, number: int) -> AbstractContextManager[np.random.RandomState]:
        """Lend where the random numbers of a batch come from, by its number over all epochs."""
        return lent_source(None if self.seed is None else self.seed + number)

    def __len__(self) -> int:
        """Return the number of batches in an epoch."""
        return -(-self.n // self.batch_size)

    def __getitem__(self, index: int) -> Any:
        """Return a batch of the epoch.

        Raises:
            IndexError: there is no such batch.
        """
        if not 0 <= index < len(self):
            raise IndexError(f"There are {len(self)} batches. Received: index={index}")
        return self._read(self._first, self.index_array, index)

    def _read(self, first: int, order: Array, index: int) -> Any:
        start = index * self.batch_size
        with self._random(first + index) as random:
            if index == 0 and self.shuffle and self.seed is not None:
                random.permutation(self.n)  # the order of the epoch was drawn from here, too
            return self._batch(order[start : start + self.batch_size], random)

    def on_epoch_end(self) -> None:
        """Set a new order."""
        self._begin_epoch(self._first + len(self))

    def reset(self) -> None:
        """Let `next` begin a new epoch."""
        self.batch_index = 0

    def __iter__(self) -> Iterator:
        return self

    def __next__(self) -> Any:
        return self.next()

    def next(self) -> Any:
        """Return the batch after the one before, also beyond the end of the epoch."""
        with self.lock:
            first, order, index = self._advance()
        return self._read(first, order, index)

    def _advance(self) -> tuple[int, Array, int]:
        if self.batch_index == 0 and self.total_batches_seen:
            self._begin_epoch(self.total_batches_seen)
        index = self.batch_index
        self.batch_index = (index + 1) % len(self)
        self.total_batches_seen += 1
        return self._first, self.index_array, index

    @property
    def index_generator(self) -> Batches[Array]:
        """The numbers of the samples of each batch, for subclasses with a `next` of their own.

        As in Keras, a seed is given to NumPy's global generator with each of them.
        """
        while True:
            first, order, index = self._advance()
            if self.seed is not None:
                np.random.seed((self.seed + first + index) % 2**32)  # noqa: NPY002
            yield order[index * self.batch_size : (index + 1) * self.batch_size]

    def _batch(self, indices: Array, random: np.random.RandomState) -> Any:
        """Return the samples with these numbers, changed by chance.

        Subclasses of konnx draw from `random`; those in Keras' way from the global generator.
        """
        if self.seed is not None:
            np.random.set_state(random.get_state())  # noqa: NPY002
        return self._get_batches_of_transformed_samples(indices)

    def _get_batches_of_transformed_samples(self, index_array: Array) -> Any:
        """Return the samples with these numbers: what a subclass in Keras' way has to define."""
        raise TypeError(
            f"{type(self).__name__} must define `_get_batches_of_transformed_samples(index_array)`."
        )


class Saver:
    """Writes what a batch holds as image files, to be looked at.

    Args:
        folder: where; None: nowhere.
        prefix: of the names.
        file_format: "png" or "jpeg".
        data_format: of the images.
        names: how many names there are for the same image.
    """

    def __init__(
        self, folder: str | None, prefix: str, file_format: str, data_format: str, names: int
    ) -> None:
        self.folder, self.prefix, self.file_format = folder, prefix, file_format
        self.data_format, self.names = data_format, names

    def save(self, images: Array, indices: Array, random: np.random.RandomState) -> None:
        """Write images, named by their numbers and by chance."""
        if not self.folder:
            return
        for image, index in zip(images, indices, strict=True):
            name = f"{self.prefix}_{index}_{random.randint(self.names)}.{self.file_format}"
            array_to_img(image, self.data_format).save(os.path.join(self.folder, name))
