"""The parameters of an operation: their names, order and defaults, as one line of text."""

from __future__ import annotations

from ast import literal_eval
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

_REQUIRED = object()


class Parameters:
    """Names and defaults, such as "x, axis=None"; "*tensors, axis" takes all positional ones.

    Args:
        text: written by hand in one of the tables; defaults are Python literals.

    Example:
        >>> Parameters("x, axis=None").bind([1], {"axis": 2})
        [1, 2]
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._defaults: dict[str, Any] = {}
        self._variadic = text.startswith("*")
        for item in filter(None, text.split(", ")):
            name, is_given, default = item.partition("=")
            self._defaults[name.lstrip("*")] = literal_eval(default) if is_given else _REQUIRED

    @property
    def names(self) -> list[str]:
        """The names in order."""
        return list(self._defaults)

    def bind(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> list[Any]:
        """Return a value for each parameter, in their order.

        Raises:
            TypeError: one is missing, given twice, unknown, or there are too many.
        """
        values = dict(kwargs)
        names = self.names
        if self._variadic:
            args = [list(args)]
        if len(args) > len(names):
            raise TypeError(f"takes ({self.text}). Received: {len(args)} arguments")
        for name, value in zip(names, args, strict=False):
            if name in values:
                raise TypeError(f"got `{name}` twice")
            values[name] = value
        unknown = sorted(set(values) - set(names))
        if unknown:
            raise TypeError(f"takes ({self.text}), not {', '.join(unknown)}")
        bound = [values.get(name, default) for name, default in self._defaults.items()]
        missing = [name for name, value in zip(names, bound, strict=True) if value is _REQUIRED]
        if missing:
            raise TypeError(f"needs {', '.join(missing)}")
        return bound


class Symbol(NamedTuple):
    """What a symbol stands for: its parameters, and the function that gets their values."""

    parameters: Parameters
    function: Callable[..., Any]


Table = dict[str, Symbol]


def rows(prefix: str, table: Mapping[str, tuple[str, Callable[..., Any]]]) -> Table:
    """Return symbols by their full names; a key may hold several names, split by a space."""
    return {
        f"{prefix}{name}": Symbol(Parameters(text), function)
        for names, (text, function) in table.items()
        for name in names.split()
    }
