"""Running many samples a few at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from konnx.converters.errors import printable

Array = np.ndarray[Any, Any]


def split_batches(feeds: Mapping[str, Array], batch_size: int) -> Iterator[list[Array]]:
    """Yield the inputs a few samples at a time, the last time maybe fewer.

    Args:
        feeds: the inputs by name, at least one; their first axis counts samples.
        batch_size: samples at a time.

    Raises:
        ValueError: an input has no axis, or they have different numbers of samples.
    """
    samples = {
        printable(name, 60): len(array) if array.ndim else None for name, array in feeds.items()
    }
    (count, *others) = set(samples.values())
    if count is None or others:
        raise ValueError(
            "--batch-size needs inputs with equally many samples on their first axis. "
            f"Received: {samples}"
        )
    for start in range(0, max(count, 1), batch_size):
        yield [array[start : start + batch_size] for array in feeds.values()]


def join_batches(
    results: Sequence[Sequence[Array]], names: Sequence[str], sizes: Sequence[int]
) -> dict[str, Array]:
    """Put the outputs of all batches together.

    Args:
        results: for each batch, one array for each output.
        names: of the outputs.
        sizes: samples of each batch.

    Raises:
        ValueError: an output does not have one row for each sample.
    """
    for batch, size in zip(results, sizes, strict=True):
        for name, array in zip(names, batch, strict=True):
            if array.ndim == 0 or len(array) != size:
                raise ValueError(
                    f"Output '{printable(name, 60)}' has no row for each sample, so the batches "
                    f"cannot be put together. Expected: {size} rows. Received: shape="
                    f"{array.shape}. Run without --batch-size."
                )
    columns = zip(*results, strict=True)
    return {name: np.concatenate(arrays) for name, arrays in zip(names, columns, strict=True)}
