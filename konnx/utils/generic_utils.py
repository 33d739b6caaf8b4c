"""Classes, functions and configs by name, under Keras' names.

The families of konnx use `konnx.utils.registry`; what stands here is for programs that call Keras'
functions themselves.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from konnx.utils.custom_objects import (
    CustomObjectScope,
    custom_object_scope,
    get_custom_objects,
)
from konnx.utils.progbar import Progbar
from konnx.utils.registry import Registry, serialize_object

_BY_KEYWORD = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


def has_arg(fn: Callable[..., Any], name: str, accept_all: bool = False) -> bool:
    """Tell whether a function can be called with an argument of this name.

    Args:
        fn: a function, class or object with `__call__`.
        name: of the argument.
        accept_all: the answer if the function has no such argument, but `**kwargs`.

    Example:
        >>> has_arg(lambda units, **others: units, "units")
        True
        >>> has_arg(lambda units, **others: units, "bias", accept_all=True)
        True
    """
    parameters = inspect.signature(fn).parameters
    if name in parameters:
        return parameters[name].kind in _BY_KEYWORD
    kinds = {parameter.kind for parameter in parameters.values()}
    return accept_all and inspect.Parameter.VAR_KEYWORD in kinds


def serialize_keras_object(instance: Any) -> Any:
    """Return class name and config of an object, or the name of a function; None for None.

    Raises:
        ValueError: it has neither `get_config` nor a name.

    Example:
        >>> from konnx.regularizers import L1L2
        >>> serialize_keras_object(L1L2(l2=0.5))["class_name"]
        'L1L2'
    """
    return serialize_object(instance, "object")


def deserialize_keras_object(
    identifier: Any,
    module_objects: Mapping[str, Any] | None = None,
    custom_objects: Mapping[str, Any] | None = None,
    printable_module_name: str = "object",
) -> Any:
    """Return what `serialize_keras_object` was given, or its equal.

    Only what stands in the two dicts, and in `get_custom_objects()`, is ever called.

    Args:
        identifier: a name, or a dict with "class_name" and "config".
        module_objects: the classes and functions that there are, by name, such as `globals()`.
        custom_objects: further ones, which come first.
        printable_module_name: what they are, for messages.

    Raises:
        ValueError: the name is unknown, or the config does not fit the class.

    Example:
        >>> deserialize_keras_object("half", {"half": lambda x: x / 2})(3)
        1.5
    """
    registry: Registry[Any] = Registry(printable_module_name)
    for name, item in (module_objects or {}).items():
        if callable(item):
            registry.register(item, name=name)
    if isinstance(identifier, str):
        return registry.resolve(identifier, custom_objects)
    with CustomObjectScope(custom_objects or {}):
        return registry.deserialize(identifier, custom_objects)


def func_dump(func: Callable[..., Any]) -> Any:
    """Refuse to store the code of a function, which Keras did to put a lambda into a file.

    Raises:
        ValueError: always; says what to do instead.
    """
    raise ValueError(
        f"The code of {getattr(func, '__name__', 'a function')} cannot be stored: what reads such "
        "a file runs whatever code somebody put there. Name the function, and pass it where the "
        "file is read: custom_objects={'name': function}."
    )


def func_load(code: Any, defaults: Any = None, closure: Any = None, globs: Any = None) -> Any:
    """Refuse to make a function of code from a file.

    Raises:
        ValueError: always; says what to do instead.
    """
    raise ValueError(
        "Code from a file is never run. Write the function in Python, and pass it where the file "
        "is read: custom_objects={'name': function}."
    )


__all__ = [
    "CustomObjectScope",
    "Progbar",
    "custom_object_scope",
    "deserialize_keras_object",
    "func_dump",
    "func_load",
    "get_custom_objects",
    "has_arg",
    "serialize_keras_object",
]
