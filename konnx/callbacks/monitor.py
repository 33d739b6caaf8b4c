"""What the callbacks that watch one value share: which way is better, and a value not there."""

from __future__ import annotations

import warnings

import numpy as np

from konnx.callbacks.base import Callback, Logs

MODES = ("auto", "min", "max")
_RISING = frozenset({"auc", "fmeasure", "precision", "recall"})


def known_mode(owner: Callback, mode: str) -> str:
    """Return the mode; an unknown one is "auto", with a warning."""
    if mode in MODES:
        return mode
    warnings.warn(
        f"`{type(owner).__name__}`: `mode` must be 'auto', 'min' or 'max'; 'auto' is used. "
        f"Received: mode={mode!r}",
        RuntimeWarning,
        stacklevel=3,
    )
    return "auto"


def comparison(mode: str, name: str) -> np.ufunc:
    """Return `np.less` or `np.greater`: what says that a value is better than another.

    Args:
        mode: "min", "max" or "auto": what is usual for the name.
        name: of the value.

    Example:
        >>> comparison("auto", "val_auc_1")
        <ufunc 'greater'>
    """
    if mode == "auto":
        mode = "max" if _rises(name) else "min"
    return np.greater if mode == "max" else np.less


def _rises(name: str) -> bool:
    """Tell whether more is better: of accuracies, as in Keras 2.1, and of what came later."""
    words = name.split("_")
    return "acc" in name or (words[-1] != "loss" and not _RISING.isdisjoint(words))


def worst(better: np.ufunc) -> float:
    """Return the number that every other is better than."""
    return np.inf if better is np.less else -np.inf


def monitored(owner: Callback, name: str, logs: Logs) -> float | None:
    """Return a value of the epoch; None, and a warning, where there is none of that name."""
    if name in logs:
        value: float = logs[name]
        return value
    warnings.warn(
        f"`{type(owner).__name__}` needs the value '{name}' and does nothing in this epoch. "
        f"There are: {', '.join(logs) or 'none'}.{_remedy(name, logs)}",
        RuntimeWarning,
        stacklevel=3,
    )
    return None


def _remedy(name: str, logs: Logs) -> str:
    if name.startswith("val_") and not any(one.startswith("val_") for one in logs):
        return " Give `fit` validation_data or validation_split."
    return ""
