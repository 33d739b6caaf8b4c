"""Taking parts of tensors, against NumPy's indexing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from konnx import ops
from konnx.graph import placeholder
from konnx.testing import evaluate, normal

ARRAY = normal((3, 5, 4))
ALL = slice(None)


@pytest.mark.parametrize(
    "index",
    [
        0,
        -1,
        np.int64(2),
        (1, 2, 3),
        (-1, -2, -3),
        ALL,
        ...,
        None,
        (),
        slice(1, 3),
        slice(None, -1),
        slice(-2, None),
        slice(None, None, 2),
        slice(None, None, -1),
        slice(2, None, -1),
        slice(None, 0, -1),
        slice(2, 0, -2),
        slice(-1, -9, -1),
        slice(1, 100),
        slice(-100, 2),
        slice(2, 2),
        (ALL, 1),
        (ALL, -1, slice(1, 3)),
        (..., 0),
        (0, ...),
        (0, ..., -1),
        (1, ..., slice(None, None, -2)),
        (None, ..., None),
        (0, None, slice(2), None, 1),
        (ALL, None, 2),
        (slice(1), slice(1, 4, 2), slice(3, None, -3)),
    ],
    ids=str,
)
@pytest.mark.parametrize("dims", [(3, 5, 4), (None, None, None)], ids=["known", "open"])
def test_indexing_agrees_with_numpy(index: Any, dims: Any) -> None:
    x = placeholder(dims, "float64", "x")
    np.testing.assert_array_equal(evaluate([x[index]], {x: ARRAY})[0], ARRAY[index], strict=True)


@pytest.mark.no_runtime
def test_taking_everything_costs_no_node() -> None:
    x = placeholder((2, 3))
    assert x[:] is x
    assert x[...] is x


def test_a_tensor_whose_first_size_is_known_can_be_unpacked() -> None:
    x = placeholder((2, None), name="x")
    first, second = x
    values = evaluate([second, first], {x: [[1, 2], [3, 4]]})
    assert [value.tolist() for value in values] == [[3, 4], [1, 2]]


@pytest.mark.no_runtime
def test_a_tensor_whose_first_size_varies_cannot_be_unpacked() -> None:
    with pytest.raises(TypeError, match="Cannot iterate.*first size is not known"):
        iter(placeholder(("batch", 2)))


@pytest.mark.parametrize(
    ("index", "error", "reason"),
    [
        ((0, 0, 0), IndexError, "2 axes takes at most as many indices. Got 3"),
        ((..., 0, ...), IndexError, "one Ellipsis at most"),
        (1.5, TypeError, r"Received: 1\.5"),
        (True, TypeError, "Received: True"),
        (([0], [1]), TypeError, r"one list or tensor as an index at a time. Received: \[\[0\]"),
        ((0, [True, False]), TypeError, r"one mask alone"),
        (slice(None, None, 0), ValueError, "Slice cannot take these inputs"),
        (7, ValueError, "Squeeze cannot take these inputs"),
    ],
    ids=str,
)
@pytest.mark.no_runtime
def test_other_indices_are_refused(index: Any, error: type[Exception], reason: str) -> None:
    with pytest.raises(error, match=reason):
        placeholder((2, 3))[index]


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_gather_elements_agrees_with_numpy(axis: int) -> None:
    x, i = placeholder((None, None), "float64", "x"), placeholder((None, None), "int64", "i")
    indices = np.array([[0, 1, 1], [2, 0, 0]])
    (value,) = evaluate([ops.gather_elements(x, i, axis)], {x: ARRAY[0], i: indices})
    source = ARRAY[0][:, :3] if axis == 0 else ARRAY[0][:2]
    np.testing.assert_array_equal(value, np.take_along_axis(source, indices, axis))


@pytest.mark.parametrize("dtype", ["int32", "int64"])
def test_one_hot_like_marks_the_index_in_the_scores_dtype(dtype: str) -> None:
    labels = placeholder((None, None), dtype, "labels")
    scores = placeholder((None, None, 4), "float64", "scores")
    array = np.array([[0, 3], [1, 1]], dtype=dtype)
    feeds = {labels: array}
    (value,) = evaluate([ops.one_hot_like(labels, scores)], feeds)
    np.testing.assert_array_equal(value, np.eye(4)[array], strict=True)


def test_one_hot_like_of_an_index_that_is_no_class_is_all_zeros() -> None:
    labels, scores = placeholder((1,), "int64", "labels"), placeholder((1, 3), name="scores")
    assert evaluate([ops.one_hot_like(labels, scores)], {labels: [7]})[0].tolist() == [[0, 0, 0]]
