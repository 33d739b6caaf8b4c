"""Factors and summands for each channel move into weights and bias, where that is the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from konnx import ops
from konnx.graph import Tensor, constant, name_scope, op, placeholder, topological_order
from konnx.graph.passes import fold_affine

RANDOM = np.random.default_rng(5)


def values(*shape: int) -> np.ndarray:
    return RANDOM.normal(size=shape).astype(np.float32) + 0.1


def conv(channels: int = 4, group: int = 1, bias: bool = False) -> Tensor:
    x = placeholder(("batch", 4, 5, 5), name="x")
    kernel = constant(values(channels, 4 // group, 3, 3), name="kernel")
    summand = constant(values(channels), name="old_bias") if bias else None
    with name_scope("conv"):
        return op("Conv", x, kernel, summand, group=group)


def gemm(bias: Any = None, **attributes: Any) -> Tensor:
    x = placeholder(("batch", 3), name="x")
    summand = None if bias is None else constant(bias)
    shape = (4, 3) if attributes.get("transB") else (3, 4)
    return op("Gemm", x, constant(values(*shape)), summand, **attributes)


def product(*leading: int) -> Tensor:
    return ops.matmul(placeholder(("batch", *leading, 3), name="x"), values(3, 4))


def normalized(x: Tensor, *shape: int) -> Tensor:
    return x * values(*shape) + values(*shape)


FOLDED: dict[str, tuple[Callable[[], Tensor], dict[str, int]]] = {
    "conv": (lambda: normalized(conv(), 4, 1, 1), {"Conv": 1}),
    "conv_rank_4": (lambda: normalized(conv(), 1, 4, 1, 1), {"Conv": 1}),
    "conv_bias": (lambda: normalized(conv(bias=True), 4, 1, 1), {"Conv": 1}),
    "conv_grouped": (lambda: normalized(conv(8, 2), 8, 1, 1), {"Conv": 1}),
    "conv_depthwise": (lambda: normalized(conv(8, 4, True), 8, 1, 1), {"Conv": 1}),
    "conv_one_channel": (lambda: normalized(conv(1), 1, 1, 1), {"Conv": 1}),
    "scalars": (lambda: conv() * 2.0 + 1.0, {"Conv": 1}),
    "factor_only": (lambda: conv() * values(4, 1, 1), {"Conv": 1}),
    "sum_only": (lambda: values(4, 1, 1) + conv(), {"Conv": 1}),
    "subtract": (lambda: conv(bias=True) - values(4, 1, 1), {"Conv": 1}),
    "subtract_from": (lambda: values(4, 1, 1) - conv(bias=True), {"Conv": 1}),
    "divide": (lambda: conv() / values(4, 1, 1), {"Conv": 1}),
    "two_normalizations": (
        lambda: normalized(normalized(conv(), 4, 1, 1), 4, 1, 1),
        {"Conv": 1},
    ),
    "gemm": (lambda: normalized(gemm(values(4)), 4), {"Gemm": 1}),
    "gemm_matrix_bias": (lambda: normalized(gemm(values(1, 4)), 1, 4), {"Gemm": 1}),
    "gemm_scalar_bias": (lambda: normalized(gemm(np.float32(3)), 4), {"Gemm": 1}),
    "gemm_no_bias": (lambda: normalized(gemm(), 4), {"Gemm": 1}),
    "gemm_transposed": (lambda: normalized(gemm(values(4), transB=1), 4), {"Gemm": 1}),
    "matmul": (lambda: normalized(product(), 4), {"Gemm": 1}),
    "matmul_factor": (lambda: product() * values(4), {"MatMul": 1}),
    "matmul_rank_3": (lambda: normalized(product(2), 4), {"MatMul": 1, "Add": 1}),
    "matmul_rank_3_bias": (
        lambda: normalized(product(2) + values(4), 1, 4),
        {"MatMul": 1, "Add": 1},
    ),
}


@pytest.mark.parametrize("name", FOLDED)
def test_arithmetic_with_channels_moves_into_the_weights(
    name: str, same: Any, operators: Any
) -> None:
    build, expected = FOLDED[name]
    before = [build()]
    after = fold_affine(before)
    assert operators(after) == expected
    same(before, after)


def twice_used() -> list[Tensor]:
    x = conv()
    return [x * values(4, 1, 1), ops.relu(x)]


KEPT: dict[str, Callable[[], list[Tensor]]] = {
    "before": lambda: [ops.relu(normalized(placeholder(("batch", 4, 5, 5), name="x"), 4, 1, 1))],
    "behind_relu": lambda: [normalized(ops.relu(conv()), 4, 1, 1)],
    "wrong_axis": lambda: [conv() * values(1, 3)],
    "more_axes": lambda: [conv(1) * values(4, 1, 1)],
    "higher_rank": lambda: [conv() * values(1, 1, 4, 1, 1)],
    "each_pixel": lambda: [conv() + values(4, 3, 3)],
    "twice_used": twice_used,
    "with_itself": lambda: [ops.multiply(*[conv()] * 2)],
    "output": lambda: (lambda x: [x, x * values(4, 1, 1)])(conv()),
    "by_zero": lambda: [conv() / np.array([1, 2, 0, 4], np.float32).reshape(4, 1, 1)],
    "divisor": lambda: [values(4, 1, 1) / conv()],
    "infinite": lambda: [conv() * np.float32(np.inf)],
    "overflow": lambda: [conv() * np.float32(3e38)],
    "sum_after_matmul": lambda: [product(2) + values(4)],
    "scaled_gemm": lambda: [gemm(values(4), alpha=2.0) * values(4)],
    "batch_of_matrices": lambda: [
        ops.matmul(placeholder((2, "n", 3), name="x"), values(2, 3, 4)) * values(4)
    ],
    "weights_not_constant": lambda: [
        ops.matmul(placeholder(("batch", 3), name="x"), placeholder((3, 4), name="w")) * values(4)
    ],
    "bias_not_constant": lambda: [
        op(
            "Gemm",
            placeholder(("batch", 3), name="x"),
            constant(values(3, 4)),
            placeholder((4,), name="b"),
        )
        * values(4)
    ],
    "bias_for_each_row": lambda: [
        op("Gemm", placeholder((2, 3), name="x"), constant(values(3, 4)), constant(values(2, 1)))
        * values(4)
    ],
    "integers": lambda: [
        ops.matmul(placeholder(("batch", 3), "int64", "x"), np.ones((3, 4), np.int64)) * np.int64(2)
    ],
}


@pytest.mark.no_runtime
@pytest.mark.parametrize("name", KEPT)
def test_what_is_no_affine_map_of_the_channels_stays(name: str) -> None:
    outputs = KEPT[name]()
    kept = [node.op_type for node in topological_order(fold_affine(outputs)) if not node.domain]
    before = [node.op_type for node in topological_order(outputs) if not node.domain]
    assert kept == before


@pytest.mark.no_runtime
def test_names_lead_to_the_convolution() -> None:
    [after] = fold_affine([normalized(conv(bias=True), 4, 1, 1)])
    assert after.node.name == "conv/Conv"
    names = [tensor.node.name for tensor in after.node.inputs if tensor is not None]
    assert names == ["x", "kernel", "old_bias"]
    [after] = fold_affine([normalized(conv(), 4, 1, 1)])
    assert after.node.inputs[2] is not None
    assert after.node.inputs[2].node.name == "conv/bias"


@pytest.mark.no_runtime
def test_a_layer_that_is_used_twice_keeps_one_set_of_weights() -> None:
    kernel, scale = constant(values(4, 4, 3, 3)), values(4, 1, 1)
    inputs = [placeholder(("batch", 4, 5, 5), name=name) for name in ("left", "right")]
    left, right = fold_affine([op("Conv", x, kernel) * scale for x in inputs])
    assert left.node.inputs[1] is right.node.inputs[1]
