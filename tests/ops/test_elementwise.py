"""Elementwise functions against NumPy, and what Python's operators build."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from konnx import ops
from konnx.graph import ShapeError, name_scope, op, placeholder
from konnx.testing import evaluate, normal, positive

X, Y = normal((3, 4)), normal((4,), 1)
FLAGS = X > 0

TABLE: list[tuple[str, Callable[..., Any], Callable[..., Any], tuple[np.ndarray, ...]]] = [
    ("abs", ops.abs, np.abs, (X,)),
    ("add", ops.add, np.add, (X, Y)),
    ("clip", lambda x: ops.clip(x, -0.5, 0.5), lambda x: np.clip(x, -0.5, 0.5), (X,)),
    ("clip below", lambda x: ops.clip(x, 0.1), lambda x: np.maximum(x, 0.1), (X,)),
    ("clip above", lambda x: ops.clip(x, max_value=0.1), lambda x: np.minimum(x, 0.1), (X,)),
    ("divide", ops.divide, np.divide, (X, Y)),
    ("equal", ops.equal, np.equal, (X, X.round())),
    ("exp", ops.exp, np.exp, (X,)),
    ("floor", ops.floor, np.floor, (X,)),
    ("greater", ops.greater, np.greater, (X, Y)),
    ("greater_equal", ops.greater_equal, np.greater_equal, (X, X)),
    ("identity", ops.identity, np.array, (X,)),
    ("less", ops.less, np.less, (X, Y)),
    ("less_equal", ops.less_equal, np.less_equal, (X, X)),
    ("log", ops.log, np.log, (positive((3, 4)),)),
    ("logical_and", ops.logical_and, np.logical_and, (FLAGS, FLAGS[:, ::-1])),
    ("logical_not", ops.logical_not, np.logical_not, (FLAGS,)),
    ("maximum", ops.maximum, np.maximum, (X, Y)),
    ("minimum", ops.minimum, np.minimum, (X, Y)),
    ("multiply", ops.multiply, np.multiply, (X, Y)),
    ("negative", ops.negative, np.negative, (X,)),
    ("not_equal", ops.not_equal, np.not_equal, (X, X.round())),
    ("positive_mask", ops.positive_mask, lambda x: (x > 0) * 1.0, (X,)),
    ("pow", ops.pow, np.power, (positive((3, 4)), Y)),
    ("round", ops.round, np.round, (np.array([-1.5, -0.5, 0.5, 0.6, 1.5, 2.5]),)),
    ("sign", ops.sign, np.sign, (np.array([-2.0, 0.0, 3.0]),)),
    ("sqrt", ops.sqrt, np.sqrt, (positive((3, 4)),)),
    ("sqrt of a negative", ops.sqrt, lambda x: x * 0, (np.array([-1.0, 0.0]),)),
    ("square", ops.square, np.square, (X,)),
    ("stop_gradient", ops.stop_gradient, np.array, (X,)),
    ("subtract", ops.subtract, np.subtract, (X, Y)),
    ("where", ops.where, np.where, (FLAGS, X, Y)),
]


def run(function: Callable[..., Any], *arrays: Any) -> np.ndarray:
    """The function's value for arrays of any dtype, with every size left open."""
    values = [np.asarray(array) for array in arrays]
    inputs = [
        placeholder((None,) * value.ndim, value.dtype, f"x{i}") for i, value in enumerate(values)
    ]
    return evaluate([function(*inputs)], dict(zip(inputs, values, strict=True)))[0]


@pytest.mark.parametrize(
    ("function", "expected", "arrays"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE]
)
def test_values_agree_with_numpy(
    function: Callable[..., Any], expected: Callable[..., Any], arrays: Any
) -> None:
    np.testing.assert_allclose(run(function, *arrays), expected(*arrays), rtol=1e-9, strict=True)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "int64"])
@pytest.mark.parametrize(
    "function",
    [operator.add, operator.sub, operator.mul, operator.lt, operator.ge, operator.gt, operator.le],
)
def test_python_operators_work_between_tensors_and_numbers(function: Any, dtype: str) -> None:
    x = np.array([1, 2, 3], dtype=dtype)
    np.testing.assert_array_equal(run(lambda t: function(t, 2), x), function(x, 2), strict=True)
    np.testing.assert_array_equal(run(lambda t: function(2, t), x), function(2, x), strict=True)
    np.testing.assert_array_equal(run(function, x, x), function(x, x), strict=True)


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda x: x / 2.0, [0.5, 1.0]),
        (lambda x: 2.0 / x, [2.0, 1.0]),
        (lambda x: x**2.0, [1.0, 4.0]),
        (lambda x: 2.0**x, [2.0, 4.0]),
        (lambda x: -x, [-1.0, -2.0]),
        (lambda x: abs(-x), [1.0, 2.0]),
        (lambda x: x @ x, 5.0),
        (lambda x: np.array([1.0, 10.0]) * x, [1.0, 20.0]),
        (lambda x: x - [1, 2], [0.0, 0.0]),
    ],
)
def test_further_operators(function: Callable[[Any], Any], expected: Any) -> None:
    value = run(function, np.array([1.0, 2.0], dtype=np.float32))
    assert value.dtype == np.float32
    assert value.tolist() == expected


def test_whole_numbers_are_divided_towards_zero() -> None:
    assert run(ops.divide, np.array([7, -7]), np.array([2, 2])).tolist() == [3, -3]


def test_python_numbers_take_the_tensor_s_dtype() -> None:
    x = placeholder((2,), "float64", "x")
    assert (x + 1).dtype == (2 * x).dtype == ops.maximum(0.5, x).dtype == "float64"


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (lambda x, n: x + n, r"Expected a float32 tensor.*int64.*K\.cast"),
        (lambda x, n: n * 0.5, r"int64 tensor cannot meet fractions.*0\.5.*K\.cast"),
        (lambda x, n: ops.clip(n, 0, 1.5), "cannot meet fractions"),
        (lambda x, n: ops.add(n, np.array([1.0, 2.5])), "cannot meet fractions"),
    ],
)
def test_dtypes_that_do_not_fit_are_refused(function: Any, reason: str) -> None:
    with pytest.raises(ShapeError, match=reason):
        function(placeholder((2,), name="x"), placeholder((2,), "int64", "n"))


def test_whole_floats_may_meet_integers() -> None:
    assert run(lambda n: n * 2.0, np.array([1, 2])).tolist() == [2, 4]


def test_shapes_that_do_not_fit_name_the_layer_and_the_shapes() -> None:
    x, y = placeholder(("batch", 3), name="x"), placeholder((4,), name="y")
    with (
        name_scope("add_1"),
        pytest.raises(
            ShapeError, match=r"Add in 'add_1' cannot take.*float32\['batch', 3\], float32\[4\]"
        ),
    ):
        ops.add(x, y)


def test_a_scalar_s_shape_is_named_as_such() -> None:
    x = placeholder((), name="x")
    with pytest.raises(ShapeError, match=r"inputs=\(float32\[\]"):
        op("Concat", x, x, axis=0)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_the_mask_of_positive_elements_is_1_from_the_least_normal_number_on(dtype: str) -> None:
    tiny = np.finfo(dtype).tiny
    values = np.array([-np.inf, -1, -tiny, 0, tiny, 1, np.finfo(dtype).max, np.inf], dtype)
    x = placeholder((None,), dtype, "x")
    (mask,) = evaluate([ops.positive_mask(x)], {x: values})
    np.testing.assert_array_equal(mask, (values > 0).astype(dtype), strict=True)
