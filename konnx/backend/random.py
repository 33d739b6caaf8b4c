"""Random variables, and random tensors that are drawn anew in each run.

All are conditioned by np.random.seed: it rules the seeds that are not given, and that of each run.
A `seed` argument fixes the stream of one tensor for a given seed of the run.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from konnx import ops
from konnx.config import floatx
from konnx.graph import Tensor, Variable
from konnx.ops.random import Sizes
from konnx.utils.random import draw_seed


def random_uniform_variable(
    shape: Sequence[int],
    low: float,
    high: float,
    dtype: Any = None,
    name: str | None = None,
    seed: int | None = None,
) -> Variable:
    """Make a variable of numbers evenly distributed between `low` and `high`."""
    values = _generator(seed).uniform(low, high, tuple(shape))
    return Variable(values, dtype or floatx(), name or "variable")


def random_normal_variable(
    shape: Sequence[int],
    mean: float,
    scale: float,
    dtype: Any = None,
    name: str | None = None,
    seed: int | None = None,
) -> Variable:
    """Make a variable of normally distributed numbers with a mean and a standard deviation."""
    values = _generator(seed).normal(mean, scale, tuple(shape))
    return Variable(values, dtype or floatx(), name or "variable")


def _generator(seed: int | None) -> np.random.Generator:
    return np.random.default_rng(draw_seed() if seed is None else seed)


def random_normal(
    shape: Sizes,
    mean: float = 0.0,
    stddev: float = 1.0,
    dtype: Any = None,
    seed: int | None = None,
) -> Tensor:
    """Return normally distributed numbers.

    Args:
        shape: the sizes; each may be a scalar tensor, such as K.shape(x)[0], or all one tensor.
        mean: of the distribution.
        stddev: its standard deviation.
        dtype: default `floatx()`.
        seed: default: one from NumPy's global generator, now.
    """
    return ops.normal(shape, mean, stddev, dtype or floatx(), seed)


def random_uniform(
    shape: Sizes,
    minval: float = 0.0,
    maxval: float = 1.0,
    dtype: Any = None,
    seed: int | None = None,
) -> Tensor:
    """Return numbers evenly distributed from `minval` to `maxval`, which is not reached.

    Whole numbers, where `dtype` says so; other arguments as of `random_normal`.
    """
    return ops.uniform(shape, minval, maxval, dtype or floatx(), seed)


def random_binomial(
    shape: Sizes, p: float = 0.0, dtype: Any = None, seed: int | None = None
) -> Tensor:
    """Return 1 with probability p, else 0; other arguments as of `random_normal`."""
    return ops.bernoulli(shape, p, dtype or floatx(), seed)


def truncated_normal(
    shape: Sizes,
    mean: float = 0.0,
    stddev: float = 1.0,
    dtype: Any = None,
    seed: int | None = None,
) -> Tensor:
    """Return normally distributed numbers, of those within two standard deviations of the mean.

    Arguments as of `random_normal`.
    """
    return ops.truncated_normal(shape, mean, stddev, dtype or floatx(), seed)
