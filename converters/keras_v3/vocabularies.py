"""Vocabularies that layers took from data, which a `.keras` archive keeps among its assets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from konnx.converters.errors import FileFormatError
from konnx.converters.keras_v3.archive import ASSETS, KerasArchive
from konnx.converters.keras_v3.places import snake_case

_FILE = "vocabulary.txt"


def with_vocabularies(config: Mapping[str, Any], archive: KerasArchive) -> dict[str, Any]:
    """Return a model's config whose lookups have the vocabularies that they were adapted to.

    Args:
        config: class name and config of the model.
        archive: the archive that it is from.

    Raises:
        FileFormatError: a vocabulary is no text, or of `IntegerLookup` holds no whole numbers.
    """
    arguments = config.get("config")
    if not any(name.endswith(_FILE) for name in archive.names) or arguments is None:
        return dict(config)
    return {**config, "config": _network(arguments, archive, "layers")}


def _network(arguments: Any, archive: KerasArchive, path: str) -> Any:
    is_list = isinstance(arguments, list)
    entries = arguments if is_list else arguments.get("layers")
    if not isinstance(entries, list):
        return arguments
    counts: Counter[str] = Counter()
    found = []
    for entry in entries:
        step = snake_case(str(entry.get("class_name")))
        number = f"_{counts[step]}" if counts[step] else ""
        found.append(_layer(entry, archive, f"{path}/{step}{number}"))
        counts[step] += 1
    return found if is_list else {**arguments, "layers": found}


def _layer(entry: Any, archive: KerasArchive, path: str) -> Any:
    arguments = entry.get("config")
    name = f"{ASSETS}{path}/{_FILE}"
    if isinstance(arguments, Mapping) and name in archive and not arguments.get("vocabulary"):
        words = _words(archive, name, entry["class_name"])
        return {**entry, "config": {**arguments, "vocabulary": words}}
    if isinstance(arguments, list) or (isinstance(arguments, Mapping) and "layers" in arguments):
        return {**entry, "config": _network(arguments, archive, f"{path}/layers")}
    return entry


def _words(archive: KerasArchive, name: str, class_name: str) -> list[Any]:
    """The lines of a vocabulary, of which each ends with a line feed but perhaps the last."""
    try:
        lines = archive.read(name).decode().split("\n")
        return [int(line) for line in lines] if class_name == "IntegerLookup" else lines
    except (UnicodeDecodeError, ValueError) as error:
        reason = f"it is no vocabulary: {error}"
        raise FileFormatError.at(archive.file, f"'{name}'", reason) from error
