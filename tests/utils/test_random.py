"""Seeds come from NumPy's global generator."""

from __future__ import annotations

import numpy as np
import pytest

from konnx.utils.random import draw_seed, lent_source, next_run_seed

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


def test_a_lent_generator_begins_the_stream_of_its_seed_also_within_another() -> None:
    for _ in range(2):  # the second time with generators that were given back
        with lent_source(1) as outer:
            first = [outer.normal()]
            with lent_source(2) as inner:
                assert inner.normal() == np.random.RandomState(2).normal()
            first.append(outer.normal())
        assert first == np.random.RandomState(1).normal(size=2).tolist()
