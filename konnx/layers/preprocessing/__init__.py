"""Layers that prepare data: they scale, resize, encode and vary it."""

from konnx.layers.preprocessing.augmentation import (
    RandomBrightness,
    RandomContrast,
    RandomFlip,
    RandomRotation,
    RandomTranslation,
    RandomZoom,
)
from konnx.layers.preprocessing.encoding import CategoryEncoding, Discretization
from konnx.layers.preprocessing.lookup import IntegerLookup, StringLookup
from konnx.layers.preprocessing.mel_spectrogram import MelSpectrogram
from konnx.layers.preprocessing.normalization import Normalization
from konnx.layers.preprocessing.random_sizes import RandomCrop, RandomHeight, RandomWidth
from konnx.layers.preprocessing.rescaling import Rescaling
from konnx.layers.preprocessing.resizing import CenterCrop, Resizing
from konnx.layers.preprocessing.spectrogram import STFTSpectrogram

__all__ = [
    "CategoryEncoding",
    "CenterCrop",
    "Discretization",
    "IntegerLookup",
    "MelSpectrogram",
    "Normalization",
    "RandomBrightness",
    "RandomContrast",
    "RandomCrop",
    "RandomFlip",
    "RandomHeight",
    "RandomRotation",
    "RandomTranslation",
    "RandomWidth",
    "RandomZoom",
    "Rescaling",
    "Resizing",
    "STFTSpectrogram",
    "StringLookup",
]
