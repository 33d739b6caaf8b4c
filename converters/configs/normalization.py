"""The config of a model from a file, in the words of Keras 2.1."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from konnx.converters.configs.dtypes import with_one_dtype
from konnx.converters.configs.keras_1 import from_keras_1
from konnx.converters.configs.keras_2 import with_corners
from konnx.converters.configs.source import Source
from konnx.converters.configs.tf_keras import with_plain_calls
from konnx.models.conversion import Conversion


def normalize_config(
    config: Mapping[str, Any], source: Source
) -> tuple[dict[str, Any], list[Conversion]]:
    """Return a model's config as konnx reads it, and what was converted; pure.

    Args:
        config: with "class_name" and "config", as a file of Keras 1 or 2 or of tf.keras has it;
            those of Keras 3 are put into that form before.
        source: who wrote it.

    Raises:
        ValueError: it asks for what Keras 2 has no more.

    Example:
        >>> dense = {"class_name": "Dense", "config": {"name": "d", "output_dim": 2}}
        >>> model = {"class_name": "Sequential", "config": [dense]}
        >>> normalize_config(model, Source("1.2.2"))[0]["config"]
        [{'class_name': 'Dense', 'config': {'name': 'd', 'units': 2}}]
    """
    converted: list[Conversion] = []
    normal: Any = dict(config)
    if source.is_keras_1:
        normal = from_keras_1(normal, converted)
    if source.is_standalone and (2, 2, 3) <= source.release < (2, 4, 0):
        normal = with_corners(normal, converted)
    if source.casts:
        normal = with_one_dtype(normal, converted)
    return with_plain_calls(normal), converted
