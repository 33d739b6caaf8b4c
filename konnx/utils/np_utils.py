"""Arrays of labels and vectors, made with NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np


def to_categorical(y: Any, num_classes: int | None = None) -> np.ndarray:
    """Return one-hot rows for class numbers.

    Args:
        y: class numbers, whole and from 0 on; a last axis of size 1 is dropped.
        num_classes: the size of a row; default: the largest number and 1.

    Returns:
        float32 of the shape of `y` with an axis of `num_classes` at the end.

    Raises:
        ValueError: a number is negative, or not below `num_classes`.

    Example:
        >>> to_categorical([2, 0], 3).tolist()
        [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    """
    numbers = np.asarray(y).astype(np.int64)
    if numbers.ndim > 1 and numbers.shape[-1] == 1:
        numbers = numbers[..., 0]
    count = num_classes or (int(numbers.max()) + 1 if numbers.size else 0)
    if numbers.size and not 0 <= numbers.min() <= numbers.max() < count:
        raise ValueError(
            "Class numbers must be from 0 to below `num_classes`. Received: "
            f"{int(numbers.min())} to "
            f"{int(numbers.max())}, num_classes={num_classes}"
        )
    rows = np.zeros((*numbers.shape, count), dtype=np.float32)
    np.put_along_axis(rows, numbers[..., np.newaxis], 1, axis=-1)
    return rows


def normalize(x: Any, axis: int = -1, order: int = 2) -> np.ndarray:
    """Return vectors of length 1; those of length 0 stay.

    Args:
        x: an array.
        axis: along which the vectors lie.
        order: of the norm.

    Example:
        >>> normalize([[3.0, 4.0]]).tolist()
        [[0.6, 0.8]]
    """
    array = np.asarray(x)
    lengths = np.atleast_1d(np.linalg.norm(array, order, axis))
    lengths[lengths == 0] = 1
    result: np.ndarray = array / np.expand_dims(lengths, axis)
    return result
