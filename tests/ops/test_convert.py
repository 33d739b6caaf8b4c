"""From Python values to tensors, and from axis to axis."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from konnx import ops
from konnx.graph import ShapeError, is_constant, placeholder
from konnx.testing import evaluate

X = placeholder((2,), "float64", "x")


@pytest.mark.parametrize(
    ("value", "dtype", "expected"),
    [
        (1.5, None, "float32"),
        (2, None, "int64"),
        ([1.0, 2.0], None, "float32"),
        (True, None, "bool"),
        (np.ones(2), None, "float64"),
        (np.float32(1), None, "float32"),
        (1, "float64", "float64"),
        (np.ones(2), "float32", "float32"),
        (2.0, "int32", "int32"),
    ],
)
@pytest.mark.no_runtime
def test_values_become_constants(value: Any, dtype: str | None, expected: str) -> None:
    tensor = ops.as_tensor(value, dtype)
    assert is_constant(tensor)
    assert tensor.dtype == expected
    assert tensor.constant_value is not None
    np.testing.assert_array_equal(tensor.constant_value, value)


@pytest.mark.no_runtime
def test_a_tensor_stays_what_it_is() -> None:
    assert ops.as_tensor(X) is X
    assert ops.as_tensor(X, "float64") is X


@pytest.mark.no_runtime
def test_a_tensor_of_another_dtype_is_refused() -> None:
    with pytest.raises(ShapeError, match=r"Expected a float32 tensor. Received: .*'x'.*float64"):
        ops.as_tensor(X, "float32")


@pytest.mark.no_runtime
def test_a_constant_does_not_follow_the_array_that_it_was_made_of() -> None:
    array = np.zeros(2)
    tensor = ops.as_tensor(array)
    array[:] = 1
    assert tensor.constant_value is not None
    assert tensor.constant_value.tolist() == [0, 0]


@pytest.mark.parametrize("dtype", ["float32", "int32", "int64", "bool", "float64"])
def test_cast(dtype: str) -> None:
    (value,) = evaluate([ops.cast(X, dtype)], {X: [0.0, 2.0]})
    np.testing.assert_array_equal(value, np.array([0, 2], dtype=dtype), strict=True)


@pytest.mark.no_runtime
def test_a_cast_to_the_same_dtype_and_of_a_constant_costs_no_node() -> None:
    assert ops.cast(X, "float64") is X
    assert is_constant(ops.cast(ops.as_tensor(1.0), "int64"))


@pytest.mark.no_runtime
def test_an_unknown_dtype_is_refused() -> None:
    with pytest.raises(ValueError, match="Unknown dtype.*Received: dtype='complex64'"):
        ops.cast(X, "complex64")


@pytest.mark.parametrize(
    ("axis", "expected"), [(None, (0, 1, 2)), (1, (1,)), (-1, (2,)), ([0, -1], (0, 2)), ((), ())]
)
@pytest.mark.no_runtime
def test_axes_are_counted_from_the_front(axis: Any, expected: tuple[int, ...]) -> None:
    assert ops.canonical_axes(axis, 3) == expected


@pytest.mark.parametrize("axis", [3, -4])
@pytest.mark.no_runtime
def test_an_axis_that_is_not_there_is_refused(axis: int) -> None:
    with pytest.raises(ValueError, match=f"between -3 and 2. Received: axis={axis}"):
        ops.canonical_axis(axis, 3)


@pytest.mark.no_runtime
def test_scalars_take_the_dtype_of_their_model() -> None:
    assert ops.scalar(1, X).dtype == "float64"
