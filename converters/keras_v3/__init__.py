"""The files of Keras 3, and of tf.keras from 2.12 on: `.keras` archives and `.weights.h5`."""

from __future__ import annotations

from konnx.converters.keras_v3.archive import is_archive, open_archive
from konnx.converters.keras_v3.content import read_keras_weights
from konnx.converters.keras_v3.reader import load_keras_archive, load_keras_weights
from konnx.converters.keras_v3.writer import save_keras_archive, save_keras_weights

__all__ = [
    "is_archive",
    "load_keras_archive",
    "load_keras_weights",
    "open_archive",
    "read_keras_weights",
    "save_keras_archive",
    "save_keras_weights",
]
