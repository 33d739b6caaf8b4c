"""Gradients of expression graphs."""

from konnx.autodiff.gradients import GradientError, gradients, sum_to_shape
from konnx.autodiff.rules._table import RULES, ZERO_GRADIENT, Rule, rule

__all__ = [
    "RULES",
    "ZERO_GRADIENT",
    "GradientError",
    "Rule",
    "gradients",
    "rule",
    "sum_to_shape",
]
