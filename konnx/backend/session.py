"""What Keras keeps for the whole process: names that are numbered, the phase, the backend."""

from __future__ import annotations

from konnx.config import image_data_format, set_image_data_format, set_learning_phase
from konnx.utils.naming import next_number, reset_names


def get_uid(prefix: str = "") -> int:
    """Return 1, 2, … for each prefix, as names of layers are numbered.

    Example:
        >>> reset_uids()
        >>> get_uid("dense"), get_uid("dense"), get_uid()
        (1, 2, 1)
    """
    return next_number(prefix)


def reset_uids() -> None:
    """Number the names of layers from 1 again."""
    reset_names()


def clear_session() -> None:
    """Number names from 1 again and let the learning phase be open.

    No graph needs to be thrown away: what nothing refers to any more is gone already.
    """
    reset_names()
    set_learning_phase(None)


def image_dim_ordering() -> str:
    """Return `image_data_format()` in the words of Keras 1: "th" or "tf"."""
    return "th" if image_data_format() == "channels_first" else "tf"


def set_image_dim_ordering(dim_ordering: str) -> None:
    """Set the default layout of images in the words of Keras 1.

    Args:
        dim_ordering: "tf" for "channels_last" or "th" for "channels_first".

    Raises:
        ValueError: it is neither.
    """
    if dim_ordering not in ("tf", "th"):
        raise ValueError(
            f"`dim_ordering` must be 'tf' or 'th'. Received: dim_ordering={dim_ordering!r}"
        )
    set_image_data_format("channels_first" if dim_ordering == "th" else "channels_last")


def manual_variable_initialization(value: bool) -> None:
    """Do nothing: a variable has its value from the start, whether asked for by hand or not."""


def backend() -> str:
    """Return the name of the backend: "onnx"."""
    return "onnx"
