"""Models without their weights: from the config in a file, or from a file of JSON or YAML."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from konnx.converters.configs import Source, normalize_config
from konnx.converters.configs.keras_3 import to_keras_2
from konnx.converters.errors import FileFormatError
from konnx.converters.hdf5.config_json import parse_config
from konnx.converters.hdf5.limits import ReadLimits
from konnx.converters.hdf5.sniff import require_regular_file
from konnx.models.conversion import Conversion
from konnx.models.model import Model
from konnx.models.saving import model_from_config
from konnx.utils.yaml_text import load_yaml

Custom = Mapping[str, Any] | None
Path = str | os.PathLike[str]

_ODD = (ValueError, TypeError, KeyError, IndexError, AttributeError, MemoryError)


def build_model(
    config: Mapping[str, Any], source: Source, file: str, place: str | None, custom_objects: Custom
) -> Model:
    """Make the model that the config in a file describes, without its weights.

    Args:
        config: class name and config.
        source: who wrote it.
        file: the file, for messages.
        place: where in the file the config stands, for messages.
        custom_objects: the caller's own classes and functions by name.

    Raises:
        FileFormatError: the config is damaged, or names unknown classes.
    """
    try:
        return model_of_any_keras(config, source, custom_objects)
    except _ODD as error:
        reason = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
        raise FileFormatError.at(file, place, reason.rstrip(".")) from error


def model_of_any_keras(
    config: Mapping[str, Any], source: Source, custom_objects: Custom = None
) -> Model:
    """Make the model that a config describes; what was converted is in its report.

    Raises:
        ValueError: the config is damaged, or names unknown classes.
    """
    converted: list[Conversion] = []
    if "module" in config:  # Keras 3 says where a class comes from
        config = to_keras_2(config, source.keras_version or "3.0.0", converted)
        source = source._replace(keras_version=source.keras_version or "3.0.0")
    normal, more = normalize_config(config, source)
    model = model_from_config(normal, custom_objects)
    model.conversion_report = converted + more
    return model


def read_architecture(path: Path, custom_objects: Custom = None) -> tuple[Model, Source]:
    """Make a model from the file of its architecture, and say who wrote that.

    Args:
        path: JSON that `to_json` returned, or YAML from `to_yaml`, of any Keras; the content
            counts, not the name.
        custom_objects: the caller's own classes and functions by name.

    Raises:
        FileFormatError: it is neither, or damaged, or names unknown classes.
        ImportError: it is YAML, and PyYAML is not installed.
        OSError: it cannot be opened.
    """
    file = os.fspath(path)
    config = parse_config(_json_text(file), file, "", ReadLimits())
    source = Source.of_config(config)
    return build_model(config, source, file, None, custom_objects), source


def _json_text(file: str) -> str:
    require_regular_file(file)
    limit = ReadLimits().json_bytes
    with open(file, "rb") as stream:
        content = stream.read(limit + 1)
    if len(content) > limit:
        raise FileFormatError.at(file, None, f"it has more than {limit} bytes")
    try:
        text = content.decode("utf-8-sig")
        if text.lstrip().startswith("{"):
            return text
        return json.dumps(load_yaml(text))
    except (ValueError, TypeError) as error:
        raise FileFormatError.at(
            file,
            None,
            "it is no architecture of a model",
            expected="JSON from model.to_json(), or YAML from model.to_yaml()",
            received=str(error).splitlines()[0].rstrip("."),
        ) from error
