"""Gradients of gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from konnx import backend, ops
from konnx.autodiff import RULES, ZERO_GRADIENT, gradients
from konnx.graph import Tensor, int64s, is_float, op, placeholder, topological_order
from konnx.graph.tensor import INTERNAL
from konnx.testing import check_gradients, normal, positive, spaced

pytestmark = pytest.mark.gradients

MATRIX = (3, 4)

SMOOTH: dict[str, tuple[Callable[..., Tensor], list[np.ndarray]]] = {
    "tanh": (ops.tanh, [normal(MATRIX)]),
    "exp": (ops.exp, [normal(MATRIX)]),
    "log": (ops.log, [positive(MATRIX)]),
    "matmul": (ops.matmul, [normal(MATRIX), normal((4, 2), 1)]),
    "dense": (ops.dense, [normal(MATRIX), normal((4, 2), 1), normal((2,), 2)]),
    "pow": (ops.pow, [positive(MATRIX), normal((4,), 1)]),
    "cube": (lambda x: x**3.0, [normal(MATRIX)]),
    "sigmoid": (ops.sigmoid, [normal(MATRIX)]),
    "softmax": (lambda x: ops.softmax(x) * ops.softmax(x, 0), [normal(MATRIX)]),
    "softplus": (ops.softplus, [normal(MATRIX)]),
    "softsign": (ops.softsign, [spaced(MATRIX)]),
    "elu": (ops.elu, [spaced(MATRIX)]),
    "selu": (ops.selu, [spaced(MATRIX)]),
    "mean and variance": (lambda x: ops.var(x, 0) * ops.mean(x), [normal(MATRIX)]),
    "maximum of rows": (lambda x: ops.max(x, 1), [spaced(MATRIX)]),
    "product": (ops.multiply, [normal(MATRIX), normal((3, 1), 1)]),
    "quotient": (ops.divide, [normal(MATRIX), positive((4,))]),
    "root": (ops.sqrt, [positive(MATRIX)]),
    "normalization": (lambda x: ops.l2_normalize(x, 1), [positive(MATRIX)]),
    "reshape and transpose": (
        lambda x: ops.exp(ops.transpose(ops.reshape(x, (-1, 2)))),
        [normal(MATRIX)],
    ),
    "slices and joins": (
        lambda x: ops.concatenate([ops.tanh(x[:, ::-2]), x[:, 1:] * x[:, :3]], 1),
        [normal(MATRIX)],
    ),
    "padding": (lambda x: ops.exp(ops.pad(x, [(0, 0), (1, -1)])), [normal(MATRIX)]),
    "copies": (lambda x: ops.exp(ops.tile(ops.expand_dims(x), (1, 1, 2))), [normal(MATRIX)]),
    "taking elements": (
        lambda x: ops.exp(ops.gather_elements(x, ops.as_tensor(np.array([[0, 0]] * 3)))),
        [normal(MATRIX)],
    ),
    "sine": (ops.sin, [normal(MATRIX)]),
    "error function": (lambda x: ops.sin(op("Asinh", x)) + op("Atan", x), [normal(MATRIX)]),
    "product of rows": (lambda x: ops.prod(x, 1), [positive(MATRIX)]),
    "products up to a place": (lambda x: ops.cumprod(x, 1), [positive(MATRIX)]),
    "sums up to a place": (lambda x: ops.exp(ops.cumsum(x, 1)), [normal(MATRIX)]),
    "logarithm of a sum": (lambda x: ops.logsumexp(x, 1), [normal(MATRIX)]),
    "rows taken": (lambda x: ops.exp(ops.gather(x, [0, 2, 0])), [normal(MATRIX)]),
    "elements of a mask": (
        lambda x: ops.exp(x[np.arange(12).reshape(MATRIX) % 2 == 0]),
        [normal(MATRIX)],
    ),
    "product of three axes": (ops.dot, [normal(MATRIX), normal((2, 4, 2), 1)]),
    "sum over labels": (
        lambda x, y: op("Einsum", x, y, equation="bi,bj->ij"),
        [normal(MATRIX), normal((3, 2), 1)],
    ),
    "reflection": (
        lambda x: ops.exp(op("Pad", x, ops.as_tensor([0, 1, 0, 2], "int64"), mode="reflect")),
        [normal(MATRIX)],
    ),
    "choice": (lambda x: ops.where(x > 0, x * x, ops.exp(x)), [spaced(MATRIX)]),
}


def gradient_of(function: Callable[..., Tensor]) -> Callable[..., list[Tensor]]:
    """The gradients, for all inputs, of a curved function of the outputs."""

    def differentiated(*inputs: Tensor) -> list[Tensor]:
        y = function(*inputs)
        found = gradients(ops.sum(y * y), inputs)
        return [gradient for gradient in found if gradient is not None]

    return differentiated


@pytest.mark.parametrize("sizes", ["known", "batch"])
@pytest.mark.parametrize("name", SMOOTH)
def test_second_derivatives_agree_with_central_differences(name: str, sizes: str) -> None:
    function, inputs = SMOOTH[name]
    dims: list[Any] = [("batch", *x.shape[1:]) if len(x) == 3 else None for x in inputs]
    check_gradients(gradient_of(function), inputs, dims=dims if sizes == "batch" else None)


@pytest.mark.parametrize("dims", [None, [("batch", None, 2), None]], ids=["known", "open"])
@pytest.mark.parametrize(("stride", "padding"), [(1, "valid"), (2, "same")])
def test_second_derivatives_of_a_convolution(stride: int, padding: str, dims: Any) -> None:
    check_gradients(
        gradient_of(
            lambda x, w: ops.convolution(x, w, strides=(stride,), padding=padding, dilations=(1,))
        ),
        [normal((2, 5, 2)), normal((3, 2, 3), 1)],
        dims=dims,
        dtype="float32",
    )


def test_second_derivatives_of_a_depthwise_convolution() -> None:
    check_gradients(
        gradient_of(lambda x, w: ops.depthwise_convolution(x, w, strides=(2, 1), dilations=(1, 1))),
        [normal((2, 5, 4, 2)), normal((3, 2, 2, 2), 1)],
        dtype="float32",
    )


def test_second_derivatives_of_broadcasting_that_only_the_run_knows() -> None:
    check_gradients(
        gradient_of(lambda x, y: ops.tanh(x) * y),
        [normal((1, 4)), normal((3, 4), 1)],
        dims=[(None, 4), (None, 4)],
    )


@pytest.mark.parametrize("name", SMOOTH)
def test_whatever_a_rule_emits_can_be_differentiated_again(name: str) -> None:
    function, inputs = SMOOTH[name]
    tensors = [placeholder(x.shape, "float64", f"x{i}") for i, x in enumerate(inputs)]
    unknown = {
        node.op_type
        for node in topological_order(gradient_of(function)(*tensors))
        if node.domain != INTERNAL
        and any(t is not None and is_float(t.dtype) for t in node.inputs)
        and node.op_type not in RULES.keys() | ZERO_GRADIENT
    }
    assert unknown == set()


def test_the_hessian_of_a_quadratic_is_its_matrix() -> None:
    from konnx.testing import evaluate

    matrix = normal((3, 3))
    x = placeholder((3,), "float64", name="x")
    loss = 0.5 * ops.sum(x * ops.matmul(ops.as_tensor(matrix), x))
    (first,) = gradients(loss, [x])
    assert first is not None
    rows = [gradients(first[i], [x])[0] for i in range(3)]
    hessian = evaluate([op("Identity", row) for row in rows], {x: np.ones(3)})
    np.testing.assert_allclose(np.stack(hessian), (matrix + matrix.T) / 2, rtol=1e-10)


def recurrent(op_type: str) -> Callable[..., Tensor]:
    return lambda x, w, r: op(op_type, x, w, r, hidden_size=2, outputs=2)[0]


LABELS, LENGTHS = np.array([[0, 0, 1], [2, 1, 1]]), np.array([[3], [2]])
STEPS = np.array([[6], [4]])

# ONNX Runtime has float32 kernels only for most of them.
NETWORKS: dict[str, tuple[Callable[..., Tensor], list[np.ndarray]]] = {
    "GRU": (
        recurrent("GRU"),
        [normal((3, 2, 2)), normal((1, 6, 2), 1), normal((1, 6, 2), 2)],
    ),
    "LSTM": (
        recurrent("LSTM"),
        [normal((3, 2, 2)), normal((1, 8, 2), 1), normal((1, 8, 2), 2)],
    ),
    "Resize": (
        lambda x: op("Resize", x, None, None, int64s([1, 2, 5, 6]), mode="linear"),
        [normal((1, 2, 4, 3))],
    ),
    "LRN": (lambda x: op("LRN", x, size=3, alpha=0.5), [normal((1, 4, 3, 2))]),
    "average of volumes": (
        lambda x: ops.average_pool(x, (2, 2, 2), (2, 2, 2), "same"),
        [normal((1, 4, 5, 3, 2))],
    ),
    "transposed convolution": (
        lambda x, w: ops.convolution_transpose(x, w, strides=(2, 2)),
        [normal((2, 3, 4, 2)), normal((3, 2, 3, 2), 1)],
    ),
    "GridSample": (
        lambda x: op("GridSample", x, ops.as_tensor(normal((2, 3, 2, 2)).astype(np.float32))),
        [normal((2, 2, 4, 3))],
    ),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_second_derivatives_of_operators_of_neural_networks(name: str) -> None:
    function, inputs = NETWORKS[name]
    check_gradients(gradient_of(function), inputs, dtype="float32", tolerance=1e-2)


def test_second_derivatives_of_the_cost_of_ctc() -> None:
    check_gradients(
        gradient_of(lambda y: backend.ctc_batch_cost(LABELS, y, STEPS, LENGTHS)),
        [positive((2, 6, 4))],
        tolerance=1e-5,
    )
