"""Made-up inputs for `konnx run`, the same for the same seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from konnx.cli.export_options import input_shape
from konnx.cli.onnx_files import Value
from konnx.converters.errors import printable

Array = np.ndarray[Any, Any]

PREFIX = "random"
_LARGEST_INTEGER = 2  # as indexes these fit nearly any table


def is_random(text: str) -> bool:
    """Tell whether a text asks for made-up numbers instead of naming a file."""
    return text == PREFIX or text.startswith(f"{PREFIX}:")


def given_shapes(texts: Sequence[str], values: Sequence[Value]) -> dict[str, list[int]]:
    """Return the shapes of inputs that texts give, by name; sizes that they leave open are 1.

    Example:
        >>> given_shapes(["x:2,?,3"], [Value("x", "float32", (None, None, 3))])
        {'x': [2, 1, 3]}
    """
    names = [value.name for value in values]
    given = dict(input_shape(text, names) for text in texts)
    return {
        name: [size if isinstance(size, int) else 1 for size in shape]
        for name, shape in given.items()
    }


def random_array(text: str, value: Value, shapes: Mapping[str, Sequence[int]]) -> Array:
    """Return numbers for an input: floats in [0, 1), integers 0 and 1, booleans.

    Args:
        text: "random" or "random:seed".
        value: the input; axes of unknown size get 1.
        shapes: whole shapes of inputs, by name, where 1 will not do.

    Raises:
        ValueError: the seed is no number, or the shape does not fit.
        TypeError: the input takes no numbers.
    """
    _, colon, seed = text.partition(":")
    if colon and not seed.isdecimal():
        raise ValueError(f"{PREFIX}:SEED needs a whole number. Received: '{printable(text, 100)}'")
    generator = np.random.default_rng(int(seed or 0))
    shape = _shape(value, shapes.get(value.name))
    if value.dtype == "bool":
        return generator.integers(0, 2, shape).astype(np.bool_)
    try:
        dtype = np.dtype(value.dtype)
    except TypeError as error:
        raise TypeError(f"No random numbers for '{value.name}', which is {value}.") from error
    if np.issubdtype(dtype, np.integer):
        return generator.integers(0, _LARGEST_INTEGER, shape).astype(dtype)
    return generator.random(shape).astype(dtype)


def _shape(value: Value, asked: Sequence[int] | None) -> tuple[int, ...]:
    if asked is None:
        return tuple(size if isinstance(size, int) else 1 for size in value.shape or ())
    if not value.accepts(tuple(asked)):
        raise ValueError(
            f"Input '{printable(value.name, 100)}' takes {value}. Received: shape={tuple(asked)}"
        )
    return tuple(asked)
