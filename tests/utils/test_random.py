"""Seeds come from NumPy's global generator."""

from __future__ import annotations

import numpy as np
import pytest

from konnx.utils.random import draw_seed, next_run_seed

pytestmark = pytest.mark.no_runtime


def seeds() -> list[int]:
    np.random.seed(5)  # noqa: NPY002 - the generator that rules konnx
    return [draw_seed(), int(next_run_seed()), draw_seed(), int(next_run_seed())]


def test_the_seed_of_numpy_rules_them_all() -> None:
    first = seeds()
    assert first == seeds()
    assert len(set(first)) == 4
    assert all(0 <= seed < 2**31 for seed in first)


def test_the_seed_of_a_run_is_an_int64_scalar() -> None:
    seed = next_run_seed()
    assert (seed.shape, seed.dtype) == ((), np.int64)
