"""Registries: the only way from a name in a file to something that runs.

A name is looked up in a table that the program filled by hand, or in the `custom_objects` that the
user passes; nothing is imported, evaluated or taken from a module by a name that a file holds.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from copy import copy
from typing import Any, Generic, TypeVar

from konnx.utils.custom_objects import get_custom_objects

T = TypeVar("T")
S = TypeVar("S")

CustomObjects = Mapping[str, Any] | None
Arguments = Mapping[str, Any] | list[Any]

_LONGEST_NAME = 100  # a file may hold any name: longer ones are not compared and not repeated whole


class Registry(Generic[T]):
    """Classes, or functions that make their instances, by the names that files use.

    A configuration is a name, or `{"class_name": name, "config": arguments}`, where the arguments
    are a dict or, for a `from_config` that wants one, a list. Other keys, which later Keras
    versions write beside these two, do not count.

    Args:
        kind: what the entries are, for error messages, such as "layer".

    Example:
        >>> shapes: Registry[type] = Registry("shape")
        >>> @shapes.register
        ... class Circle:
        ...     def __init__(self, radius=1):
        ...         self.radius = radius
        ...     def get_config(self):
        ...         return {"radius": self.radius}
        >>> shapes.serialize(Circle(3))
        {'class_name': 'Circle', 'config': {'radius': 3}}
        >>> shapes.deserialize({"class_name": "Circle", "config": {"radius": 3}}).radius
        3
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._items: dict[str, T] = {}

    @property
    def names(self) -> list[str]:
        """Every name that is known, aliases included, sorted."""
        return sorted(self._items)

    def __contains__(self, name: object) -> bool:
        return name in self._items

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def register(self, item: S, *aliases: str, name: str | None = None) -> S:
        """Add an entry and return it, so that this can be used as a decorator.

        Args:
            item: a class or function.
            aliases: further names for it.
            name: default: the item's own.

        Raises:
            ValueError: one of the names belongs to another entry.
        """
        entry: Any = item
        for key in (name or entry.__name__, *aliases):
            if self._items.setdefault(key, entry) is not entry:
                raise ValueError(f"The {self.kind} '{key}' exists already: {self._items[key]!r}")
        return item

    def resolve(self, name: str, custom_objects: CustomObjects = None) -> T:
        """Return the entry of a name; the user's own objects come first.

        Raises:
            ValueError: there is none; the message lists names that are like it.
        """
        found, item = _find_custom(name, custom_objects)
        if found:
            return item  # type: ignore[no-any-return]  # the user answers for its type
        if name not in self._items:
            raise ValueError(self._unknown(name))
        return self._items[name]

    def serialize(self, item: Any) -> Any:
        """Return what `deserialize` makes an equal object from: a dict, a name or None."""
        return serialize_object(item, self.kind)

    def deserialize(self, config: Any, custom_objects: CustomObjects = None) -> Any:
        """Make the object that a configuration describes.

        Args:
            config: a name, or a dict with "class_name" and "config".
            custom_objects: the user's own classes and functions by name.

        Raises:
            ValueError: the name is unknown, or the configuration does not fit the entry.
        """
        if isinstance(config, str):
            return self._from_name(config, custom_objects)
        name, arguments = self._parts(config)
        if isinstance(arguments, str):  # {"class_name": "function", "config": "relu"}
            return self._from_name(arguments, custom_objects)
        return self._build(name, arguments, custom_objects)

    def get(self, identifier: Any, custom_objects: CustomObjects = None) -> Any:
        """Return the object that a user means by a name, configuration, class or the object itself.

        Raises:
            ValueError: it is none of these, or the name is unknown.
        """
        if isinstance(identifier, str | Mapping):
            return self.deserialize(identifier, custom_objects)
        if isinstance(identifier, type):
            return identifier()
        if callable(identifier):
            return identifier
        raise ValueError(
            f"The {self.kind} must be given by name, by configuration or as an object that can "
            f"be called. Received: {identifier!r}"
        )

    def _from_name(self, name: str, custom_objects: CustomObjects) -> Any:
        found, item = _find_custom(name, custom_objects)
        if found and not isinstance(item, type):
            return item  # a function or an object of the user's is meant as it is
        return self._build(name, {}, custom_objects)

    def _parts(self, config: Any) -> tuple[str, Any]:
        name = config.get("class_name") if isinstance(config, Mapping) else None
        arguments = config.get("config", {}) if isinstance(config, Mapping) else None
        if not isinstance(name, str) or not isinstance(arguments, Mapping | str | list):
            raise ValueError(
                f"The configuration of the {self.kind} must be a name, or a dict with "
                f"'class_name' and 'config'. Received: {config!r}"
            )
        return name, arguments

    def _build(self, name: str, arguments: Arguments, custom_objects: CustomObjects) -> Any:
        item: Any = self.resolve(name, custom_objects)
        try:
            return _call(item, copy(arguments), custom_objects)
        except TypeError as error:
            raise ValueError(
                f"The {self.kind} '{name}' cannot be made from its configuration: {error}. "
                f"Received: config={arguments!r}"
            ) from error

    def _unknown(self, name: str) -> str:
        import difflib  # only needed for this message, and slow to import

        if len(name) > _LONGEST_NAME:
            name = f"{name[:_LONGEST_NAME]}…"
        lowered = {known.lower(): known for known in self.names}
        near = difflib.get_close_matches(name.lower(), lowered, n=3)
        if near:
            hint = f"Did you mean {' or '.join(repr(lowered[match]) for match in near)}?"
        else:
            hint = f"Known: {', '.join(self.names)}."
        return (
            f"Unknown {self.kind}: '{name}'. {hint} If it is your own, pass it in "
            f"custom_objects={{'{name}': ...}}."
        )


def serialize_object(item: Any, kind: str) -> Any:
    """Return class name and config of an object, the name of a function, or None for None.

    Args:
        item: the object.
        kind: what it is, for the message.

    Raises:
        ValueError: it has neither `get_config` nor a name.
    """
    if item is None:
        return None
    if not isinstance(item, type) and hasattr(item, "get_config"):
        return {"class_name": type(item).__name__, "config": item.get_config()}
    if hasattr(item, "__name__"):
        return item.__name__
    raise ValueError(
        f"To be saved, the {kind} must have a `get_config` method or be a named function. "
        f"Received: {item!r}"
    )


class FunctionRegistry(Registry[T]):
    """Functions by the names that files use; a name stands for the function itself.

    Example:
        >>> functions: FunctionRegistry[Callable[[float], float]] = FunctionRegistry("function")
        >>> @functions.register
        ... def half(x):
        ...     return x / 2
        >>> functions.get("half")(3)
        1.5
    """

    def serialize(self, item: Any) -> Any:
        """Return the name of a function, or of an object that users gave one; see `Registry`."""
        registered = (name for name, one in get_custom_objects().items() if one is item)
        name = next(registered, getattr(item, "__name__", None))
        return name or super().serialize(item)

    def _build(self, name: str, arguments: Arguments, custom_objects: CustomObjects) -> Any:
        item: Any = self.resolve(name, custom_objects)
        if isinstance(item, type):
            return super()._build(name, arguments, custom_objects)
        if arguments:
            raise ValueError(
                f"The {self.kind} '{name}' is a function and takes no configuration. "
                f"Received: config={arguments!r}"
            )
        return item


def _find_custom(name: str, custom_objects: CustomObjects) -> tuple[bool, Any]:
    """Look a name up among the user's objects; files may write it as "package>name"."""
    for key in (name, name.rpartition(">")[2]):
        for objects in (custom_objects, get_custom_objects()):
            if objects and key in objects:
                return True, objects[key]
    return False, None


def _call(item: Any, arguments: Any, custom_objects: CustomObjects) -> Any:
    from_config: Callable[..., Any] | None = getattr(item, "from_config", None)
    if from_config is None:
        return item(**arguments)
    if "custom_objects" in inspect.signature(from_config).parameters:
        return from_config(arguments, custom_objects=custom_objects)
    return from_config(arguments)
