"""The parameters of estimators: which there may be, and what each function takes of them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from konnx.models import Sequential
from konnx.utils.generic_utils import has_arg
from konnx.utils.naming import did_you_mean

_METHODS = (Sequential.fit, Sequential.predict, Sequential.predict_classes, Sequential.evaluate)
_OWN = ("random_state", "nb_epoch")


def check_names(names: Mapping[str, Any], build: Callable[..., Any]) -> None:
    """Check that each parameter belongs to the function that builds, or to a method of models.

    Raises:
        ValueError: one belongs to none; names what is like it.
    """
    functions = (build, *_METHODS)
    for name in names:
        if name not in _OWN and not any(has_arg(function, name) for function in functions):
            known = {
                one for function in functions for one in inspect.signature(function).parameters
            }
            raise ValueError(
                f"'{name}' is not a legal parameter: neither the function that builds the model "
                f"nor a method of it takes it.{did_you_mean(name, known - {'self'})}"
            )


def arguments_for(
    function: Callable[..., Any], parameters: Mapping[str, Any], override: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Return those of the parameters that a function takes, and what overrides them."""
    taken = {name: value for name, value in parameters.items() if has_arg(function, name)}
    return {**taken, **(override or {})}
