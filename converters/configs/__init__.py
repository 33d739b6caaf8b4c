"""Configs of every Keras in the words of Keras 2.1: one file for each era."""

from konnx.converters.configs.normalization import normalize_config
from konnx.converters.configs.source import Source

__all__ = ["Source", "normalize_config"]
