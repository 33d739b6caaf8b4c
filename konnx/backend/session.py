"""What Keras keeps for the whole process: names that are numbered, the phase, the backend."""

from __future__ import annotations

from konnx.config import set_learning_phase
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


def manual_variable_initialization(value: bool) -> None:
    """Do nothing: a variable has its value from the start, whether asked for by hand or not."""


def backend() -> str:
    """Return the name of the backend: "onnx"."""
    return "onnx"
