"""What configs of standalone Keras 2 mean otherwise than later ones."""

from __future__ import annotations

from typing import Any

from konnx.converters.configs.walk import in_every_depth
from konnx.models.conversion import Conversion

_WHY = "Keras 2.2.3 to 2.3.1 enlarges between the upper left corners of elements"


def with_corners(config: Any, converted: list[Conversion]) -> Any:
    """Return a config, layers within layers included, with bilinear enlarging between corners."""

    def change(value: dict[str, Any]) -> dict[str, Any]:
        arguments = value.get("config")
        if value.get("class_name") != "UpSampling2D" or not isinstance(arguments, dict):
            return value
        if arguments.get("interpolation") != "bilinear":
            return value
        name = str(arguments.get("name"))
        converted.append(Conversion(name, "bilinear enlarging between corners", _WHY))
        return {**value, "config": {"half_pixel_centers": False, **arguments}}

    return in_every_depth(config, change)
