"""Going through a config."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


def in_every_depth(value: Any, change: Callable[[dict[str, Any]], Any]) -> Any:
    """Return plain data with each dict changed, the inner ones before those that hold them.

    Example:
        >>> in_every_depth([{"a": {"b": 1}}], lambda found: {**found, "n": len(found)})
        [{'a': {'b': 1, 'n': 1}, 'n': 1}]
    """
    if isinstance(value, list):
        return [in_every_depth(item, change) for item in value]
    if not isinstance(value, Mapping):
        return value
    return change({key: in_every_depth(item, change) for key, item in value.items()})
