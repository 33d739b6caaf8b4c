"""Constants are computed as the runtime would compute them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from konnx import ops
from konnx.graph import Tensor, constant, is_constant, op, placeholder
from konnx.graph.passes import fold_constants, freeze_variables, optimize

MATRIX = np.array([[1.5, -2.0, 0.25], [3.0, 0.5, -1.25]], np.float32)
WHOLE = np.array([[7, -7, 3], [-3, 2, 1]], np.int64)
FLAGS = np.array([[True, False, True], [False, False, True]])


def ints(*values: int) -> Tensor:
    return constant(np.array(values, np.int64))


FLOATS: dict[str, Callable[[Tensor], Tensor]] = {
    "Abs": ops.abs,
    "Add": lambda x: x + 0.1,
    "ArgMax": ops.argmax,
    "ArgMax_kept": lambda x: op("ArgMax", x, axis=0),
    "ArgMax_last": lambda x: op("ArgMax", x * 0.0, axis=1, select_last_index=0),
    "Cast": lambda x: ops.cast(x, "int32"),
    "Cast_bool": lambda x: op("Cast", x, to=9),
    "Ceil": lambda x: op("Ceil", x),
    "Clip": lambda x: ops.clip(x, -1.0, 1.0),
    "Clip_low": lambda x: ops.clip(x, -1.0),
    "Clip_none": lambda x: op("Clip", x),
    "Concat": lambda x: ops.concatenate([x, x], 0),
    "Div": lambda x: x / 3.0,
    "Equal": lambda x: ops.equal(x, 0.5),
    "Exp": ops.exp,
    "Expand": lambda x: ops.expand(x, [2, 1, 3]),
    "Expand_smaller": lambda x: ops.expand(x, [1]),
    "Flatten": lambda x: op("Flatten", x, axis=-1),
    "Floor": ops.floor,
    "Gather": lambda x: op("Gather", x, ints(1, -1), axis=-1),
    "GatherElements": lambda x: ops.gather_elements(x, constant(np.array([[2], [0]])), 1),
    "Gemm": lambda x: op("Gemm", x, x, constant(np.float32(2.0)), transB=1),
    "Greater": lambda x: x > 0.5,
    "GreaterOrEqual": lambda x: x >= 0.5,
    "Identity": ops.identity,
    "Less": lambda x: x < 0.5,
    "LessOrEqual": lambda x: x <= 0.5,
    "Log": lambda x: ops.log(ops.abs(x)),
    "MatMul": lambda x: ops.matmul(x, ops.transpose(x)),
    "Max": lambda x: op("Max", x, ops.negative(x), constant(np.float32(0.3))),
    "Min": lambda x: ops.minimum(x, 0.3),
    "Mul": lambda x: x * x,
    "Neg": ops.negative,
    "Pow": lambda x: op("Pow", x, ints(2)),
    "Reciprocal": lambda x: op("Reciprocal", x),
    "ReduceMax": lambda x: ops.max(x, 1),
    "ReduceMean": lambda x: ops.mean(x, 0, keepdims=True),
    "ReduceMin": lambda x: op("ReduceMin", x),
    "ReduceMin_noop": lambda x: op("ReduceMin", x, noop_with_empty_axes=1),
    "ReduceProd": lambda x: op("ReduceProd", x, ints(-1), keepdims=0),
    "ReduceSum": ops.sum,
    "Relu": ops.relu,
    "Reshape": lambda x: op("Reshape", x, ints(0, 1, -1)),
    "Round": ops.round,
    "Shape": lambda x: op("Shape", x, start=-1),
    "Sigmoid": ops.sigmoid,
    "Sign": ops.sign,
    "Size": lambda x: op("Size", x),
    "Slice": lambda x: x[::-1, 1:],
    "Slice_plain": lambda x: op("Slice", x, ints(1), ints(9)),
    "Sqrt": lambda x: ops.sqrt(x),
    "Squeeze": lambda x: op("Squeeze", ops.expand_dims(x, 0)),
    "Sub": lambda x: 1.0 - x,
    "Sum": lambda x: op("Sum", x, x, x),
    "Tanh": ops.tanh,
    "Tile": lambda x: ops.tile(x, [2, 3]),
    "Transpose": lambda x: op("Transpose", x),
    "Unsqueeze": lambda x: ops.expand_dims(x, 1),
    "Where": lambda x: ops.where(x > 0.0, x, -1.0),
}
INTEGERS: dict[str, Callable[[Tensor], Tensor]] = {
    "Div_truncates": lambda x: ops.divide(x, np.int64(2)),
    "ReduceSum": ops.sum,
    "ReduceProd": lambda x: op("ReduceProd", x, keepdims=0),
    "Cast_float": lambda x: ops.cast(ops.identity(x), "float32"),
    "Range": lambda x: op("Range", constant(np.int64(1)), constant(np.int64(8)), ints(3)[0]),
    "ConstantOfShape": lambda x: op(
        "ConstantOfShape", ints(2, 3), value=np.array([7], dtype=np.float32)
    ),
}
BOOLEANS: dict[str, Callable[[Tensor], Tensor]] = {
    "And": lambda x: ops.logical_and(x, ops.logical_not(x)),
    "Or": lambda x: op("Or", x, op("Not", x)),
    "Cast_float": lambda x: op("Cast", x, to=1),
}
CASES = [
    pytest.param(build, value, id=f"{value.dtype}-{name}")
    for value, table in ((MATRIX, FLOATS), (WHOLE, INTEGERS), (FLAGS, BOOLEANS))
    for name, build in table.items()
]


@pytest.mark.parametrize(("build", "value"), CASES)
def test_a_constant_is_what_the_runtime_computes(
    build: Callable[[Tensor], Tensor], value: np.ndarray, same: Any
) -> None:
    before = [build(constant(value))]
    [after] = fold_constants(before)
    assert is_constant(after)
    same(before, [after])


def test_results_keep_the_dtype_of_the_node(same: Any) -> None:
    tenth = constant(np.full((3,), 0.1, np.float32))
    [after] = fold_constants([ops.mean(tenth + 0.2)])
    assert after.constant_value is not None
    assert after.constant_value.dtype == np.float32


@pytest.mark.no_runtime
@pytest.mark.parametrize(
    ("ask", "expected"),
    [
        (lambda x: op("Shape", x, start=1), [4, 6]),
        (lambda x: op("Shape", x, start=-1), [6]),
        (lambda x: op("Gather", op("Shape", x), constant(np.int64(2))), 6),
        (lambda x: op("Gather", op("Shape", x), ints(-1, 1)), [6, 4]),
        (lambda x: op("Size", x[0]), 24),
    ],
)
def test_sizes_that_are_known_are_constants(ask: Callable[[Tensor], Tensor], expected: Any) -> None:
    [after] = fold_constants([ask(placeholder(("batch", 4, 6), name="x"))])
    assert after.constant_value is not None
    assert after.constant_value.dtype == np.int64
    assert after.constant_value.tolist() == expected


@pytest.mark.no_runtime
@pytest.mark.parametrize(
    "build",
    [
        lambda x: op("Shape", x),
        lambda x: op("Size", x),
        lambda x: op("Gather", op("Shape", x), ints(0)),
        lambda x: op("Gather", op("Shape", x), ints(7)),
        lambda x: ops.relu(x),
        lambda x: op("RandomNormal", shape=[2]),
        lambda x: op("RandomNormalLike", constant(MATRIX)),
        lambda x: ops.expand(constant(np.float32(1)), [100, 100]),
        lambda x: ops.tile(constant(MATRIX), [100, 100]),
        lambda x: ops.reshape(constant(MATRIX), op("Shape", x)),
        lambda x: ops.divide(constant(np.int64(1)), np.int64(0)),
        lambda x: op("Gather", constant(MATRIX), ints(9)),
        lambda x: op("ArgMax", constant(MATRIX), select_last_index=1),
        lambda x: op("Gemm", constant(MATRIX), constant(MATRIX), transB=1, alpha=2.0),
        lambda x: op("Softmax", constant(MATRIX)),
    ],
)
def test_what_cannot_or_must_not_be_computed_now_is_left(
    build: Callable[[Tensor], Tensor],
) -> None:
    outputs = [build(placeholder(("batch", 4, 6), name="x"))]
    assert fold_constants(outputs) == outputs


def test_a_shape_that_turns_out_to_be_known_sharpens_what_follows(same: Any) -> None:
    x = placeholder(("batch", 4, 6), name="x")
    rows = op("Gather", op("Shape", x), ints(1))
    before = [ops.relu(ops.reshape(x, op("Concat", ints(-1), rows, ints(3), axis=0)))]
    after = fold_constants(before)
    assert before[0].dims == (None, None, None)
    assert after[0].dims == (None, 4, 3)
    same(before, after)


@pytest.mark.no_runtime
def test_a_weight_keeps_its_name_and_stays_one_constant(weights: Any) -> None:
    kernel = weights("conv/kernel", 2, 3)
    [frozen] = freeze_variables(
        [op("Concat", op("Transpose", kernel), op("Transpose", kernel), axis=0)]
    )
    [first, second] = fold_constants(list(frozen.node.inputs))
    assert first is second
    assert first.node.name == "conv/kernel"


@pytest.mark.no_runtime
def test_variables_are_not_constants(weights: Any) -> None:
    outputs = [ops.sqrt(weights("variance", 3, positive=True))]
    assert optimize(outputs) == outputs
