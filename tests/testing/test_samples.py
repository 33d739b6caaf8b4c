"""Samples keep away from where functions have no derivative."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from konnx.testing import normal, positive, spaced

pytestmark = pytest.mark.no_runtime


@pytest.mark.parametrize("make", [normal, positive, spaced])
@pytest.mark.parametrize("shape", [(), (1,), (2, 3), (0, 2)], ids=str)
def test_samples_have_their_shape_and_follow_the_seed(make: Any, shape: tuple[int, ...]) -> None:
    assert make(shape).shape == shape
    assert make(shape).dtype == np.float64
    np.testing.assert_array_equal(make(shape, 3), make(shape, 3))


@pytest.mark.parametrize("make", [normal, positive, spaced])
def test_other_seeds_give_other_samples(make: Any) -> None:
    assert (make((20,), 1) != make((20,), 2)).any()


def test_positive_samples_keep_away_from_zero() -> None:
    assert positive((1000,)).min() >= 0.5


@pytest.mark.parametrize("size", [1, 2, 5, 24, 25])
def test_spaced_samples_keep_away_from_zero_and_from_each_other(size: int) -> None:
    values = np.sort(spaced((size,), gap=0.2))
    assert np.abs(values).min() == pytest.approx(0.1)
    np.testing.assert_allclose(np.diff(values), 0.2)
