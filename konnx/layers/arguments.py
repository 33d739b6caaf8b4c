"""Checks of what a layer's constructor is given; each error names the layer and the argument."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from konnx import config, ops
from konnx.layers.base import Layer
from konnx.layers.spec import Shape

Sizes = int | Sequence[int]
"""One number for every axis, or one for each."""

DATA_FORMATS = ("channels_last", "channels_first")


def problem(layer: Layer, argument: str, demand: str, value: Any) -> ValueError:
    """Make the error that tells what an argument of a layer must be."""
    return ValueError(
        f"`{type(layer).__name__}` '{layer.name}': `{argument}` {demand}. "
        f"Received: {argument}={value!r}"
    )


def whole_number(layer: Layer, argument: str, value: Any, minimum: int | None = 1) -> int:
    """Return a size, a count or an axis as int; files write some of them as 32.0.

    Raises:
        ValueError: it is no whole number, or less than `minimum`, if there is one.
    """
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int | np.integer) or isinstance(value, bool):
        raise problem(layer, argument, "must be a whole number", value)
    if minimum is not None and value < minimum:
        raise problem(layer, argument, _at_least(minimum), value)
    return int(value)


def whole_numbers(
    layer: Layer, argument: str, value: Any, length: int, minimum: int = 1
) -> tuple[int, ...]:
    """Return one number for each axis; a single one stands for all.

    Raises:
        ValueError: another count of numbers, one that is not whole, or one below `minimum`.
    """
    items = list(value) if isinstance(value, Sequence | np.ndarray) else [value] * length
    wrong = any(isinstance(item, Sequence | np.ndarray | type(None)) for item in items)
    if len(items) != length or isinstance(value, str) or wrong:
        numbers = f"a whole number or {length} of them" if length > 1 else "a whole number"
        raise problem(layer, argument, f"must be {numbers}", value)
    try:
        return tuple(whole_number(layer, argument, item, minimum) for item in items)
    except ValueError as error:
        below = all(isinstance(item, int | np.integer) for item in items)
        demand = _at_least(minimum) if below else "must hold whole numbers"
        raise problem(layer, argument, demand, value) from error


def _at_least(minimum: int) -> str:
    return {0: "must not be negative", 1: "must be positive"}.get(
        minimum, f"must be at least {minimum}"
    )


def number(layer: Layer, argument: str, value: Any, *, negative: bool = False) -> float:
    """Return a number as float.

    Raises:
        ValueError: it is no finite number, or below 0 unless `negative`.
    """
    try:
        found = math.nan if isinstance(value, bool | str) else float(value)
    except (TypeError, ValueError):
        found = math.nan
    if not math.isfinite(found):
        raise problem(layer, argument, "must be a finite number", value)
    if found < 0 and not negative:
        raise problem(layer, argument, "must not be negative", value)
    return found


def share(layer: Layer, argument: str, value: Any) -> float:
    """Return the part of elements to drop as float.

    Raises:
        ValueError: it is no number, or not at least 0 and below 1.
    """
    rate = number(layer, argument, value, negative=True)
    if not 0 <= rate < 1:
        raise problem(layer, argument, "must be at least 0 and below 1", value)
    return rate


def sizes_or_axes(layer: Layer, argument: str, value: Any) -> tuple[int, ...]:
    """Return sizes or axes, as many as there are.

    Raises:
        ValueError: they are no sequence, or one is no whole number.
    """
    if isinstance(value, str) or not isinstance(value, Sequence | np.ndarray):
        raise problem(layer, argument, "must be a sequence of whole numbers", value)
    return tuple(whole_number(layer, argument, one, minimum=None) for one in value)


def one_of(layer: Layer, argument: str, value: Any, choices: Sequence[str]) -> str:
    """Return a keyword in lower case.

    Raises:
        ValueError: it is none of the choices.
    """
    name = value.lower() if isinstance(value, str) else value
    if name not in choices:
        raise problem(layer, argument, f"must be one of {', '.join(map(repr, choices))}", value)
    return str(name)


def data_format_of(layer: Layer, value: str | None) -> str:
    """Return the data format; None stands for `image_data_format()`.

    Raises:
        ValueError: it is neither "channels_last" nor "channels_first".
    """
    given = config.image_data_format() if value is None else value
    return one_of(layer, "data_format", given, DATA_FORMATS)


def channel_axis(data_format: str) -> int:
    """Return the axis of the channels."""
    return 1 if data_format == "channels_first" else -1


def spatial_axes(data_format: str, rank: int) -> list[int]:
    """Return the axes between, or after, those of batch and channels."""
    start = 2 if data_format == "channels_first" else 1
    return list(range(start, start + rank))


def slid_shape(
    layer: Layer,
    input_shape: Shape,
    data_format: str,
    window: Sequence[int],
    padding: str,
    strides: Sequence[int],
    dilations: Sequence[int],
) -> Shape:
    """Return the shape after a window was slid over the spatial axes.

    Raises:
        ValueError: the window is larger than the input.
    """
    shape = list(input_shape)
    for i, axis in enumerate(spatial_axes(data_format, len(window))):
        length = ops.output_length(shape[axis], window[i], padding, strides[i], dilations[i])
        if length is not None and length < 1:
            raise ValueError(
                f"`{type(layer).__name__}` '{layer.name}': a window of {tuple(window)} (dilation "
                f"{tuple(dilations)}) does not fit into the input. Received: "
                f"input_shape={tuple(input_shape)}. Use padding='same', or a larger input."
            )
        shape[axis] = length
    return tuple(shape)
