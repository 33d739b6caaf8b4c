"""Words in configs that mean something else in Keras 3 than in Keras 2."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from konnx.models.conversion import Conversion

OWN_ACTIVATIONS = {"hard_sigmoid": "hard_sigmoid_v3"}
"""Activations that are other functions in Keras 3 than in Keras 2, and what konnx calls them."""


def in_own_words(config: Any, report: list[Conversion]) -> Any:
    """Return a config of Keras 3 with what konnx has for words that only Keras 3 means so.

    Args:
        config: otherwise in the form of Keras 2; it is not changed.
        report: what was converted is added to it.
    """
    if isinstance(config, list):
        return [in_own_words(item, report) for item in config]
    if not isinstance(config, Mapping):
        return config
    return {key: _item(config, key, report) for key in config}


def _item(value: Mapping[str, Any], key: str, report: list[Conversion]) -> Any:
    item, layer = value[key], str(value.get("name"))
    if key.endswith("activation") and isinstance(item, str) and item in OWN_ACTIVATIONS:
        own = OWN_ACTIVATIONS[item]
        report.append(Conversion(layer, f"{key} {item} to {own}", "Keras 3 means another function"))
        return own
    return in_own_words(item, report)
