"""The digits data set: the published data, whole, split as asked."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from konnx.datasets import digits

CLASS_COUNTS = [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
CONTENT_SHA256 = "87ff0c9e40dc7e2c0e34e7257799c2e3f3aec1a016363bb11cad869ec428a826"


def test_the_data_are_the_published_ones() -> None:
    x, y = digits._read()
    assert (x.shape, y.shape) == ((1797, 8, 8), (1797,))
    assert {x.dtype, y.dtype} == {np.dtype(np.uint8)}
    assert np.bincount(y).tolist() == CLASS_COUNTS
    assert hashlib.sha256(x.tobytes() + y.tobytes()).hexdigest() == CONTENT_SHA256


def test_the_parts_together_are_the_whole_data_set() -> None:
    (x_train, y_train), (x_test, y_test) = digits.load_data()
    assert (len(x_train), len(x_test)) == (1438, 359)
    split = np.c_[np.concatenate([x_train, x_test]).reshape(-1, 64), np.r_[y_train, y_test]]
    x, y = digits._read()
    whole = np.c_[x.reshape(-1, 64), y]
    assert sorted(map(bytes, split)) == sorted(map(bytes, whole))


@pytest.mark.parametrize("test_split", [0.0, 0.1, 0.2, 0.5, 0.999])
def test_each_digit_is_split_in_the_asked_proportion(test_split: float) -> None:
    (x_train, y_train), (x_test, y_test) = digits.load_data(test_split=test_split)
    assert len(x_test) == len(y_test) == int(1797 * test_split)
    assert len(x_train) == len(y_train) == 1797 - len(x_test)
    expected = np.array(CLASS_COUNTS) * test_split
    assert np.abs(np.bincount(y_test, minlength=10) - expected).max() <= 1


def test_a_split_is_shuffled() -> None:
    (_, y_train), (_, y_test) = digits.load_data()
    for labels in (y_train, y_test):
        assert np.count_nonzero(labels[1:] == labels[:-1]) < 0.2 * len(labels)


def test_the_same_seed_gives_the_same_split_and_another_seed_another() -> None:
    (first, _), _ = digits.load_data(seed=7)
    (again, _), _ = digits.load_data(seed=7)
    (other, _), _ = digits.load_data(seed=8)
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_the_default_split_never_changes() -> None:
    (_, y_train), (_, y_test) = digits.load_data()
    assert y_train[:10].tolist() == [1, 0, 9, 1, 1, 2, 3, 0, 0, 1]
    assert y_test[:10].tolist() == [0, 0, 0, 8, 8, 0, 3, 3, 0, 0]


def test_a_changed_array_leaves_later_loads_unchanged() -> None:
    (x, _), _ = digits.load_data()
    x[:] = 255
    (again, _), _ = digits.load_data()
    assert again.max() == 16


@pytest.mark.parametrize("test_split", [-0.1, 1.0, float("nan")])
def test_a_test_split_out_of_range_is_refused(test_split: float) -> None:
    with pytest.raises(ValueError, match=r"`test_split` must be .* Received: test_split="):
        digits.load_data(test_split=test_split)
