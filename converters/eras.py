"""What a layer's config means to the Keras that wrote it, where later versions mean otherwise."""

from __future__ import annotations

import re
from typing import Any

_STANDALONE = re.compile(r"(\d+)\.(\d+)\.(\d+)$")


def in_own_words(config: Any, keras_version: str | None) -> Any:
    """Return a model's config, layers within layers included, as today's layers read it.

    Keras 2.2.3 to 2.3.1 enlarges bilinearly between the upper left corners of elements.

    Args:
        config: as the file holds it; it is not changed.
        keras_version: at the root of the file.
    """
    release = _STANDALONE.match(keras_version or "")
    if release and (2, 2, 3) <= tuple(map(int, release.groups())) < (2, 4, 0):
        return _cornered(config)
    return config


def _cornered(value: Any) -> Any:
    """The config with bilinear enlarging between corners."""
    if isinstance(value, list):
        return [_cornered(item) for item in value]
    if not isinstance(value, dict):
        return value
    inner = {key: _cornered(item) for key, item in value.items()}
    arguments = inner.get("config")
    if (
        inner.get("class_name") == "UpSampling2D"
        and isinstance(arguments, dict)
        and arguments.get("interpolation") == "bilinear"
    ):
        inner["config"] = {"half_pixel_centers": False, **arguments}
    return inner
