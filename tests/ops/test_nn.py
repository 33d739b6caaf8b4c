"""Activations, dense products and normalization against NumPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from konnx import ops
from konnx.graph import Tensor, placeholder, topological_order
from konnx.testing import evaluate, normal, positive

ARRAY = normal((3, 4)) * 3


def softmax(x: np.ndarray, axis: int) -> np.ndarray:
    e = np.exp(x - x.max(axis, keepdims=True))
    return np.asarray(e / e.sum(axis, keepdims=True))


TABLE: list[tuple[str, Callable[[Tensor], Tensor], Callable[[np.ndarray], Any]]] = [
    ("relu", ops.relu, lambda x: np.maximum(x, 0)),
    ("leaky relu", lambda x: ops.relu(x, 0.3), lambda x: np.where(x > 0, x, 0.3 * x)),
    ("relu with a maximum", lambda x: ops.relu(x, max_value=1), lambda x: np.clip(x, 0, 1)),
    (
        "relu with both",
        lambda x: ops.relu(x, 0.3, 1.0),
        lambda x: np.minimum(np.where(x > 0, x, 0.3 * x), 1),
    ),
    ("elu", ops.elu, lambda x: np.where(x > 0, x, np.expm1(x))),
    ("elu with alpha", lambda x: ops.elu(x, 2.0), lambda x: np.where(x > 0, x, 2 * np.expm1(x))),
    (
        "selu",
        ops.selu,
        lambda x: 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(x)),
    ),
    ("softplus", ops.softplus, lambda x: np.log1p(np.exp(x))),
    ("softsign", ops.softsign, lambda x: x / (1 + np.abs(x))),
    ("sigmoid", ops.sigmoid, lambda x: 1 / (1 + np.exp(-x))),
    ("hard_sigmoid", ops.hard_sigmoid, lambda x: np.clip(0.2 * x + 0.5, 0, 1)),
    ("tanh", ops.tanh, np.tanh),
    ("softmax", ops.softmax, lambda x: softmax(x, -1)),
    ("softmax over the first axis", lambda x: ops.softmax(x, 0), lambda x: softmax(x, 0)),
    ("l2_normalize", ops.l2_normalize, lambda x: x / np.linalg.norm(x)),
    (
        "l2_normalize over an axis",
        lambda x: ops.l2_normalize(x, 1),
        lambda x: x / np.linalg.norm(x, axis=1, keepdims=True),
    ),
]


@pytest.mark.parametrize(
    ("function", "expected"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE]
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_values_agree_with_numpy(function: Any, expected: Any, dtype: str) -> None:
    x = placeholder(("batch", None), dtype, "x")
    (value,) = evaluate([function(x)], {x: ARRAY.astype(dtype)})
    np.testing.assert_allclose(value, expected(ARRAY), rtol=2e-6, atol=2e-7)
    assert value.dtype == dtype


def test_a_zero_vector_is_normalized_to_zero() -> None:
    x = placeholder((2,), name="x")
    assert evaluate([ops.l2_normalize(x)], {x: [0, 0]})[0].tolist() == [0, 0]


@pytest.mark.parametrize("shape", [(3, 4), (2, 3, 4), (4,)], ids=str)
@pytest.mark.parametrize("has_bias", [False, True])
def test_dense_agrees_with_numpy(shape: tuple[int, ...], has_bias: bool) -> None:
    array, kernel, bias = normal(shape), normal((4, 2), 1), normal((2,), 2)
    x = placeholder(shape, "float64", "x")
    y = ops.dense(x, ops.as_tensor(kernel), ops.as_tensor(bias) if has_bias else None)
    expected = array @ kernel + (bias if has_bias else 0)
    np.testing.assert_allclose(evaluate([y], {x: array})[0], expected, rtol=1e-10)


@pytest.mark.no_runtime
def test_a_dense_layer_on_a_matrix_is_one_gemm() -> None:
    x, bias = placeholder(("batch", 4)), placeholder((2,))
    y = ops.dense(x, placeholder((4, 2)), bias)
    assert [node.op_type for node in topological_order([y]) if node.inputs] == ["Gemm"]


@pytest.mark.parametrize("gamma", [None, 2.0])
@pytest.mark.parametrize("beta", [None, -1.0])
def test_normalize_scales_and_shifts(gamma: float | None, beta: float | None) -> None:
    mean, variance = normal((4,), 1), positive((4,), 2)
    x = placeholder(("batch", 4), "float64", "x")
    factors = [None if v is None else ops.scalar(v, x) for v in (gamma, beta)]
    y = ops.normalize(x, ops.as_tensor(mean), ops.as_tensor(variance), *factors, 1e-3)
    expected = (gamma or 1) * (ARRAY - mean) / np.sqrt(variance + 1e-3) + (beta or 0)
    np.testing.assert_allclose(evaluate([y], {x: ARRAY})[0], expected, rtol=1e-10)
