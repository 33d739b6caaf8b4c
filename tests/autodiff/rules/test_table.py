"""Each rule of the table has a row here; the details are in the files beside this one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from konnx import ops
from konnx.autodiff import RULES, ZERO_GRADIENT
from konnx.graph import Dim, Tensor, constant, op, placeholder, topological_order
from konnx.testing import check_gradients, evaluate, normal, positive, spaced

pytestmark = pytest.mark.gradients

BATCH = 3


@dataclass(frozen=True)
class Case:
    function: Callable[..., Tensor]
    inputs: tuple[np.ndarray, ...]
    dtype: str | None = None

    @property
    def named(self) -> list[tuple[Dim, ...]]:
        """The shapes with the first axis named, where it is the batch."""
        return [
            ("batch", *x.shape[1:]) if x.shape[:1] == (BATCH,) else x.shape for x in self.inputs
        ]


def of(function: Callable[..., Tensor], *inputs: np.ndarray) -> Case:
    return Case(function, inputs)


def in_float32(function: Callable[..., Tensor], *inputs: np.ndarray) -> Case:
    return Case(function, inputs, "float32")


def applied(op_type: str, **attributes: object) -> Callable[..., Tensor]:
    return lambda *inputs: op(op_type, *inputs, **attributes)


def int64(*values: int) -> Tensor:
    return constant(values, "int64")


MATRIX, IMAGE = (BATCH, 4), (BATCH, 2, 6, 4)
UNPOOLED = constant(np.arange(0, 48, 4).reshape(BATCH, 1, 2, 2) + 1)
REPEATED = np.array([[0, 0, 3, 1]] * BATCH)
WIDE = np.array([1, 1, 2, 2], dtype=np.float32)


def running_product(x: Tensor, y: Tensor) -> Tensor:
    (total,), _ = ops.scan(lambda s, e: ([ops.tanh(s[0] * e[0])], []), [y], [x])
    return total


def chosen(x: Tensor) -> Tensor:
    (y,) = ops.cond(constant(np.bool_(True)), lambda: [ops.exp(x)], lambda: [x])
    return y


CASES = {
    "Abs": of(ops.abs, spaced(MATRIX)),
    "Acos": of(applied("Acos"), 0.9 * spaced(MATRIX)),
    "Acosh": of(applied("Acosh"), 1.0 + positive(MATRIX)),
    "Add": of(ops.add, normal(MATRIX), normal((4,), 1)),
    "Asin": of(applied("Asin"), 0.9 * spaced(MATRIX)),
    "Asinh": of(applied("Asinh"), 0.5 * normal(MATRIX)),
    "Atan": of(applied("Atan"), 0.5 * normal(MATRIX)),
    "Atanh": of(applied("Atanh"), 0.9 * spaced(MATRIX)),
    "AveragePool": in_float32(
        lambda x: ops.average_pool(x, (3, 3), (2, 2), "same", "channels_first"), normal(IMAGE)
    ),
    "BatchNormalization": of(
        applied("BatchNormalization", epsilon=0.01),
        normal(IMAGE),
        normal((2,), 1),
        normal((2,), 2),
        normal((2,), 3),
        positive((2,), 4),
    ),
    "Cast": in_float32(lambda x: ops.cast(x, "float64"), normal(MATRIX)),
    "CastLike": in_float32(lambda x: op("CastLike", x, constant(0.0, "float64")), normal(MATRIX)),
    "Celu": in_float32(applied("Celu", alpha=1.5), spaced(MATRIX)),
    "CenterCropPad": of(lambda x: op("CenterCropPad", x, int64(3, 7), axes=[2, 3]), normal(IMAGE)),
    "Clip": of(lambda x: ops.clip(x, -0.3, 0.3), spaced(MATRIX)),
    "Compress": of(
        lambda x: op("Compress", x, constant([True, False, True]), axis=1), normal(MATRIX)
    ),
    "Col2Im": in_float32(
        lambda x: op("Col2Im", x, int64(5, 4), int64(2, 3), pads=[0, 1, 0, 0], strides=[2, 1]),
        normal((BATCH, 12, 6)),
    ),
    "Concat": of(lambda x, y: ops.concatenate([x, y]), normal(MATRIX), normal((BATCH, 2), 1)),
    "Conv": in_float32(
        applied("Conv", kernel_shape=[3, 3], group=2),
        normal(IMAGE),
        normal((4, 1, 3, 3)),
    ),
    "ConvTranspose": in_float32(
        applied("ConvTranspose", kernel_shape=[3, 2], strides=[2, 1], pads=[1, 0, 0, 1], group=2),
        normal(IMAGE),
        normal((2, 3, 3, 2), 1),
        normal((6,), 2),
    ),
    "Cos": of(applied("Cos"), normal(MATRIX)),
    "Cosh": of(applied("Cosh"), 0.5 * normal(MATRIX)),
    "CumSum": of(lambda x: op("CumSum", x, constant(1, "int64"), exclusive=1), normal(MATRIX)),
    "DepthToSpace": of(applied("DepthToSpace", blocksize=2, mode="CRD"), normal((BATCH, 8, 2, 3))),
    "DequantizeLinear": in_float32(
        lambda scale: op(
            "DequantizeLinear",
            constant([[1, -3, 5], [2, 0, 7]], "int8"),
            scale,
            constant([1, 0, -2], "int8"),
        ),
        positive((3,)),
    ),
    "Div": of(ops.divide, normal(MATRIX), positive((BATCH, 1))),
    "Dropout": of(
        lambda x: op("Dropout", x, constant(0.0), constant(True), outputs=2)[0], normal(MATRIX)
    ),
    "Einsum": of(applied("Einsum", equation="bi,ij->bj"), normal(MATRIX), normal((4, 2), 1)),
    "Elu": of(lambda x: ops.elu(x, 1.5), spaced(MATRIX)),
    "Erf": of(applied("Erf"), 0.5 * normal(MATRIX)),
    "Exp": of(ops.exp, normal(MATRIX)),
    "Expand": of(lambda x: ops.expand(x, [2, 1, 4]), normal(MATRIX)),
    "Flatten": of(applied("Flatten", axis=2), normal(IMAGE)),
    "Gather": of(lambda x: ops.gather(x, int64(2, 0, -2, 2), 1), normal((BATCH, 4, 2))),
    "GatherElements": of(ops.gather_elements, normal(MATRIX), REPEATED),
    "GatherND": of(ops.gather_nd, normal((BATCH, 4, 2)), np.array([[0, 1], [2, -1], [0, 1]])),
    "Gemm": of(applied("Gemm"), normal(MATRIX), normal((4, 2), 1), normal((2,), 2)),
    "GlobalAveragePool": in_float32(applied("GlobalAveragePool"), normal(IMAGE)),
    "GlobalLpPool": in_float32(applied("GlobalLpPool", p=3), spaced(IMAGE)),
    "GlobalMaxPool": in_float32(applied("GlobalMaxPool"), spaced(IMAGE)),
    "GRU": in_float32(
        applied("GRU", hidden_size=2),
        normal((2, BATCH, 4)),
        normal((1, 6, 4), 1),
        normal((1, 6, 2), 2),
    ),
    "GridSample": in_float32(
        lambda x: op("GridSample", x, constant(normal((BATCH, 2, 3, 2)), "float32")), normal(IMAGE)
    ),
    "HardSigmoid": of(ops.hard_sigmoid, spaced(MATRIX, gap=0.9)),
    "HardSwish": of(applied("HardSwish"), spaced(MATRIX, gap=0.9)),
    "If": of(chosen, normal(MATRIX)),
    "LSTM": in_float32(
        applied("LSTM", hidden_size=2),
        normal((2, BATCH, 4)),
        normal((1, 8, 4), 1),
        normal((1, 8, 2), 2),
    ),
    "RNN": in_float32(
        applied("RNN", hidden_size=2),
        normal((2, BATCH, 4)),
        normal((1, 2, 4), 1),
        normal((1, 2, 2), 2),
    ),
    "Scan": of(running_product, normal(MATRIX), normal((4,), 1)),
    "Identity": of(ops.identity, normal(MATRIX)),
    "InstanceNormalization": in_float32(
        applied("InstanceNormalization", epsilon=0.1), normal(IMAGE), normal((2,), 1), normal((2,))
    ),
    "LayerNormalization": of(
        applied("LayerNormalization", axis=2, epsilon=0.01),
        normal(IMAGE),
        normal((6, 4), 1),
        normal((6, 4), 2),
    ),
    "LeakyRelu": of(lambda x: ops.relu(x, 0.1), spaced(MATRIX)),
    "Log": of(ops.log, positive(MATRIX)),
    "LogSoftmax": of(applied("LogSoftmax"), normal(MATRIX)),
    "LpNormalization": of(applied("LpNormalization", axis=0), normal(MATRIX, 1)),
    "LpPool": in_float32(applied("LpPool", kernel_shape=[2, 2], pads=[1, 0, 0, 0]), spaced(IMAGE)),
    "LRN": in_float32(applied("LRN", size=3, alpha=0.5), normal((BATCH, 4, 3, 2))),
    "MatMul": of(ops.matmul, normal(MATRIX), normal((4, 2), 1)),
    "Max": of(ops.maximum, spaced(MATRIX), spaced(MATRIX, 1) + 0.03),
    "MaxPool": in_float32(
        lambda x: ops.max_pool(x, (3, 3), (2, 2), "same", "channels_first"), spaced(IMAGE)
    ),
    "MaxUnpool": in_float32(
        lambda x: op("MaxUnpool", x, UNPOOLED, kernel_shape=[2, 2], strides=[2, 2]),
        normal((BATCH, 1, 2, 2)),
    ),
    "Mean": in_float32(applied("Mean"), normal(MATRIX), normal((4,), 1), normal((BATCH, 1), 2)),
    "MeanVarianceNormalization": in_float32(
        applied("MeanVarianceNormalization", axes=[0, 2]), normal((BATCH, 2, 4), 1)
    ),
    "Min": of(ops.minimum, spaced(MATRIX), spaced(MATRIX, 1) + 0.03),
    "Mish": of(applied("Mish"), normal(MATRIX)),
    "Mod": of(
        applied("Mod", fmod=1), 0.07 + spaced(MATRIX, gap=1.0), np.array([0.5, -1.5, 2.0, 3.0])
    ),
    "Mul": of(ops.multiply, normal(MATRIX), normal((4,), 1)),
    "Neg": of(ops.negative, normal(MATRIX)),
    "NegativeLogLikelihoodLoss": of(
        lambda x: op("NegativeLogLikelihoodLoss", x, int64(3, 0, 1), ignore_index=1),
        normal(MATRIX),
    ),
    "OneHot": in_float32(
        lambda x: op("OneHot", int64(0, 2, 2), constant(3, "int64"), x), normal((2,))
    ),
    "Pad": of(lambda x: ops.pad(x, [(0, 0), (2, -1)], 7.0), normal(MATRIX)),
    "Pow": of(ops.pow, positive(MATRIX), normal(MATRIX, 1)),
    "PRelu": of(applied("PRelu"), spaced(MATRIX), normal((4,), 1)),
    "Range": of(applied("Range"), np.array(0.3), np.array(2.1), np.array(0.5)),
    "Reciprocal": of(applied("Reciprocal"), positive(MATRIX)),
    "ReduceL1": of(lambda x: op("ReduceL1", x, int64(1)), spaced(MATRIX)),
    "ReduceL2": in_float32(lambda x: op("ReduceL2", x, int64(1)), spaced(MATRIX)),
    "ReduceLogSum": of(lambda x: op("ReduceLogSum", x, int64(0), keepdims=0), positive(MATRIX)),
    "ReduceLogSumExp": of(lambda x: op("ReduceLogSumExp", x, int64(1)), spaced(MATRIX)),
    "ReduceMax": of(lambda x: ops.max(x, 1), spaced(MATRIX)),
    "ReduceMean": of(lambda x: ops.mean(x, 0), normal(MATRIX)),
    "ReduceMin": of(lambda x: ops.min(x, 0, keepdims=True), spaced(MATRIX)),
    "ReduceProd": of(lambda x: op("ReduceProd", x, int64(1)), spaced(MATRIX)),
    "ReduceSum": of(lambda x: ops.sum(x, 1), normal(MATRIX)),
    "ReduceSumSquare": of(lambda x: op("ReduceSumSquare", x, int64(1)), spaced(MATRIX)),
    "Relu": of(ops.relu, spaced(MATRIX)),
    "Reshape": of(lambda x: ops.reshape(x, [-1, 2]), normal(MATRIX)),
    "Resize": in_float32(
        lambda x: op(
            "Resize",
            x,
            None,
            constant(WIDE),
            mode="nearest",
            coordinate_transformation_mode="asymmetric",
            nearest_mode="floor",
        ),
        normal(IMAGE),
    ),
    "ReverseSequence": of(
        lambda x: op("ReverseSequence", x, int64(1, 3, 2), batch_axis=0, time_axis=1),
        normal(MATRIX),
    ),
    "RoiAlign": in_float32(
        lambda x: op(
            "RoiAlign",
            x,
            constant([[0.0, 1.0, 2.0, 5.0]], "float32"),
            int64(2),
            output_height=2,
            sampling_ratio=2,
        ),
        normal(IMAGE),
    ),
    "ScatterElements": of(
        lambda x, i, y: op("ScatterElements", x, i, y, axis=1, reduction="add"),
        normal(MATRIX),
        REPEATED,
        normal(MATRIX, 1),
    ),
    "ScatterND": of(
        lambda x, y: op("ScatterND", x, constant([[2], [0]], "int64"), y),
        normal(MATRIX),
        normal((2, 4), 1),
    ),
    "Selu": of(ops.selu, spaced(MATRIX)),
    "Shrink": in_float32(applied("Shrink", lambd=0.26, bias=0.1), spaced(MATRIX)),
    "Sigmoid": of(ops.sigmoid, normal(MATRIX)),
    "Sin": of(applied("Sin"), normal(MATRIX)),
    "Sinh": of(applied("Sinh"), 0.5 * normal(MATRIX)),
    "Slice": of(lambda x: x[:, 1:3], normal(MATRIX)),
    "Softmax": of(ops.softmax, normal(MATRIX)),
    "SoftmaxCrossEntropyLoss": of(
        lambda x: op("SoftmaxCrossEntropyLoss", x, int64(3, 0, 1), reduction="sum"),
        normal(MATRIX),
    ),
    "Softplus": of(ops.softplus, normal(MATRIX)),
    "Softsign": of(ops.softsign, spaced(MATRIX)),
    "SpaceToDepth": of(applied("SpaceToDepth", blocksize=2), normal(IMAGE)),
    "Split": of(lambda x: op("Split", x, int64(1, 3), axis=1, outputs=2)[1], normal(MATRIX)),
    "Sqrt": of(ops.sqrt, positive(MATRIX)),
    "Squeeze": of(lambda x: ops.squeeze(x, 1), normal((BATCH, 1, 4))),
    "Sub": of(ops.subtract, normal((BATCH, 1)), normal(MATRIX, 1)),
    "Sum": of(applied("Sum"), normal(MATRIX), normal((4,), 1), normal((BATCH, 1), 2)),
    "Tan": of(applied("Tan"), 0.5 * normal(MATRIX)),
    "Tanh": of(ops.tanh, normal(MATRIX)),
    "ThresholdedRelu": of(applied("ThresholdedRelu", alpha=0.3), spaced(MATRIX)),
    "Tile": of(lambda x: ops.tile(x, (2, 3)), normal(MATRIX)),
    "TopK": of(lambda x: op("TopK", x, int64(2), outputs=2)[0], spaced(MATRIX)),
    "Transpose": of(lambda x: ops.transpose(x, (2, 0, 1)), normal((BATCH, 2, 4))),
    "Trilu": of(lambda x: op("Trilu", x, constant(1, "int64"), upper=0), normal((BATCH, 4, 4))),
    "Unique": of(lambda x: op("Unique", ops.gather(x, int64(1, 0, 1)), axis=0), normal((BATCH, 4))),
    "Unsqueeze": of(lambda x: ops.expand_dims(x, 1), normal(MATRIX)),
    "Where": of(
        ops.where,
        normal(MATRIX) > 0,
        normal(MATRIX, 1),
        normal((4,), 2),
    ),
}


@pytest.mark.parametrize("op_type", CASES)
def test_the_gradient_agrees_with_the_central_difference(op_type: str) -> None:
    case = CASES[op_type]
    check_gradients(case.function, case.inputs, dtype=case.dtype)


@pytest.mark.parametrize("op_type", CASES)
def test_the_gradient_agrees_where_the_batch_size_varies(op_type: str) -> None:
    case = CASES[op_type]
    check_gradients(case.function, case.inputs, dtype=case.dtype, dims=case.named)


@pytest.mark.parametrize("op_type", [name for name in CASES if RULES[name].lowering])
def test_what_a_rule_takes_an_operator_for_computes_the_same(op_type: str) -> None:
    lower = RULES[op_type].lowering
    assert lower is not None
    case = CASES[op_type]
    arrays = [x.astype(case.dtype or x.dtype) if x.dtype.kind == "f" else x for x in case.inputs]
    tensors = [placeholder(x.shape, x.dtype) for x in arrays]
    nodes = topological_order([case.function(*tensors)])
    (node,) = [node for node in nodes if node.op_type == op_type]
    lowered = lower(node)
    if lowered is not None:
        received = evaluate([*node.outputs, *lowered], dict(zip(tensors, arrays, strict=True)))
        count = len(node.outputs)
        for own, composed in zip(received[:count], received[count:], strict=True):
            np.testing.assert_allclose(composed, own, rtol=1e-5, atol=1e-6)


def test_every_rule_has_a_case() -> None:
    assert set(CASES) == set(RULES)


@pytest.mark.parametrize("op_type", CASES)
def test_the_case_of_a_rule_uses_its_operator(op_type: str) -> None:
    case = CASES[op_type]
    inputs = [
        placeholder(x.shape, (case.dtype or x.dtype) if x.dtype.kind == "f" else x.dtype)
        for x in case.inputs
    ]
    nodes = topological_order([case.function(*inputs)])
    assert op_type in {node.op_type for node in nodes}


def test_no_operator_has_both_a_rule_and_a_declaration_of_zero() -> None:
    assert not ZERO_GRADIENT & set(RULES)
