"""Gradient rules, one file for a kind of operators; importing them fills the table."""

from konnx.autodiff.rules import (
    activations,
    control,
    convolution,
    einsum,
    elementwise,
    indexing,
    linalg,
    losses,
    nn,
    normalization,
    pooling,
    recurrent,
    reduction,
    resize,
    shape,
    windows,
)
from konnx.autodiff.rules._table import RULES, ZERO_GRADIENT, Rule

__all__ = [
    "RULES",
    "ZERO_GRADIENT",
    "Rule",
    "activations",
    "control",
    "convolution",
    "einsum",
    "elementwise",
    "indexing",
    "linalg",
    "losses",
    "nn",
    "normalization",
    "pooling",
    "recurrent",
    "reduction",
    "resize",
    "shape",
    "windows",
]
