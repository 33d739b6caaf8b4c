"""Variables: initial values, assignment, copies."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from konnx.graph import HostStorage, Variable, is_variable

pytestmark = pytest.mark.no_runtime


@pytest.mark.parametrize(
    ("value", "dtype", "expected"),
    [
        (1.5, None, "float32"),
        (3, None, "float32"),
        ([1, 2], "int64", "int64"),
        (np.ones(2), None, "float64"),
        (np.float16(1), None, "float16"),
        (np.ones(2), "float32", "float32"),
    ],
)
def test_initial_values_and_dtypes(value: Any, dtype: str | None, expected: str) -> None:
    variable = Variable(value, dtype)
    assert (variable.dtype, variable.shape) == (expected, np.shape(value))
    np.testing.assert_array_equal(variable.numpy(), value)
    assert variable.numpy().dtype == expected


def test_a_variable_is_a_tensor_of_its_own_name() -> None:
    kernel = Variable([[1.0]], name="dense_1/kernel")
    assert is_variable(kernel)
    assert kernel.node.outputs == (kernel,)
    assert (kernel.name, kernel.trainable, kernel.constraint) == ("dense_1/kernel", True, None)


def test_a_value_that_is_made_later_is_made_once_and_when_needed() -> None:
    calls = []

    def make() -> np.ndarray:
        calls.append(1)
        return np.full((2, 3), len(calls))

    variable = Variable(make, shape=(2, 3))
    assert (variable.shape, variable.dtype, calls) == ((2, 3), "float32", [])
    assert variable.numpy().tolist() == variable.numpy().tolist() == [[1, 1, 1]] * 2
    assert calls == [1]


def test_a_value_assigned_first_is_never_made() -> None:
    variable = Variable(lambda: pytest.fail("was made"), shape=(1,))
    variable.assign([4])
    assert variable.numpy().tolist() == [4]


def test_a_value_made_later_needs_a_shape() -> None:
    with pytest.raises(ValueError, match="Variable 'kernel' needs `shape`"):
        Variable(lambda: np.ones(2), name="kernel")


def test_a_made_value_of_another_shape_is_refused() -> None:
    variable = Variable(lambda: np.ones(2), name="kernel", shape=(3,))
    with pytest.raises(
        ValueError, match=r"'kernel' must have shape \(3,\). Received: shape \(2,\)"
    ):
        variable.numpy()


@pytest.mark.parametrize("value", [1.0, [1.0], [[1.0, 2.0]]], ids=str)
def test_assigning_another_shape_is_refused(value: Any) -> None:
    variable = Variable([1.0, 2.0], name="bias")
    with pytest.raises(ValueError, match=r"'bias' has shape \(2,\). Received: a value of shape"):
        variable.assign(value)
    assert variable.numpy().tolist() == [1, 2]


def test_assigned_values_take_the_dtype() -> None:
    variable = Variable([1.0, 2.0])
    variable.assign(np.array([3, 4], dtype=np.int64))
    assert variable.numpy().dtype == np.float32


def test_neither_what_was_given_nor_what_is_read_is_the_value_itself() -> None:
    given, assigned = np.zeros(2), np.ones(2)
    variable = Variable(given)
    given[0] = 9
    variable.numpy()[1] = 9
    assert variable.numpy().tolist() == [0, 0]
    variable.assign(assigned)
    assigned[0] = 9
    variable.numpy()[1] = 9
    assert variable.numpy().tolist() == [1, 1]


def test_a_made_value_is_copied_too() -> None:
    made = np.zeros(1, dtype=np.float32)
    variable = Variable(lambda: made, shape=(1,))
    assert variable.numpy() == 0
    made[0] = 9
    assert variable.numpy() == 0


def test_each_write_changes_the_version() -> None:
    storage = HostStorage(lambda: np.zeros(1))
    versions = [storage.version]
    storage.numpy()
    versions.append(storage.version)
    storage.assign(np.ones(1))
    versions.append(storage.version)
    assert versions == [0, 0, 1]


def test_variables_of_one_name_are_two() -> None:
    assert Variable(1.0, name="a") != Variable(1.0, name="a")
