"""Numbers of an optimizer that can change between steps: inputs of the graph, not part of it."""

from __future__ import annotations

import math
from typing import Any, overload

import numpy as np

from konnx.config import epsilon, floatx
from konnx.graph import Variable


class Hyperparameter:
    """An attribute that is a scalar `Variable`; a number assigned to it becomes its value.

    Args:
        name: of the attribute for which it stands; default: its own.
        below: what the number must be less than.

    Example:
        >>> class Example:
        ...     rate = Hyperparameter()
        >>> example = Example()
        >>> example.rate = 0.5
        >>> variable = example.rate
        >>> example.rate = 0.25
        >>> variable.numpy()
        array(0.25, dtype=float32)
    """

    def __init__(self, name: str | None = None, *, below: float = math.inf) -> None:
        self._name = name
        self._below = below

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = self._name or name

    @overload
    def __get__(self, instance: None, owner: type) -> Hyperparameter: ...
    @overload
    def __get__(self, instance: object, owner: type) -> Variable: ...
    def __get__(self, instance: object | None, owner: type) -> Hyperparameter | Variable:
        if instance is None:
            return self
        try:
            variable: Variable = instance.__dict__[self._key]
        except KeyError:
            raise AttributeError(
                f"`{owner.__name__}` has no {self._name} yet. Call super().__init__ first."
            ) from None
        return variable

    def __set__(self, instance: object, value: Any) -> None:
        number = checked_number(instance, str(self._name), value, self._below)
        variable = instance.__dict__.get(self._key)
        if variable is None:
            name = f"{type(instance).__name__}/{self._name}"
            instance.__dict__[self._key] = Variable(number, floatx(), name)
        else:
            variable.assign(number)

    @property
    def _key(self) -> str:
        return f"_{self._name}"


class DefaultRate(float):
    """A learning rate that the user did not give."""


def checked_number(owner: object, name: str, value: Any, below: float = math.inf) -> float:
    """Return a number, or a scalar array or variable, as a float.

    Raises:
        ValueError: it is negative, not less than `below`, or no number.
    """
    given = value.numpy() if isinstance(value, Variable) else value
    try:
        number = float(np.asarray(given, dtype=np.float64).reshape(()))
    except (TypeError, ValueError):
        number = math.nan
    if not 0 <= number < below:
        limit = "" if below == math.inf else f" and less than {below:g}"
        raise ValueError(
            f"`{type(owner).__name__}`: `{name}` must be a number, 0 or more{limit}. "
            f"Received: {name}={value!r}"
        )
    return number


def fuzz_factor(owner: object, value: float | None) -> float:
    """Return an optimizer's `epsilon`; None: that of the configuration.

    Raises:
        ValueError: it is negative, or no number.
    """
    return checked_number(owner, "epsilon", epsilon() if value is None else value)
