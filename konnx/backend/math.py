"""Products and functions of elements, with Keras' arguments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from konnx import ops
from konnx.graph import Tensor


def dot(x: Tensor, y: Tensor) -> Tensor:
    """Return the product over the last axis of x and the last but one of y.

    Of a matrix y this is the product with each row of x; (2, 3) and (4, 3, 5) give (2, 4, 5).
    """
    return ops.dot(x, y)


def batch_dot(x: Tensor, y: Tensor, axes: int | Sequence[int] | None = None) -> Tensor:
    """Return the product over one axis of x and one of y, sample by sample.

    Args:
        x: (batch, ...), of at least 2 axes.
        y: (batch, ...), of at least 2 axes.
        axes: the axis of x and that of y to sum over; one number for both. Default: the last of x
            and the last but one of y, or its last if it has only 2.

    Returns:
        The axes of x but the one summed over, then those of y but the batch and the one summed
        over; (batch, 1) for two matrices. But as in Keras 2.1, where both axes lie among the last
        two of the higher rank, all axes before these two are batches that both have: (b, h, n, d)
        and (b, h, m, d) over axis 3 give (b, h, n, m), (b, h, n) and (b, h, n, d) over axis 2 give
        (b, h, d).

    Example:
        >>> import numpy as np
        >>> from konnx import backend as K
        >>> x, y = K.ones((32, 20, 1)), K.ones((32, 30, 20))
        >>> K.int_shape(batch_dot(x, y, axes=[1, 2]))
        (32, 1, 30)
    """
    if axes is None:
        return ops.batch_dot(x, y, (x.ndim - 1, max(y.ndim - 2, 1)))
    first, second = (axes, axes) if isinstance(axes, int) else axes
    return ops.batch_dot(x, y, (first, second))


def pow(x: Any, a: Any) -> Tensor:
    """Return x to the power of a."""
    return ops.pow(x, a)


def clip(x: Any, min_value: Any, max_value: Any) -> Tensor:
    """Keep x between two bounds, None for none; if they cross, `min_value` is both."""
    numbers = all(isinstance(bound, int | float) for bound in (min_value, max_value))
    if numbers and max_value < min_value:
        max_value = min_value
    return ops.clip(x, min_value, max_value)


def one_hot(indices: Any, num_classes: int) -> Tensor:
    """Return 1.0 at the place that each index gives in a new last axis, else 0.0."""
    return ops.one_hot(indices, num_classes, "float32")
