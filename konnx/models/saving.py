"""Class and config of a model together, as JSON holds them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from konnx import layers as layer_family
from konnx.utils.yaml_text import import_yaml, load_yaml

if TYPE_CHECKING:
    from konnx.models.model import Model

KERAS_VERSION = "2.1.6"
"""The version of Keras whose files konnx writes."""


def model_config(model: Model) -> dict[str, Any]:
    """Return class name, config, and what Keras adds to tell where they come from."""
    return {
        **layer_family.serialize(model),
        "keras_version": KERAS_VERSION,
        "backend": "tensorflow",
    }


def model_from_config(
    config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None
) -> Model:
    """Build a model from class name and config.

    Raises:
        ValueError: the class is no model, or the config names unknown classes.
    """
    from konnx.models.model import Model

    model = layer_family.deserialize(config, custom_objects)
    if not isinstance(model, Model):
        raise ValueError(
            "Expected the config of a Model or Sequential. "
            f"Received: class_name={config.get('class_name')!r}"
        )
    return model


def model_from_json(json_string: str, custom_objects: Mapping[str, Any] | None = None) -> Model:
    """Build a model from what `to_json` returned, in any Keras.

    Raises:
        ValueError: the text is no JSON, or not of a model.

    Example:
        >>> from konnx.layers import Dense
        >>> from konnx.models import Sequential
        >>> text = Sequential([Dense(2, input_shape=(3,))]).to_json()
        >>> model_from_json(text).output_shape
        (None, 2)
    """
    config = json.loads(json_string)
    if not isinstance(config, dict):
        raise ValueError(f"Expected a JSON object. Received: {type(config).__name__}")
    return _model_of_any_keras(config, custom_objects)


def model_from_yaml(yaml_string: str, custom_objects: Mapping[str, Any] | None = None) -> Model:
    """Build a model from what `to_yaml` returned, in any Keras; nothing in it is run.

    Raises:
        ImportError: PyYAML is not installed (the extra `yaml`).
        ValueError: the text is no YAML of plain data, or not of a model.
    """
    config = load_yaml(yaml_string)
    if not isinstance(config, dict):
        raise ValueError(f"Expected a YAML mapping. Received: {type(config).__name__}")
    return _model_of_any_keras(config, custom_objects)


def _model_of_any_keras(config: dict[str, Any], custom_objects: Mapping[str, Any] | None) -> Model:
    from konnx.converters.architecture import model_of_any_keras
    from konnx.converters.configs import Source

    return model_of_any_keras(config, Source.of_config(config), custom_objects)


def model_to_yaml(model: Model, **kwargs: Any) -> str:
    """Return class and config of a model as YAML; the arguments go to `yaml.safe_dump`."""
    plain = json.loads(json.dumps(model_config(model)))
    text: str = import_yaml("write").safe_dump(plain, **kwargs)
    return text
