"""The settings that Keras keeps for a whole process: fuzz factor, float type, image layout, phase.

Nothing is read from files or from the environment; a process starts with the values of Keras 2.1.
"""

from __future__ import annotations

from typing import Any

import numpy as np

_FLOATS = ("float16", "float32", "float64")
_FORMATS = ("channels_last", "channels_first")

_settings: dict[str, Any] = {
    "epsilon": 1e-7,
    "floatx": "float32",
    "image_data_format": "channels_last",
    "learning_phase": None,
}


def epsilon() -> float:
    """Return the small number that keeps divisions and logarithms finite; 1e-7 unless set.

    Example:
        >>> epsilon()
        1e-07
    """
    return float(_settings["epsilon"])


def set_epsilon(e: float) -> None:
    """Set the fuzz factor; what was built before keeps the old one.

    Args:
        e: a positive number.

    Raises:
        ValueError: the number is not positive and finite.
    """
    number = float(e)
    if not 0 < number < float("inf"):
        raise ValueError(f"`epsilon` must be a positive number. Received: e={e!r}")
    _settings["epsilon"] = number


def floatx() -> str:
    """Return the dtype of weights and inputs for which none is given; "float32" unless set."""
    return str(_settings["floatx"])


def set_floatx(floatx: Any) -> None:
    """Set the default float dtype; what was built before keeps the old one.

    Args:
        floatx: "float16", "float32" or "float64", or the NumPy dtype.

    Raises:
        ValueError: it is none of these.
    """
    try:
        name = np.dtype(floatx).name
    except TypeError:
        name = str(floatx)
    if name not in _FLOATS:
        raise ValueError(f"`floatx` must be one of {_FLOATS}. Received: floatx={floatx!r}")
    _settings["floatx"] = name


def image_data_format() -> str:
    """Return where images have their channels unless a layer says; "channels_last" unless set."""
    return str(_settings["image_data_format"])


def set_image_data_format(data_format: str) -> None:
    """Set the default layout of images.

    Args:
        data_format: "channels_last" or "channels_first".

    Raises:
        ValueError: it is neither.
    """
    if data_format not in _FORMATS:
        raise ValueError(
            f"`data_format` must be one of {_FORMATS}. Received: data_format={data_format!r}"
        )
    _settings["image_data_format"] = data_format


def fixed_learning_phase() -> bool | None:
    """Return whether what is built now is for training or not; None: both, as each run asks."""
    phase: bool | None = _settings["learning_phase"]
    return phase


def set_learning_phase(value: int | None) -> None:
    """Build everything from now on for training (1) or for inference (0) alone.

    Args:
        value: 0, 1, or None: for both, each run taking what it needs.

    Raises:
        ValueError: it is none of these.
    """
    if value not in (0, 1, None):
        raise ValueError(f"`learning_phase` must be 0 or 1. Received: value={value!r}")
    _settings["learning_phase"] = None if value is None else bool(value)
