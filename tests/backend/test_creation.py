"""Making tensors, and asking about them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from konnx import Input
from konnx import backend as K
from konnx.graph import Variable
from konnx.layers import Dense

A = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], np.float32)


@pytest.mark.parametrize("dtype", [None, "float16", "float64", "int32", "int64", "bool"])
@pytest.mark.parametrize(("make", "value"), [(K.zeros, 0), (K.ones, 1)])
def test_filled_variables(make: Any, value: int, dtype: str | None) -> None:
    v = make((2, 3), dtype, "filled")
    assert isinstance(v, Variable)
    assert (v.name, v.dtype) == ("filled", dtype or "float32")
    np.testing.assert_array_equal(v.numpy(), np.full((2, 3), value))


def test_filled_tensors_of_a_size_that_varies() -> None:
    x = K.placeholder((None, 3))
    filled = [K.zeros((K.shape(x)[0], 2)), K.ones(K.shape(x), "int64")]
    assert [K.int_shape(t) for t in filled] == [(None, 2), (None, None)]
    zeros, ones = K.function([x], filled)([A])
    np.testing.assert_array_equal(zeros, np.zeros((2, 2), "float32"), strict=True)
    np.testing.assert_array_equal(ones, np.ones((2, 3), "int64"), strict=True)


@pytest.mark.parametrize("dtype", ["float16", "float64", "int32", "bool"])
def test_the_identity_matrix(dtype: str) -> None:
    np.testing.assert_array_equal(K.eval(K.eye(3, dtype)), np.eye(3, dtype=dtype), strict=True)


def test_a_variable_from_a_tensor() -> None:
    v = K.variable(K.constant(A) * 2.0, name="doubled")
    np.testing.assert_array_equal(K.get_value(v), 2 * A)
    other = K.variable(v, dtype="float64")
    K.set_value(v, A)
    np.testing.assert_array_equal(other.numpy(), 2 * A)


@pytest.mark.no_runtime
def test_a_variable_from_a_sparse_matrix() -> None:
    class Sparse:
        """What SciPy's sparse matrices have."""

        def tocoo(self) -> Any: ...

        def toarray(self) -> np.ndarray[Any, Any]:
            return A

    np.testing.assert_array_equal(K.variable(Sparse()).numpy(), A)


@pytest.mark.no_runtime
def test_what_a_tensor_is() -> None:
    v, x, c = K.variable(A), K.placeholder((None, 3)), K.constant(A)
    y = Dense(2)(Input((3,)))
    tensors = [v, x, c, y, A]
    for ask, expected in (
        (K.is_variable, [True, False, False, False, False]),
        (K.is_placeholder, [False, True, False, False, False]),
        (K.is_tensor, [True, True, True, True, False]),
        (K.is_sparse, [False] * 5),
    ):
        assert [ask(t) for t in tensors] == expected
    assert [K.is_keras_tensor(t) for t in tensors[:4]] == [False, False, False, True]
    with pytest.raises(ValueError, match="Expected a symbolic tensor. Received: 3 of int"):
        K.is_keras_tensor(3)
    assert K.to_dense(x) is x
    assert (K.get_variable_shape(v), K.int_shape(x)) == ((2, 3), (None, 3))
    assert [K.count_params(t) for t in (v, c)] == [6, 6]
    with pytest.raises(ValueError, match="number of elements of .* varies"):
        K.count_params(x)


@pytest.mark.no_runtime
def test_a_sparse_placeholder_is_refused() -> None:
    with pytest.raises(ValueError, match="dense in ONNX. Received: sparse=True"):
        K.placeholder((2,), sparse=True)


@pytest.mark.no_runtime
def test_arrays_become_the_default_float() -> None:
    K.set_floatx("float64")
    try:
        assert K.cast_to_floatx(A).dtype == "float64"
        assert (K.dtype(K.zeros((2,))), K.dtype(K.random_normal((2,)))) == ("float64", "float64")
    finally:
        K.set_floatx("float32")


def test_ranges_of_tensors() -> None:
    x = K.placeholder((None, 3))
    count = K.shape(x)[0]
    made = [
        K.arange(count),
        K.arange(1, count + 1, dtype="int64"),
        K.arange(count, dtype="float16"),
    ]
    values = K.function([x], made)([A])
    assert [(v.tolist(), v.dtype.name) for v in values] == [
        ([0, 1], "int32"),
        ([1, 2], "int64"),
        ([0, 1], "float16"),
    ]


@pytest.mark.no_runtime
def test_an_identity_may_have_a_name() -> None:
    x = K.placeholder((2,))
    assert K.identity(x, "copy").name == "copy/Identity"
    assert K.identity(x) is not x


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        (lambda x: (K.shape(x)[0], 3, 1), (None, 3, 1)),
        (lambda x: (-1, K.shape(x)[1]), (None, None)),
        (lambda x: K.shape(x)[::-1], (None, None)),
        (
            lambda x: K.cast(K.concatenate([K.shape(x), K.constant([1], "int64")]), "int32"),
            (None,) * 3,
        ),
    ],
)
def test_shapes_computed_by_the_run(shape: Any, expected: Any) -> None:
    x = K.placeholder((None, 3))
    y = K.reshape(x, shape(x))
    assert K.int_shape(y) == expected
    assert K.function([x], [K.flatten(y)])([A])[0].tolist() == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize(
    ("start", "size", "expected"),
    [
        ((0, 1), (2, 2), A[:, 1:]),
        ((1,), (-1,), A[1:]),
        (1, 1, A[1:2]),
    ],
)
def test_parts_by_start_and_size(start: Any, size: Any, expected: Any) -> None:
    x = K.variable(A)
    np.testing.assert_array_equal(K.eval(K.slice(x, start, size)), expected)


@pytest.mark.no_runtime
def test_a_part_does_not_begin_before_the_beginning() -> None:
    with pytest.raises(ValueError, match="`start` counts from the beginning. Received: start=-1"):
        K.slice(K.variable(A), -1, 1)


def test_parts_by_tensors() -> None:
    x, n = K.placeholder((None, 3)), K.placeholder((), dtype="int32")
    parts = [
        K.slice(x, (0, n), (K.shape(x)[0], 1)),
        K.slice(x, K.constant([1, 0], "int32"), K.constant([1, 2], "int32")),
        x[:, :n],
        x[n],
        x[n - 1 :: -1, None],
    ]
    values = K.function([x, n], parts)([A, 1])
    for received, expected in zip(
        values, (A[:, 1:2], A[1:, :2], A[:, :1], A[1], A[0::-1, None]), strict=True
    ):
        np.testing.assert_array_equal(received, expected)
