"""Whole numbers and bool: the backend's functions against NumPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from konnx import backend as K
from konnx.graph import ShapeError
from konnx.testing import evaluate

Array = np.ndarray[Any, Any]
A = np.array([[3, -2, 0, 5], [-7, 4, 1, -1]])
B = np.array([[2, 3, -1, 5], [4, -4, 2, 3]])
FLAGS = np.array([[True, False, True], [False, False, True]])
OTHERS = np.array([[True, True, False], [False, True, True]])

WHOLE: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "abs": (lambda a, b: K.abs(a), lambda a, b: abs(a)),
    "negative": (lambda a, b: -a, lambda a, b: -a),
    "sum and difference": (lambda a, b: (a + b) * (a - 2), lambda a, b: (a + b) * (a - 2)),
    "floor division": (lambda a, b: a // b, lambda a, b: a // b),
    "floor division of a number": (lambda a, b: 7 // b, lambda a, b: 7 // b),
    "remainder": (lambda a, b: a % b, lambda a, b: a % b),
    "remainder of a number": (lambda a, b: 7 % b, lambda a, b: 7 % b),
    "true division": (lambda a, b: a / b, lambda a, b: a / b),
    "true division by a number": (lambda a, b: a / 2, lambda a, b: a / 2),
    "power": (lambda a, b: a**2, lambda a, b: a**2),
    "square": (lambda a, b: K.square(a), lambda a, b: a * a),
    "sign": (lambda a, b: K.sign(a), lambda a, b: np.sign(a)),
    "round": (lambda a, b: K.round(a), lambda a, b: a),
    "clip": (lambda a, b: K.clip(a, -1, None), lambda a, b: np.clip(a, -1, None)),
    "clip by tensors": (lambda a, b: K.clip(a, b, 4), lambda a, b: np.minimum(np.maximum(a, b), 4)),
    "maximum": (lambda a, b: K.maximum(a, b), np.maximum),
    "minimum": (lambda a, b: K.minimum(a, 1), lambda a, b: np.minimum(a, 1)),
    "equal": (lambda a, b: K.equal(a, b), np.equal),
    "less_equal": (lambda a, b: a <= b, np.less_equal),
    "where": (lambda a, b: K.where(a > b, a, b), lambda a, b: np.where(a > b, a, b)),
    "sum": (lambda a, b: K.sum(a, 1), lambda a, b: a.sum(1, dtype=a.dtype)),
    "prod": (lambda a, b: K.prod(b, -1, True), lambda a, b: b.prod(-1, a.dtype, keepdims=True)),
    "max": (lambda a, b: K.max(a, [0, 1]), lambda a, b: a.max()),
    "min": (lambda a, b: K.min(a, 0), lambda a, b: a.min(0)),
    "mean": (lambda a, b: K.mean(a, 1), lambda a, b: np.trunc(a.mean(1)).astype(a.dtype)),
    "var": (lambda a, b: K.var(a, 1), lambda a, b: a.var(1).astype("float32")),
    "std": (lambda a, b: K.std(a), lambda a, b: a.std().astype("float32")),
    "cumsum": (lambda a, b: K.cumsum(a, 1), lambda a, b: a.cumsum(1, a.dtype)),
    "cumprod": (lambda a, b: K.cumprod(b, 1), lambda a, b: b.cumprod(1, a.dtype)),
    "any": (lambda a, b: K.any(a, 0), lambda a, b: a.any(0)),
    "all": (lambda a, b: K.all(a, 1), lambda a, b: a.all(1)),
    "argmax": (lambda a, b: K.argmax(a, 0), lambda a, b: a.argmax(0)),
    "argmin": (lambda a, b: K.argmin(a), lambda a, b: a.argmin(-1)),
    "dot": (lambda a, b: K.dot(a, K.transpose(b)), lambda a, b: a @ b.T),
    "batch_dot": (lambda a, b: K.batch_dot(a, b, 1), lambda a, b: np.c_[(a * b).sum(1, a.dtype)]),
    "gather": (lambda a, b: K.gather(a, [1, 1, -2]), lambda a, b: a[[1, 1, -2]]),
    "one_hot": (lambda a, b: K.one_hot(a, 4), lambda a, b: np.float32(a[..., None] == range(4))),
    "pad by stack": (lambda a, b: K.stack([a, b], 1), lambda a, b: np.stack([a, b], 1)),
    "concatenate": (lambda a, b: K.concatenate([a, b]), lambda a, b: np.hstack([a, b])),
    "repeat_elements": (lambda a, b: K.repeat_elements(a, 2, 1), lambda a, b: a.repeat(2, 1)),
    "tile": (lambda a, b: K.tile(a, (1, 2)), lambda a, b: np.tile(a, (1, 2))),
    "reverse": (lambda a, b: K.reverse(a, 1), lambda a, b: a[:, ::-1]),
    "slice": (lambda a, b: K.slice(a, (0, 1), (-1, 2)), lambda a, b: a[:, 1:3]),
    "zeros_like": (lambda a, b: K.zeros_like(a), lambda a, b: 0 * a),
    "ones_like": (lambda a, b: K.ones_like(a, "float16"), lambda a, b: np.ones((2, 4), "float16")),
    "cast": (lambda a, b: K.cast(a, "bool"), lambda a, b: a != 0),
}  # fmt: skip

BOOLS: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "and": (lambda a, b: a & b, lambda a, b: a & b),
    "or": (lambda a, b: a | b, lambda a, b: a | b),
    "exclusive or": (lambda a, b: a ^ True, lambda a, b: a ^ True),
    "not": (lambda a, b: ~a, lambda a, b: ~a),
    "from the right": (lambda a, b: True & (False | a), lambda a, b: a),
    "equal": (lambda a, b: K.equal(a, b), np.equal),
    "where": (lambda a, b: K.where(a, b, ~b), lambda a, b: np.where(a, b, ~b)),
    "any": (lambda a, b: K.any(a, 1, True), lambda a, b: a.any(1, keepdims=True)),
    "all": (lambda a, b: K.all(a), lambda a, b: a.all()),
    "mean": (lambda a, b: K.mean(a, 0), lambda a, b: a.mean(0, "float32")),
    "var": (lambda a, b: K.var(a), lambda a, b: a.var().astype("float32")),
    "cast": (lambda a, b: K.cast(a, "float16"), lambda a, b: a.astype("float16")),
    "gather": (lambda a, b: K.gather(a, [[1], [0]]), lambda a, b: a[[[1], [0]]]),
    "indexing": (lambda a, b: a[0, ::-1], lambda a, b: a[0, ::-1]),
    "mask": (lambda a, b: a[b], lambda a, b: a[b]),
    "concatenate": (lambda a, b: K.concatenate([a, b], 0), lambda a, b: np.vstack([a, b])),
    "stack": (lambda a, b: K.stack([a, b], -1), lambda a, b: np.stack([a, b], -1)),
    "transpose": (lambda a, b: K.transpose(a), lambda a, b: a.T),
    "reshape": (lambda a, b: K.reshape(a, (3, -1)), lambda a, b: a.reshape(3, -1)),
    "tile": (lambda a, b: K.tile(a, (2, 1)), lambda a, b: np.tile(a, (2, 1))),
    "repeat_elements": (lambda a, b: K.repeat_elements(a, 2, 0), lambda a, b: a.repeat(2, 0)),
    "reverse": (lambda a, b: K.reverse(a, [0]), lambda a, b: a[::-1]),
    "zeros_like": (lambda a, b: K.zeros_like(a), lambda a, b: a & False),
    "ones_like": (lambda a, b: K.ones_like(a), lambda a, b: a | True),
    "expand_dims": (lambda a, b: K.squeeze(K.expand_dims(a, 1), 1), lambda a, b: a),
}


def compare(functions: Any, first: Array, second: Array, sizes: Any) -> None:
    mine, numpy = functions
    a, b = (K.placeholder(sizes or x.shape, dtype=x.dtype) for x in (first, second))
    (received,) = evaluate([mine(a, b)], {a: first, b: second})
    expected = np.asarray(numpy(first, second))
    assert received.dtype == expected.dtype
    np.testing.assert_allclose(received, expected, rtol=1e-6)


@pytest.mark.parametrize("sizes", [None, (None, None)], ids=["known", "open"])
@pytest.mark.parametrize("dtype", ["int32", "int64"])
@pytest.mark.parametrize("name", WHOLE)
def test_whole_numbers(name: str, dtype: str, sizes: Any) -> None:
    compare(WHOLE[name], A.astype(dtype), B.astype(dtype), sizes)


@pytest.mark.parametrize("sizes", [None, (None, None)], ids=["known", "open"])
@pytest.mark.parametrize("name", BOOLS)
def test_truth_values(name: str, sizes: Any) -> None:
    compare(BOOLS[name], FLAGS, OTHERS, sizes)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("by", [2.0, -0.7])
def test_remainders_of_fractions(dtype: str, by: float) -> None:
    x = np.array([-3.1, -0.5, 0.0, 2.3, 5.5], dtype)
    t = K.placeholder((5,), dtype=dtype)
    rest, whole = evaluate([t % by, t // by], {t: x})
    assert rest.dtype == whole.dtype == dtype
    divisor = np.array(by, dtype)
    np.testing.assert_allclose(rest, x % divisor, rtol=2e-3 if dtype == "float16" else 1e-5)
    np.testing.assert_allclose(whole, x // divisor)


def test_whole_numbers_of_two_widths_meet_in_the_wider_one() -> None:
    short, long = K.constant([1, 2], "int32"), K.constant([3, 4], "int64")
    for mixed in (short + long, K.concatenate([short, long]), K.where(short < long, short, long)):
        assert K.dtype(mixed) == "int64"
    assert K.eval(short * long).tolist() == [3, 8]


@pytest.mark.no_runtime
def test_floats_and_whole_numbers_do_not_meet() -> None:
    with pytest.raises(ShapeError, match=r"Expected a float32 tensor.*K\.cast"):
        K.constant([1.0]) / K.constant([1], "int32")


def test_no_element_at_all() -> None:
    x = K.placeholder((None, 2))
    feeds = {x: np.zeros((0, 2))}
    some, every = evaluate([K.any(x, 0), K.all(x, 0)], feeds)
    assert (some.tolist(), every.tolist()) == ([False, False], [True, True])
