"""The applications that goldens and checks go over."""

from __future__ import annotations

NAMES = (
    "Xception",
    "VGG16",
    "VGG19",
    "ResNet50",
    "InceptionV3",
    "InceptionResNetV2",
    "MobileNet",
    "MobileNetV2",
    "DenseNet121",
    "DenseNet169",
    "DenseNet201",
    "NASNetMobile",
    "NASNetLarge",
    *(f"EfficientNetB{number}" for number in range(8)),
)
