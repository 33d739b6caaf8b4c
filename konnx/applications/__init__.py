"""Networks for images, with weights learned on ImageNet; each is built when it is called."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from konnx.applications.densenet import DenseNet121, DenseNet169, DenseNet201
    from konnx.applications.efficientnet import (
        EfficientNetB0,
        EfficientNetB1,
        EfficientNetB2,
        EfficientNetB3,
        EfficientNetB4,
        EfficientNetB5,
        EfficientNetB6,
        EfficientNetB7,
    )
    from konnx.applications.inception_resnet_v2 import InceptionResNetV2
    from konnx.applications.inception_v3 import InceptionV3
    from konnx.applications.mobilenet import MobileNet
    from konnx.applications.mobilenet_v2 import MobileNetV2
    from konnx.applications.nasnet import NASNetLarge, NASNetMobile
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
    "MobileNetV2": "mobilenet_v2",
    "DenseNet121": "densenet",
    "DenseNet169": "densenet",
    "DenseNet201": "densenet",
    "NASNetMobile": "nasnet",
    "NASNetLarge": "nasnet",
    "EfficientNetB0": "efficientnet",
    "EfficientNetB1": "efficientnet",
    "EfficientNetB2": "efficientnet",
    "EfficientNetB3": "efficientnet",
    "EfficientNetB4": "efficientnet",
    "EfficientNetB5": "efficientnet",
    "EfficientNetB6": "efficientnet",
    "EfficientNetB7": "efficientnet",
}

__all__ = [
    "VGG16",
    "VGG19",
    "DenseNet121",
    "DenseNet169",
    "DenseNet201",
    "EfficientNetB0",
    "EfficientNetB1",
    "EfficientNetB2",
    "EfficientNetB3",
    "EfficientNetB4",
    "EfficientNetB5",
    "EfficientNetB6",
    "EfficientNetB7",
    "InceptionResNetV2",
    "InceptionV3",
    "MobileNet",
    "MobileNetV2",
    "NASNetLarge",
    "NASNetMobile",
    "ResNet50",
    "Xception",
]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return getattr(import_module(f"konnx.applications.{_MODULES[name]}"), name)
    raise AttributeError(f"module 'konnx.applications' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
