"""Sizes and arguments of convolutions, as Keras' own layers compute them."""

from __future__ import annotations

from typing import Any

import numpy as np


def normalize_tuple(value: Any, n: int, name: str) -> tuple[int, ...]:
    """Return `n` whole numbers for an argument that may be one number for all.

    Raises:
        ValueError: it is neither; names the argument.

    Example:
        >>> normalize_tuple(3, 2, "kernel_size")
        (3, 3)
    """
    items = (value,) * n if isinstance(value, int | np.integer) else value
    try:
        result = tuple(int(item) for item in items)
        whole = all(a == b for a, b in zip(result, items, strict=True))
    except (TypeError, ValueError):
        whole, result = False, ()
    if not whole or len(result) != n:
        raise ValueError(
            f"`{name}` must be a whole number or a tuple of {n}. Received: {name}={value!r}"
        )
    return result


def conv_output_length(
    input_length: int | None, filter_size: int, padding: str, stride: int, dilation: int = 1
) -> int | None:
    """Return the length that a convolution leaves of one; None if that is unknown.

    Args:
        input_length: None where it varies.
        filter_size: of the kernel.
        padding: "valid", "same", "causal" or "full".
        stride: steps of the kernel.
        dilation: distance of its elements.
    """
    if input_length is None:
        return None
    covered = filter_size + (filter_size - 1) * (dilation - 1)
    if padding in ("same", "causal"):
        length = input_length
    elif padding == "valid":
        length = input_length - covered + 1
    elif padding == "full":
        length = input_length + covered - 1
    else:
        raise ValueError(
            f"`padding` must be 'valid', 'same', 'causal' or 'full'. Received: {padding!r}"
        )
    return (length + stride - 1) // stride


def convert_kernel(kernel: Any) -> np.ndarray:
    """Return a kernel with its spatial axes back to front: from Theano's way to the others'.

    Args:
        kernel: of 1, 2 or 3 spatial axes, then those of input and output channels.
    """
    array = np.asarray(kernel)
    if not 3 <= array.ndim <= 5:
        raise ValueError(f"A kernel has 3 to 5 axes. Received: shape={array.shape}")
    return np.copy(np.flip(array, axis=tuple(range(array.ndim - 2))))
