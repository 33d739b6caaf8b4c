"""Random masks: their rate, their seed, and that no pattern shows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from konnx import ops
from konnx.graph import placeholder
from konnx.testing import evaluate, prepare

SIZE = 256


def mask(
    rate: float = 0.5, shape: tuple[int, ...] = (SIZE, SIZE), *, run: int = 0, salt: int = 1
) -> np.ndarray:
    x = placeholder(shape, name="x")
    return evaluate([ops.keep_mask(x, rate, salt)], {x: np.zeros(shape)}, seed=run)[0]


def agreement(first: np.ndarray, second: np.ndarray) -> float:
    return float((first == second).mean())


@pytest.mark.parametrize("rate", [0.1, 0.25, 0.5, 0.9])
def test_the_mask_drops_elements_at_its_rate(rate: float) -> None:
    kept = mask(rate)
    assert set(np.unique(kept)) == {0, 1}
    # Five standard deviations of the mean of so many independent draws.
    assert kept.mean() == pytest.approx(1 - rate, abs=5 * np.sqrt(rate * (1 - rate)) / SIZE)


def test_a_rate_of_zero_drops_nothing() -> None:
    assert mask(0.0).all()


def test_a_rate_of_one_drops_all() -> None:
    assert not mask(1.0).any()


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32"])
@pytest.mark.parametrize("shape", [(), (5,), (5, 1), (1, 5), (2, 3, 4), (0, 3)], ids=str)
def test_the_mask_has_the_shape_and_dtype_of_its_model(shape: Any, dtype: str) -> None:
    x = placeholder((None,) * len(shape), dtype, "x")
    array = np.zeros(shape, dtype)
    (value,) = evaluate([ops.keep_mask(x, 0.5)], {x: array})
    assert (value.shape, value.dtype) == (shape, dtype)


def test_the_same_seed_gives_the_same_numbers() -> None:
    np.testing.assert_array_equal(mask(run=5), mask(run=5))


@pytest.mark.parametrize("runs", [(0, 1), (1, 2), (0, 2**40), (7, -7), (0, 2**62)])
def test_other_runs_give_independent_numbers(runs: tuple[int, int]) -> None:
    first, second = (mask(run=run) for run in runs)
    assert agreement(first, second) == pytest.approx(0.5, abs=2.5 / SIZE)


@pytest.mark.parametrize("salts", [(1, 2), (1, 1000), (3, -3), (2, 4)])
def test_other_layers_get_independent_numbers(salts: tuple[int, int]) -> None:
    first, second = (mask(salt=salt) for salt in salts)
    assert agreement(first, second) == pytest.approx(0.5, abs=2.5 / SIZE)


def test_masks_without_a_seed_of_their_own_differ() -> None:
    x = placeholder((SIZE, SIZE), name="x")
    first, second = evaluate(
        [ops.keep_mask(x, 0.5), ops.keep_mask(x, 0.5)], {x: np.zeros((SIZE, SIZE))}
    )
    assert agreement(first, second) == pytest.approx(0.5, abs=2.5 / SIZE)


def test_a_mask_used_twice_is_the_same_mask() -> None:
    x = placeholder((SIZE,), name="x")
    kept = ops.keep_mask(x, 0.5)
    first, second = evaluate([kept, kept * 1.0], {x: np.zeros(SIZE)})
    np.testing.assert_array_equal(first, second)


def test_the_numbers_do_not_depend_on_the_rest_of_the_batch() -> None:
    np.testing.assert_array_equal(mask(shape=(3, 8)), mask(shape=(5, 8))[:3])


@pytest.mark.parametrize("run", range(4))
@pytest.mark.parametrize("shift", [(0, 1), (1, 0), (1, 1), (0, 2), (3, 0), (16, 0), (0, 128)])
def test_rows_and_columns_are_uncorrelated(run: int, shift: tuple[int, int]) -> None:
    signs = mask(run=run) * 2 - 1
    rows, columns = shift
    products = signs[rows:, columns:] * signs[: SIZE - rows, : SIZE - columns]
    assert products.mean() == pytest.approx(0, abs=5 / np.sqrt(products.size))


@pytest.mark.parametrize("run", range(4))
@pytest.mark.parametrize("shift", [(1, 1), (2, 1), (5, 64)])
def test_the_corners_of_rectangles_are_uncorrelated(run: int, shift: tuple[int, int]) -> None:
    """Where each row's hash is added to each column's, these four would be the first to show it."""
    signs = mask(run=run) * 2 - 1
    i, j = shift
    corners = signs[i:, j:] * signs[:-i, j:] * signs[i:, :-j] * signs[:-i, :-j]
    assert corners.mean() == pytest.approx(0, abs=5 / np.sqrt(corners.size))


@pytest.mark.parametrize("axis", [0, 1])
def test_no_row_and_no_column_stands_out(axis: int) -> None:
    means = mask().mean(axis)
    assert np.abs(means - 0.5).max() < 5 * 0.5 / np.sqrt(SIZE)
    assert means.std() == pytest.approx(0.5 / np.sqrt(SIZE), rel=0.25)


def test_a_prepared_function_keeps_its_seed() -> None:
    x = placeholder((SIZE,), name="x")
    run = prepare([ops.keep_mask(x, 0.5)], [x], seed=3)
    np.testing.assert_array_equal(run(np.zeros(SIZE))[0], run(np.ones(SIZE))[0])
