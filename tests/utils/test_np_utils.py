"""One-hot rows and vectors of length 1."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from konnx.utils import normalize, to_categorical

pytestmark = pytest.mark.no_runtime


@pytest.mark.parametrize(
    ("y", "classes", "shape"),
    [
        ([0, 2, 1], None, (3, 3)),
        ([[1], [0]], 4, (2, 4)),
        (np.zeros((2, 3)), 2, (2, 3, 2)),
        ([], 3, (0, 3)),
        (np.array([[[1], [2]]]), None, (1, 2, 3)),
        (1, 3, (3,)),
    ],
)
def test_class_numbers_become_rows(y: Any, classes: int | None, shape: tuple[int, ...]) -> None:
    rows = to_categorical(y, classes)
    assert rows.shape == shape
    assert rows.dtype == np.float32
    numbers = np.asarray(y).reshape(rows.shape[:-1])
    np.testing.assert_array_equal(rows.argmax(axis=-1), numbers)
    np.testing.assert_array_equal(rows.sum(axis=-1), np.ones(rows.shape[:-1]))


@pytest.mark.parametrize(("y", "classes"), [([0, 3], 3), ([-1, 2], None)])
def test_numbers_without_a_class_are_refused(y: list[int], classes: int | None) -> None:
    with pytest.raises(ValueError, match=rf"Received: {min(y)} to {max(y)}"):
        to_categorical(y, classes)


def test_vectors_get_length_1_along_any_axis() -> None:
    x = np.array([[3.0, 0.0], [4.0, 0.0]])
    np.testing.assert_allclose(normalize(x, axis=0), [[0.6, 0], [0.8, 0]])
    np.testing.assert_allclose(normalize(x), [[1, 0], [1, 0]])
    np.testing.assert_allclose(normalize([[1.0, 3.0]], order=1), [[0.25, 0.75]])
    np.testing.assert_allclose(normalize([3.0, 4.0]), [[0.6, 0.8]])  # as in Keras
