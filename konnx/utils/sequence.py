"""Data sets by batches."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any


class Sequence(ABC):
    """A data set by batches: `sequence[i]` is the batch with number i, of `len(sequence)`.

    Unlike a generator it can be read by several workers without a batch coming twice or out of
    order. A batch is (inputs, targets) or (inputs, targets, sample_weights), for prediction also
    inputs alone. Subclasses may change the data between epochs in `on_epoch_end`.

    Example:
        >>> import numpy as np
        >>> class Squares(Sequence):
        ...     def __len__(self):
        ...         return 3
        ...     def __getitem__(self, index):
        ...         x = np.arange(2.0) + 2 * index
        ...         return x, x**2
        >>> Squares()[2]
        (array([4., 5.]), array([16., 25.]))
    """

    @abstractmethod
    def __getitem__(self, index: int) -> Any:
        """Return a batch."""

    @abstractmethod
    def __len__(self) -> int:
        """Return the number of batches in an epoch."""

    def on_epoch_end(self) -> None:  # noqa: B027 - to be overridden by who needs it
        """Do what the next epoch needs, such as mixing samples anew; nobody reads meanwhile."""

    def __iter__(self) -> Iterator[Any]:
        """Yield the batches in order, again and again."""
        while True:
            yield from (self[index] for index in range(len(self)))
