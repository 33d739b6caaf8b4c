"""Reductions against NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from konnx import ops
from konnx.graph import placeholder
from konnx.testing import evaluate, normal

ARRAY = normal((2, 3, 4))


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("axis", [None, 0, -1, (0, 2), (1, -1), ()], ids=str)
@pytest.mark.parametrize("name", ["sum", "mean", "max", "min", "var"])
def test_values_agree_with_numpy(name: str, axis: Any, keepdims: bool) -> None:
    x = placeholder(("batch", None, 4), "float64", "x")
    reduced = getattr(ops, name)(x, axis, keepdims)
    expected = getattr(np, name)(ARRAY, axis=axis, keepdims=keepdims)
    np.testing.assert_allclose(evaluate([reduced], {x: ARRAY})[0], expected, strict=False)
    assert reduced.ndim == expected.ndim


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_the_largest_element_s_place_is_the_first_of_equals(axis: int) -> None:
    x = placeholder((None, 3), name="x")
    array = np.array([[1, 5, 5], [7, 0, 7]], dtype=np.float32)
    (value,) = evaluate([ops.argmax(x, axis)], {x: array})
    np.testing.assert_array_equal(value, array.argmax(axis), strict=True)


def test_the_mean_of_flags_is_their_share() -> None:
    x = placeholder((None,), "bool", name="x")
    (value,) = evaluate([ops.mean(x)], {x: [True, False, True, True]})
    assert (value.dtype, value) == (np.float32, 0.75)


@pytest.mark.parametrize("name", ["sum", "mean", "max", "min"])
def test_reducing_a_scalar_changes_nothing(name: str) -> None:
    x = placeholder((), name="x")
    assert getattr(ops, name)(x) is x


@pytest.mark.no_runtime
@pytest.mark.parametrize(("axis", "dims"), [(1, ("batch", 4)), (0, (3, 4)), ((1, 2), ("batch",))])
def test_what_is_left_keeps_its_names(axis: Any, dims: tuple[Any, ...]) -> None:
    assert ops.sum(placeholder(("batch", 3, 4)), axis).dims == dims


@pytest.mark.no_runtime
def test_an_axis_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match="between -2 and 1. Received: axis=2"):
        ops.sum(placeholder((2, 2)), 2)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("shape", [(4,), (3, 4), (2, 3, 4), (0, 4)], ids=str)
def test_the_sum_to_the_last_axis_agrees_with_numpy(shape: tuple[int, ...], dtype: str) -> None:
    x = placeholder((None,) * (len(shape) - 1) + shape[-1:], dtype, "x")
    array = normal(shape).astype(dtype)
    (value,) = evaluate([ops.sum_to_last_axis(x)], {x: array})
    expected = array.sum(axis=tuple(range(len(shape) - 1)), dtype="float64")
    np.testing.assert_allclose(value, expected, rtol=1e-2 if dtype == "float16" else 1e-5)
