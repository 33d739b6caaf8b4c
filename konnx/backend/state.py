"""The values of variables, and updates: what a run is to give them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from konnx.backend.running import eval
from konnx.function import Update
from konnx.graph import Tensor, Variable


def get_value(x: Tensor) -> np.ndarray:
    """Return the value of a variable, or of a tensor that needs no inputs."""
    return eval(x)


def set_value(x: Variable, value: Any) -> None:
    """Replace the value of a variable by an array of its shape."""
    x.assign(value)


def batch_get_value(ops: Sequence[Tensor]) -> list[np.ndarray]:
    """Return the values of several variables, or of tensors that need no inputs."""
    return [eval(one) for one in ops]


def batch_set_value(tuples: Sequence[tuple[Variable, Any]]) -> None:
    """Replace the values of several variables: [(variable, value), …]."""
    for one, value in tuples:
        one.assign(value)


def update(x: Variable, new_x: Tensor) -> Update:
    """Return the update that gives a variable a new value."""
    return x, new_x


def update_add(x: Variable, increment: Any) -> Update:
    """Return the update that adds to a variable."""
    return x, x + increment


def update_sub(x: Variable, decrement: Any) -> Update:
    """Return the update that subtracts from a variable."""
    return x, x - decrement


def moving_average_update(x: Variable, value: Tensor, momentum: float) -> Update:
    """Return the update that moves a variable towards a value: x * momentum + value * the rest."""
    return x, x * momentum + value * (1.0 - momentum)
