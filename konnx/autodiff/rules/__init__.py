"""Gradient rules, one file for each file of `konnx.ops`; importing them fills the table."""

from konnx.autodiff.rules import (
    convolution,
    elementwise,
    indexing,
    linalg,
    nn,
    pooling,
    reduction,
    shape,
)
from konnx.autodiff.rules._table import RULES, ZERO_GRADIENT, Rule

__all__ = [
    "RULES",
    "ZERO_GRADIENT",
    "Rule",
    "convolution",
    "elementwise",
    "indexing",
    "linalg",
    "nn",
    "pooling",
    "reduction",
    "shape",
]
