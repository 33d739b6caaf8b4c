"""Parsing the JSON texts of a file without letting them exhaust memory or stack."""

from __future__ import annotations

import json
from typing import Any

from konnx.converters.errors import FileFormatError, printable
from konnx.converters.hdf5.limits import ReadLimits


def parse_config(text: str, file: str, place: str, limits: ReadLimits) -> dict[str, Any]:
    """Parse a configuration text into a dict of plain data.

    Args:
        text: JSON.
        file: the file's path, for messages.
        place: where in the file the text stands, for messages.
        limits: bounds on the text's length and depth.

    Raises:
        FileFormatError: the text is not JSON, not an object, too long or too deep.
    """
    if len(text) > limits.json_bytes:
        raise FileFormatError.at(
            file,
            place,
            f"the JSON text has {len(text)} characters",
            expected=f"at most {limits.json_bytes}",
        )
    try:
        config = json.loads(text)
    except RecursionError:
        raise _too_deep(file, place, limits) from None
    except ValueError as error:
        raise FileFormatError.at(
            file, place, f"the text is not valid JSON: {printable(str(error))}"
        ) from error
    if not isinstance(config, dict):
        raise FileFormatError.at(
            file,
            place,
            "the JSON text is not an object",
            expected='{"class_name": ..., "config": ...}',
            received=printable(text, 40),
        )
    _check_values(config, file, place, limits)
    return config


def _check_values(config: dict[str, Any], file: str, place: str, limits: ReadLimits) -> None:
    """Refuse what would break code that walks or shows the configuration later."""
    level: list[Any] = [config]
    depth = 0
    while level:
        depth += 1
        if depth > limits.json_depth:
            raise _too_deep(file, place, limits)
        inner: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                inner.extend(value)
                inner.extend(value.values())
            elif isinstance(value, list):
                inner.extend(value)
            elif isinstance(value, str):
                _check_text(value, file, place)
        level = inner


def _check_text(text: str, file: str, place: str) -> None:
    """Refuse half of a surrogate pair: it cannot be encoded, so neither printed nor saved."""
    if text.isascii():
        return
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise FileFormatError.at(
            file, place, f"the JSON text holds a broken character in {printable(text, 40)!r}"
        ) from error


def _too_deep(file: str, place: str, limits: ReadLimits) -> FileFormatError:
    return FileFormatError.at(
        file, place, "the JSON text nests too deep", expected=f"at most {limits.json_depth} levels"
    )
