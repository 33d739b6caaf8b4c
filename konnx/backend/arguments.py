"""Reading arguments as Keras takes them."""

from __future__ import annotations

from collections.abc import Sequence

from konnx.config import image_data_format


def data_format_of(data_format: str | None) -> str:
    """Return where the channels are; None: `image_data_format()`.

    Raises:
        ValueError: it is neither "channels_last" nor "channels_first".
    """
    chosen = image_data_format() if data_format is None else data_format
    return one_of("data_format", chosen, ("channels_last", "channels_first"))


def one_of(name: str, value: str, choices: Sequence[str]) -> str:
    """Return a value that is one of several.

    Raises:
        ValueError: it is none of them.
    """
    if value not in choices:
        listed = ", ".join(repr(choice) for choice in choices)
        raise ValueError(f"`{name}` must be one of {listed}. Received: {name}={value!r}")
    return value


def sizes_of(name: str, value: int | Sequence[int], rank: int) -> tuple[int, ...]:
    """Return one positive number for each spatial axis; a single one stands for all.

    Raises:
        ValueError: there are more or fewer, or one is not positive.
    """
    sizes = (value,) * rank if isinstance(value, int) else tuple(int(size) for size in value)
    if len(sizes) != rank or min(sizes) < 1:
        raise ValueError(f"`{name}` must be {rank} positive numbers. Received: {name}={value}")
    return sizes
