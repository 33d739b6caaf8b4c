"""In what two descriptions of model files differ."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from konnx.converters.errors import printable

Description = dict[str, Any]

_ALWAYS_DIFFERENT = ("file",)


def differences(first: Description, second: Description) -> list[dict[str, Any]]:
    """Return each part that differs: its place, and its value in both, None where it is not.

    Example:
        >>> differences({"nodes": 3, "kind": "model"}, {"nodes": 4, "kind": "model"})
        [{'place': 'nodes', 'first': 3, 'second': 4}]
    """
    one, two = dict(_parts("", first)), dict(_parts("", second))
    return [
        {"place": place, "first": one.get(place), "second": two.get(place)}
        for place in dict.fromkeys([*one, *two])
        if one.get(place) != two.get(place)
    ]


def _parts(place: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield values with their places; items of lists go by their names."""
    if isinstance(value, dict) and value:
        for key, part in value.items():
            if place or key not in _ALWAYS_DIFFERENT:
                yield from _parts(f"{place}.{key}" if place else str(key), part)
    elif isinstance(value, list) and value and all(_is_named(item) for item in value):
        for item in value:
            rest = {key: part for key, part in item.items() if key != "name"}
            yield from _parts(f"{place}.{item['name']}", rest)
    else:
        yield place, value


def _is_named(value: Any) -> bool:
    return isinstance(value, dict) and "name" in value


def difference_lines(found: list[dict[str, Any]]) -> list[str]:
    """Return differences as lines: with < for the first, > for the second."""
    lines = []
    for part in found:
        lines.append(printable(part["place"], 200))
        for mark, side in (("<", "first"), (">", "second")):
            if part[side] is not None:
                lines.append(f"  {mark} {printable(json.dumps(part[side]), 400)}")
    return lines
