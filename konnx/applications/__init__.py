"""Networks for images, with weights learned on ImageNet; each is built when it is called."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from konnx.applications.inception_resnet_v2 import InceptionResNetV2
    from konnx.applications.inception_v3 import InceptionV3
    from konnx.applications.mobilenet import MobileNet
    from konnx.applications.resnet50 import ResNet50
    from konnx.applications.vgg16 import VGG16
    from konnx.applications.vgg19 import VGG19
    from konnx.applications.xception import Xception

_MODULES = {
    "Xception": "xception",
    "VGG16": "vgg16",
    "VGG19": "vgg19",
    "ResNet50": "resnet50",
    "InceptionV3": "inception_v3",
    "InceptionResNetV2": "inception_resnet_v2",
    "MobileNet": "mobilenet",
}

__all__ = [
    "VGG16",
    "VGG19",
    "InceptionResNetV2",
    "InceptionV3",
    "MobileNet",
    "ResNet50",
    "Xception",
]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return getattr(import_module(f"konnx.applications.{_MODULES[name]}"), name)
    raise AttributeError(f"module 'konnx.applications' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
