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


MASK = ARRAY > 0


@pytest.mark.parametrize(
    "index",
    [
        [2, 0, 0],
        [-1],
        np.array([[0, 1], [2, 2]]),
        np.array([2, 1], np.int32),
        (ALL, [4, 0]),
        (..., [1, -1]),
        (slice(1, None), [0, 3], slice(2)),
        (None, [1, 0], ..., None),
        (0, [1, 3]),
        [True, False, True],
        MASK[:, 0, 0],
        MASK[..., 0],
        MASK,
    ],
    ids=str,
)
@pytest.mark.parametrize("dims", [(3, 5, 4), (None, None, None)], ids=["known", "open"])
def test_lists_and_masks_agree_with_numpy(index: Any, dims: Any) -> None:
    x = placeholder(dims, "float64", "x")
    np.testing.assert_array_equal(evaluate([x[index]], {x: ARRAY})[0], ARRAY[index], strict=True)


@pytest.mark.parametrize("dtype", ["int32", "int64", "uint8"])
def test_tensors_as_indices(dtype: str) -> None:
    x = placeholder((None, 5, 4), "float64", "x")
    one, many = placeholder((), dtype, "one"), placeholder((None, 2), dtype, "many")
    feeds = {x: ARRAY, one: np.array(1, dtype), many: np.array([[0, 2], [1, 1]], dtype)}
    expected = [ARRAY[1], ARRAY[:, 1, None], ARRAY[[[0, 2], [1, 1]]], ARRAY[:, [[0, 2], [1, 1]], 0]]
    received = evaluate([x[one], x[:, one, None], x[many], x[:, many, 0]], feeds)
    for mine, theirs in zip(received, expected, strict=True):
        np.testing.assert_array_equal(mine, theirs, strict=True)


def test_bounds_that_are_tensors() -> None:
    x = placeholder((None, 5, 4), "float64", "x")
    n = placeholder((), "int32", "n")
    parts = [x[:, n:], x[:, -n:, 1], x[:, n::-1], x[:, 1 : n + 1 : 2], x[:, : ops.size_of(x, 0)]]
    expected = [ARRAY[:, 2:], ARRAY[:, -2:, 1], ARRAY[:, 2::-1], ARRAY[:, 1:3:2], ARRAY[:, :3]]
    for mine, theirs in zip(evaluate(parts, {x: ARRAY, n: 2}), expected, strict=True):
        np.testing.assert_array_equal(mine, theirs, strict=True)
    assert [part.shape for part in parts[:2]] == [(None, None, 4), (None, None)]


def test_a_mask_of_the_run() -> None:
    x = placeholder(("batch", 5, 4), "float64", "x")
    chosen = x[ops.sum(x, (1, 2)) > 0]
    assert chosen.shape == (None, 5, 4)
    (received,) = evaluate([chosen], {x: ARRAY})
    np.testing.assert_array_equal(received, ARRAY[ARRAY.sum((1, 2)) > 0], strict=True)


@pytest.mark.no_runtime
@pytest.mark.parametrize("indices", [[0.5], np.array([True]), placeholder((2,), name="i")], ids=str)
def test_numbers_of_elements_are_whole(indices: Any) -> None:
    with pytest.raises(TypeError, match="Indices must be whole numbers. Received: "):
        ops.gather(placeholder((2, 3)), indices)


def test_places_spelled_out() -> None:
    x = placeholder((3, 5, 4), "float64", "x")
    places = np.array([[0, 1], [2, -1]])
    (received,) = evaluate([ops.gather_nd(x, places)], {x: ARRAY})
    np.testing.assert_array_equal(received, ARRAY[[0, 2], [1, -1]], strict=True)


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
