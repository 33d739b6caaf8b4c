"""Sequences: what Keras leaves open, and wrong arguments."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

from konnx.preprocessing.sequence import (
    TimeseriesGenerator,
    make_sampling_table,
    pad_sequences,
    skipgrams,
)
from konnx.utils import OrderedEnqueuer

pytestmark = pytest.mark.no_runtime


def test_a_length_of_zero_leaves_nothing() -> None:
    assert pad_sequences([[1, 2], [3]], maxlen=0).shape == (2, 0)


def test_texts_are_padded_too() -> None:
    padded = pad_sequences([["a"], ["b", "c"]], dtype=object, value="-")
    assert padded.tolist() == [["-", "a"], ["b", "c"]]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sequences": [[1]], "padding": "left"}, "`padding` must be 'pre' or 'post'"),
        ({"sequences": [[1]], "truncating": "left"}, "Received: truncating='left'"),
        ({"sequences": []}, "`sequences` is empty: give `maxlen`"),
        ({"sequences": 5}, "Received: int"),
        ({"sequences": [[1], 2]}, "at position 1 is none. Received: 2"),
        ({"sequences": [[1]], "maxlen": -1}, "Received: maxlen=-1"),
        ({"sequences": [[[1, 2]], [[1]]]}, r"position 1 has steps of shape \(1,\)"),
        ({"sequences": [[1], ["a"]]}, "position 1 does not make an array of dtype int32: inv"),
        ({"sequences": [[[1], [2, 3]]]}, "position 0 does not make an array: setting"),
        ({"sequences": [[300]], "dtype": "uint8"}, "of dtype uint8: .*out of bounds"),
        ({"sequences": [["a"]], "value": "-"}, "dtype object or str alone. Received: value='-'"),
    ],
)
def test_wrong_sequences_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        pad_sequences(**arguments)


def test_frequent_words_are_kept_more_seldom() -> None:
    table = make_sampling_table(1000)
    assert table[0] == table[1]
    assert (np.diff(table[1:]) >= 0).all() and table.max() <= 1


def test_a_seed_of_random_repeats_pairs_and_the_seed_their_order() -> None:
    def pairs(state: int, seed: int | None) -> Any:
        random.seed(state)
        return skipgrams([1, 2, 3, 4], 50, seed=seed)

    assert pairs(1, 2) == pairs(1, 2)
    assert pairs(1, 2) != pairs(1, 3)
    assert sorted(pairs(1, 2)[0]) == sorted(pairs(1, 3)[0])
    assert pairs(1, None) != pairs(2, None)


@pytest.mark.parametrize("sequence", [[], [0, 0], [4]])
def test_without_neighbours_there_are_no_pairs(sequence: list[int]) -> None:
    assert skipgrams(sequence, 5) == ([], [])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sequence": [1, -2], "vocabulary_size": 5}, "Received: -2 at position 1"),
        (
            {"sequence": [1, 7], "vocabulary_size": 9, "sampling_table": [0.5] * 7},
            "below 7. Received: 7 at position 1",
        ),
        ({"sequence": [1, 1], "vocabulary_size": 1}, "`vocabulary_size` must be at least 2"),
    ],
)
def test_wrong_words_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        skipgrams(**arguments)


def test_windows_may_be_of_any_length_and_come_from_lists_and_arrays() -> None:
    for steps in (list(range(8)), np.arange(8)):
        windows, targets = TimeseriesGenerator(steps, steps, 5, sampling_rate=2)[0]
        assert windows.tolist() == [[0, 2, 4], [1, 3, 5], [2, 4, 6]]
        assert targets.tolist() == [5, 6, 7]


def test_workers_read_windows_in_order() -> None:
    steps = np.arange(50.0)
    windows = TimeseriesGenerator(steps, steps, length=3, batch_size=4)
    with OrderedEnqueuer(windows) as enqueuer:
        enqueuer.start(workers=3)
        read = enqueuer.get()
        targets = np.concatenate([next(read)[1] for _ in range(len(windows))])
    np.testing.assert_array_equal(targets, steps[3:])


def test_there_is_no_batch_beyond_the_last() -> None:
    windows = TimeseriesGenerator(np.arange(9), np.arange(9), length=3, batch_size=4)
    assert len(windows) == 2
    with pytest.raises(IndexError, match="There are 2 batches. Received: index=2"):
        windows[2]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"length": 9}, "No window fits.* Received: start_index=0, length=9, end_index=8"),
        ({"length": 2, "end_index": 9}, "below the 9 steps"),
        ({"length": 2, "start_index": -1}, "start_index=-1"),
        ({"length": 2, "stride": 0}, "`stride` must be positive. Received: stride=0"),
        ({"length": 2, "batch_size": 0}, "`batch_size` must be positive"),
        ({"length": 2, "targets": np.arange(8)}, "9 steps and 8 targets"),
    ],
)
def test_wrong_windows_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        TimeseriesGenerator(**{"data": np.arange(9), "targets": np.arange(9)} | arguments)
