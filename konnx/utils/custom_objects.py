"""The user's own classes and functions by name, for all that is made from names and configs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

_custom_objects: dict[str, Any] = {}


def get_custom_objects() -> dict[str, Any]:
    """Return the dict of the user's own objects; what is put in counts from then on.

    Example:
        >>> get_custom_objects()["double"] = lambda x: 2 * x
        >>> from konnx import activations
        >>> activations.get("double")(4)
        8
        >>> del get_custom_objects()["double"]
    """
    return _custom_objects


class CustomObjectScope:
    """Adds objects to `get_custom_objects()` within a `with` block.

    Args:
        custom_objects: dicts of objects by name.

    Example:
        >>> from konnx import activations
        >>> with CustomObjectScope({"double": lambda x: 2 * x}):
        ...     activations.get("double")(4)
        8
    """

    def __init__(self, *custom_objects: Mapping[str, Any]) -> None:
        self.custom_objects = custom_objects
        self._before: dict[str, Any] = {}

    def __enter__(self) -> Self:
        self._before = dict(_custom_objects)
        for objects in self.custom_objects:
            _custom_objects.update(objects)
        return self

    def __exit__(self, *_: object) -> None:
        _custom_objects.clear()
        _custom_objects.update(self._before)


def custom_object_scope(*custom_objects: Mapping[str, Any]) -> CustomObjectScope:
    """Return a `CustomObjectScope`."""
    return CustomObjectScope(*custom_objects)
