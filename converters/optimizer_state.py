"""An optimizer's state from a file."""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from konnx.converters.hdf5 import KerasFile
from konnx.converters.layer_weights import names_in_file
from konnx.graph import Variable

if TYPE_CHECKING:
    from konnx.models import Model

Array = np.ndarray[Any, Any]


def restore_optimizer(model: Model, content: KerasFile) -> None:
    """Give a compiled model's optimizer the state in a file; warn where it does not fit."""
    optimizer = model.optimizer
    params = model.compiled.trainable_weights
    model.compiled.make_optimizer_state()
    arrays = [array for _, array in content.optimizer_weights or ()]
    if is_untrained(arrays):
        return
    try:
        if _is_before_2_1(content.keras_version):
            arrays = _in_order_of_model(arrays, params, names_in_file(model, content))
        optimizer.set_weights(arrays)
    except ValueError as error:
        warn_starting_anew(model, error)


def warn_starting_anew(model: Model, error: ValueError) -> None:
    """Say that the state of a model's optimizer is not that of the file, and why."""
    warnings.warn(
        f"Model '{model.name}' is loaded and compiled, but the state of its optimizer cannot be "
        f"restored and starts anew: {error}",
        stacklevel=6,
    )


def is_untrained(arrays: Sequence[Array]) -> bool:
    """Tell whether a state is that of before the first step, as later Keras versions write it.

    Args:
        arrays: the state; no more than the number of iterations, if nothing was trained.
    """
    return len(arrays) == 1 and arrays[0].shape == () and not arrays[0]


def _is_before_2_1(version: str | None) -> bool:
    if version is None:
        return True  # Keras 1 writes none
    found = re.match(r"(\d+)\.(\d+)", version)
    return found is not None and tuple(map(int, found.groups())) < (2, 1)


def _in_order_of_model(
    arrays: Sequence[Array], params: Sequence[Variable], names: dict[Variable, str]
) -> list[Array]:
    """Return the state in the order of the model's weights.

    Releases before Keras 2.1 sorted the weights by name before they trained them; which ones
    exactly, a file does not say, but the shapes do.

    Raises:
        ValueError: the shapes fit either order.
    """
    order = sorted(range(len(params)), key=lambda place: names.get(params[place], ""))
    by_name = _unsorted(arrays, order)
    if order == list(range(len(params))) or not _fits(by_name, params):
        return list(arrays)
    if _fits(arrays, params):
        raise ValueError("it may be ordered by the names of the weights, or as in the model")
    return by_name


def _unsorted(arrays: Sequence[Array], order: Sequence[int]) -> list[Array]:
    """Undo the sorting in each block of slots; what stands before them has no order."""
    result = list(arrays)
    for start in range(_counters(arrays, order), len(arrays) - len(order) + 1, len(order) or 1):
        for index, place in enumerate(order):
            result[start + place] = arrays[start + index]
    return result


def _fits(arrays: Sequence[Array], params: Sequence[Variable]) -> bool:
    slots = arrays[_counters(arrays, params) :]
    return all(
        array.shape == params[index % len(params)].shape for index, array in enumerate(slots)
    )


def _counters(arrays: Sequence[Array], params: Sequence[Any]) -> int:
    """Return how many arrays stand before the slots: the number of iterations, where it is kept."""
    return len(arrays) % len(params) if len(params) > 1 else 1
