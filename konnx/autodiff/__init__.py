"""Gradients of expression graphs."""

from konnx.autodiff.engines import ENGINES, check_engine
from konnx.autodiff.gradients import GradientError, gradients, pull_back, sum_to_shape
from konnx.autodiff.rules._table import RULES, ZERO_GRADIENT, Rule, lowering, rule

__all__ = [
    "ENGINES",
    "RULES",
    "ZERO_GRADIENT",
    "GradientError",
    "Rule",
    "check_engine",
    "gradients",
    "lowering",
    "pull_back",
    "rule",
    "sum_to_shape",
]
