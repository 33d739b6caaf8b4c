"""YAML as plain data: what the dumps of Keras hold, and nothing that runs."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

_MOST_VALUES = 1_000_000
_SEQUENCES = ("tag:yaml.org,2002:python/tuple",)
_TEXTS = ("tag:yaml.org,2002:python/unicode", "tag:yaml.org,2002:python/str")


def load_yaml(text: str) -> Any:
    """Return the plain data of a YAML text.

    Tuples of Python, which Keras writes, become lists; any other tag of Python is refused.

    Args:
        text: YAML; references within it may not make it more than a million values.

    Raises:
        ImportError: PyYAML is not installed (the extra `yaml`).
        ValueError: the text is no YAML of plain data, nests too deep, or stands for too much.

    Example:
        >>> load_yaml("size: !!python/tuple [3, 3]")
        {'size': [3, 3]}
    """
    yaml = import_yaml("read")
    try:
        value = yaml.load(text, Loader=_plain_loader(yaml))
        size = _size(value, {})
    except RecursionError:
        raise ValueError("The YAML nests too deep, or refers to itself.") from None
    except yaml.YAMLError as error:
        raise ValueError(f"The text is no YAML of plain data: {error}") from error
    if size > _MOST_VALUES:
        raise ValueError(f"The YAML stands for {size} values. Expected: at most {_MOST_VALUES}.")
    return value


def import_yaml(verb: str) -> Any:
    """Return PyYAML.

    Args:
        verb: what it is needed for: "read" or "write".

    Raises:
        ImportError: it is not installed; says how to.
    """
    try:
        return importlib.import_module("yaml")
    except ImportError as error:
        raise ImportError(f'To {verb} YAML, install PyYAML: pip install "konnx[yaml]"') from error


def _plain_loader(yaml: Any) -> Any:
    loader = type("PlainLoader", (yaml.SafeLoader,), {})
    for tag in _SEQUENCES:
        loader.add_constructor(tag, _sequence)  # type: ignore[attr-defined]
    for tag in _TEXTS:
        loader.add_constructor(tag, yaml.SafeLoader.construct_yaml_str)  # type: ignore[attr-defined]
    return loader


def _sequence(loader: Any, node: Any) -> list[Any]:
    items: list[Any] = loader.construct_sequence(node, deep=True)
    return items


def _size(value: Any, known: dict[int, int]) -> int:
    """Return how many values there are, those that are referred to again counted each time."""
    if not isinstance(value, list | Mapping):
        return 1
    if id(value) not in known:
        items = value.values() if isinstance(value, Mapping) else value
        known[id(value)] = 1 + sum(_size(item, known) for item in items)
    return known[id(value)]
