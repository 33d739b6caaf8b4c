"""Calls as Keras 1 knew them: accepted, with a warning that shows the call of Keras 2."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from inspect import Parameter, signature
from typing import Any, ParamSpec, TypeVar

import numpy as np

from konnx.legacy.adapters import Changes
from konnx.legacy.names import translate
from konnx.legacy.table import Interface

P = ParamSpec("P")
R = TypeVar("R")

_LONGEST_VALUE = 10
_ONLY_IN_KERAS_2 = {"padding", "strides", "data_format"}


def accept_keras_1(interface: Interface) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Return a decorator that lets a method be called by the names of Keras 1, too.

    Args:
        interface: how Keras 1 called it.

    Returns:
        The decorator. What it makes raises TypeError where an argument is given by both names.

    Example:
        >>> class Box:
        ...     @accept_keras_1(Interface(("width",), {"w": "width"}))
        ...     def __init__(self, width):
        ...         self.width = width
        >>> with warnings.catch_warnings(record=True) as caught:
        ...     warnings.simplefilter("always")
        ...     box = Box(w=3)
        >>> box.width, str(caught[0].message)
        (3, 'Update your `Box` call to the Keras 2 API: `Box(width=3)`')
    """

    def decorate(method: Callable[P, R]) -> Callable[P, R]:
        is_constructor = method.__name__ == "__init__"
        parameters = list(signature(method).parameters.values())[1:]
        names = [one.name for one in parameters if one.kind is Parameter.POSITIONAL_OR_KEYWORD]

        @wraps(method)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            owner, given = args[0], args[1:]
            taken = interface.once_positional if _is_keras_1(interface, given, kwargs) else names
            if len(given) > len(taken) or set(taken[: len(given)]) & set(kwargs):
                return method(*args, **kwargs)  # a mistake that Python explains
            called = type(owner).__name__ if is_constructor else method.__name__
            arguments = dict(zip(taken, given, strict=False)) | kwargs
            updated, changes = _updated(called, interface, arguments)
            if taken is names and not changes.renamed and not changes.remarks:
                return method(*args, **kwargs)
            leading = _leading(interface, names, updated, len(given))
            _warn(called, changes, _call_text(called, updated, leading))
            return method(owner, **updated)  # type: ignore[arg-type]

        return call

    return decorate


def accept_keras_1_names(layer_class: type, interface: Interface) -> None:
    """Let a class be called by the names of Keras 1, too; see `accept_keras_1`."""
    constructor = accept_keras_1(interface)(layer_class.__init__)  # type: ignore[misc]
    layer_class.__init__ = constructor  # type: ignore[misc]


def _is_keras_1(interface: Interface, given: Sequence[Any], keywords: Mapping[str, Any]) -> bool:
    """Tell whether arguments without names stand in the order of Keras 1."""
    types, most = interface.once_types, len(interface.once_positional)
    return (
        bool(types)
        and len(types) <= len(given) <= most
        and all(isinstance(one, kind) for one, kind in zip(given, types, strict=False))
        and not _ONLY_IN_KERAS_2 & set(keywords)
    )


def _updated(
    called: str, interface: Interface, arguments: Mapping[str, Any]
) -> tuple[dict[str, Any], Changes]:
    try:
        return translate(interface, arguments)
    except TypeError as error:
        raise TypeError(f"`{called}`: {error}") from error


def _leading(
    interface: Interface, names: Sequence[str], updated: Mapping[str, Any], given: int
) -> list[str]:
    """The arguments that the new call can show without their names."""
    allowed = names if interface.positional is None else interface.positional
    shown = 0
    while shown < min(given, len(allowed)) and allowed[shown] in updated:
        shown += 1
    return list(allowed[:shown])


def _warn(called: str, changes: Changes, new_call: str) -> None:
    for remark in changes.remarks:
        warnings.warn(remark, stacklevel=3)
    if changes.renamed:
        warnings.warn(f"Update your `{called}` call to the Keras 2 API: `{new_call}`", stacklevel=3)


def _call_text(called: str, arguments: Mapping[str, Any], leading: Sequence[str]) -> str:
    first = [_value_text(arguments[name]) for name in leading]
    rest = [f"{key}={_value_text(one)}" for key, one in arguments.items() if key not in leading]
    return f"{called}({', '.join(first + rest)})"


def _value_text(value: Any) -> str:
    """A value as the warning shows it: shortened, as it is to remind, not to be copied."""
    if isinstance(value, str):
        return f'"{value}"'
    text = "array" if isinstance(value, np.ndarray) else str(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}..."
