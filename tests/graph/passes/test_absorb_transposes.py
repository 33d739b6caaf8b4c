"""Dense layers after Flatten take features in the order in which they come."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from konnx import ops
from konnx.graph import Tensor, constant, op, placeholder
from konnx.graph.passes import absorb_transposes

RANDOM = np.random.default_rng(11)


def values(*shape: int) -> np.ndarray:
    return RANDOM.normal(size=shape).astype(np.float32)


def transposed(*dims: Any) -> Tensor:
    x = placeholder(dims or ("batch", 6, 4, 5), name="x")
    return ops.transpose(x, [0, *range(2, x.ndim), 1])


def dense(x: Tensor, units: int = 3) -> Tensor:
    return ops.dense(x, constant(values(120, units)), constant(values(units)))


ABSORBED: dict[str, Callable[[], list[Tensor]]] = {
    "gemm": lambda: [dense(ops.flatten_from(transposed()))],
    "matmul": lambda: [ops.matmul(ops.flatten_from(transposed()), values(120, 2))],
    "transposed_kernel": lambda: [
        op("Gemm", ops.flatten_from(transposed()), constant(values(2, 120)), transB=1)
    ],
    "inferred_batch": lambda: [dense(ops.reshape(transposed(), [-1, 120]))],
    "one_spatial_axis": lambda: [dense(ops.flatten_from(transposed("batch", 12, 10)))],
    "three_spatial_axes": lambda: [dense(ops.flatten_from(transposed("batch", 2, 3, 4, 5)))],
    "batch_of_one": lambda: [dense(ops.flatten_from(transposed(1, 6, 4, 5)))],
    "relu_between": lambda: [dense(ops.relu(ops.flatten_from(transposed())))],
    "normalization_between": lambda: [
        dense(ops.flatten_from(transposed()) * values(120) + values(1, 120) - 1.0)
    ],
    "one_number_between": lambda: [dense(ops.flatten_from(transposed()) * values(1))],
    "two_products": lambda: (lambda x: [dense(x), dense(ops.tanh(x), 7)])(
        ops.flatten_from(transposed())
    ),
    "two_flattened": lambda: (
        lambda x: [dense(ops.flatten_from(x)), dense(ops.reshape(x, [-1, 120]))]
    )(transposed()),
}


@pytest.mark.parametrize("name", ABSORBED)
def test_the_kernels_rows_change_places_instead(name: str, same: Any, operators: Any) -> None:
    before = ABSORBED[name]()
    after = absorb_transposes(before)
    assert operators(after)["Transpose"] == 0
    assert operators(after).total() < operators(before).total()
    same(before, after)


KEPT: dict[str, Callable[[], list[Tensor]]] = {
    "output": lambda: [ops.flatten_from(transposed())],
    "output_too": lambda: (lambda x: [x, dense(x)])(ops.flatten_from(transposed())),
    "features_too": lambda: (lambda x: [x, dense(ops.flatten_from(x))])(transposed()),
    "used_otherwise": lambda: (lambda x: [ops.exp(x), dense(ops.flatten_from(x))])(transposed()),
    "softmax": lambda: [dense(ops.softmax(ops.flatten_from(transposed())))],
    "other_flattened": lambda: (
        lambda x: [ops.relu(ops.flatten_from(x)), dense(ops.flatten_from(x))]
    )(transposed()),
    "kernel_not_constant": lambda: [
        ops.matmul(ops.flatten_from(transposed()), placeholder((120, 3), name="kernel"))
    ],
    "operand_not_constant": lambda: [
        dense(ops.flatten_from(transposed()) + placeholder(("batch", 120), name="y"))
    ],
    "larger_operand": lambda: [
        ops.matmul(ops.flatten_from(transposed()) * values(2, 1, 120), values(120, 3))
    ],
    "transposed_first": lambda: [
        op("Gemm", ops.flatten_from(transposed(3, 6, 4, 5)), constant(values(3, 2)), transA=1)
    ],
    "as_the_matrix": lambda: [ops.matmul(values(2, 3), ops.flatten_from(transposed(3, 6, 4, 5)))],
    "space_only": lambda: [ops.matmul(ops.reshape(transposed(), [-1, 20, 6]), values(6, 2))],
    "batch_moved": lambda: [
        dense(ops.flatten_from(ops.transpose(placeholder((6, 4, 5, 7), name="x"), [3, 1, 2, 0])))
    ],
    "no_transpose": lambda: [dense(ops.flatten_from(placeholder((2, 6, 20), name="x")))],
}


@pytest.mark.no_runtime
@pytest.mark.parametrize("name", KEPT)
def test_where_the_order_matters_elsewhere_it_stays(name: str) -> None:
    outputs = KEPT[name]()
    assert absorb_transposes(outputs) == outputs


@pytest.mark.no_runtime
def test_a_kernel_that_two_products_share_stays_one() -> None:
    x, kernel = ops.flatten_from(transposed()), constant(values(120, 2))
    first, second = absorb_transposes([ops.matmul(x, kernel), ops.matmul(ops.exp(x), kernel)])
    assert first.node.inputs[1] is second.node.inputs[1]
