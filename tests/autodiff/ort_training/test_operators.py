"""Every operator given to onnxruntime-training has the gradient of the portable rules."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from konnx import ops, runtime
from konnx.autodiff import RULES, gradients
from konnx.autodiff.ort_training import UnsupportedError, native_gradients
from konnx.autodiff.ort_training.lowering import COMPOSED, ELEMENTWISE, REDUCTIONS
from konnx.autodiff.ort_training.support import ALWAYS, SOMETIMES
from konnx.function import Function
from konnx.graph import Node, Tensor, constant, int64s, op, placeholder, refine

pytestmark = [
    pytest.mark.gradients,
    pytest.mark.skipif(
        "KONNX_TEST_TRAINING_BUILD" not in os.environ and not runtime.can_differentiate(),
        reason="needs the training build, which the nox session `training` installs",
    ),
]

Make = Callable[..., Tensor]


def values(*shape: int) -> np.ndarray:
    """Distinct, at least 0.01 from each other and from 0 and other kinks, and well mixed."""
    count = math.prod(shape)
    mixed = (np.arange(count) * 7919) % (count + 1 if count % 7919 == 0 else max(count, 1))
    return ((mixed + 0.37) / max(count, 1) * 3.2 - 1.57).astype(np.float32).reshape(shape)


def compare(make: Make, arrays: Sequence[Any], *, dynamic: bool) -> None:
    inputs = [
        placeholder(
            ("batch" if dynamic and index == 0 and one.ndim else size, *rest) if one.ndim else (),
            str(one.dtype),
            name=f"x{index}",
        )
        for index, one in enumerate(map(np.asarray, arrays))
        for size, *rest in [one.shape or (0,)]
    ]
    inner = [x * 1.0 if x.dtype == "float32" else x for x in inputs]
    y = make(*inner)
    loss = ops.sum(y * ops.stop_gradient(ops.tanh(y) + 1.3))
    floats = [x for x in inputs if x.dtype == "float32"]
    expected = gradients(loss, floats, training=True)
    found = native_gradients(loss, floats, True)
    assert [one is None for one in found] == [one is None for one in expected]
    pairs = [
        (a, b) for a, b in zip(expected, found, strict=True) if a is not None and b is not None
    ]
    results = Function(inputs, [tensor for pair in pairs for tensor in pair])(arrays)
    for one, other in zip(results[::2], results[1::2], strict=True):
        assert other.shape == one.shape
        scale = max(float(np.abs(one).max(initial=0)), 1e-3)
        np.testing.assert_allclose(other, one, rtol=0, atol=1e-5 * scale)


def raw(op_type: str, *constants: Any, **attributes: Any) -> Make:
    """The operator on all that it is given, then on constants."""
    rest = [None if one is None else constant(one) for one in constants]
    return lambda *tensors: op(op_type, *tensors, *rest, **attributes)


def first(op_type: str, count: int, *constants: Any, **attributes: Any) -> Make:
    rest = [constant(one) for one in constants]
    return lambda *tensors: op(op_type, *tensors, *rest, outputs=count, **attributes)[0]


X = values(3, 4, 2)
POSITIVE = np.abs(X) + np.float32(0.2)
SMALL = X * np.float32(0.4)
IMAGE = values(2, 4, 7, 6)
CUBE = values(2, 3, 5, 4, 4)
PLACES = np.array([[0, 2], [2, 1]])
LABELS = np.array([0, 4, 2, 1])

UNARY = [
    *("Abs", "Exp", "Neg", "Sigmoid", "Tanh", "Relu", "Softplus", "Softsign", "HardSwish", "Mish"),
    *("Identity", "Softmax", "LogSoftmax", "Flatten", "Sin", "Cos", "Erf"),
]

CASES: dict[str, tuple[Make, list[Any]]] = {
    **{name: (raw(name), [X]) for name in UNARY if name in RULES},
    **{
        name: (raw(name), [SMALL])
        for name in ("Sinh", "Cosh", "Tan", "Asin", "Acos", "Atan", "Asinh", "Atanh")
        if name in RULES
    },
    "Acosh": (raw("Acosh"), [POSITIVE + np.float32(1)]),
    "Mod": (raw("Mod", fmod=1), [X, POSITIVE]),
    "Log": (raw("Log"), [POSITIVE]),
    "Sqrt": (raw("Sqrt"), [POSITIVE]),
    "Sqrt at 0": (lambda x: op("Sqrt", op("Relu", x)), [X]),
    "Reciprocal": (raw("Reciprocal"), [POSITIVE]),
    "LeakyRelu": (raw("LeakyRelu", alpha=0.3), [X]),
    "Elu": (raw("Elu", alpha=1.5), [X]),
    "Selu": (raw("Selu", alpha=1.7, gamma=1.1), [X]),
    "Celu": (raw("Celu", alpha=1.5), [X]),
    "HardSigmoid": (raw("HardSigmoid", alpha=0.4, beta=0.5), [X]),
    "ThresholdedRelu": (raw("ThresholdedRelu", alpha=0.5), [X]),
    "Shrink": (raw("Shrink", bias=0.1, lambd=0.5), [X]),
    "PRelu": (raw("PRelu"), [X, values(2)]),
    "Clip": (raw("Clip", np.float32(-0.5), np.float32(0.5)), [X]),
    "Clip below": (raw("Clip", np.float32(-0.5)), [X]),
    "Clip above": (raw("Clip", None, np.float32(0.5)), [X]),
    "Softmax of axis 1": (raw("Softmax", axis=1), [X]),
    **{
        f"{name} {form}": (raw(name), pair)
        for name in ("Add", "Sub", "Mul", "Max", "Min")
        for form, pair in {
            "alike": [X, values(3, 4, 2)[::-1].copy()],
            "with a row": [X, values(2)],
            "with a column": [X, values(4, 1)],
            "with a scalar": [X, np.float32(0.7)],
            "with one that it may repeat": [values(1, 4, 2), values(3, 1, 1)],
        }.items()
    },
    "Div": (raw("Div"), [X, POSITIVE]),
    "Div by a row": (raw("Div"), [X, POSITIVE[0, 0]]),
    "Pow": (raw("Pow"), [POSITIVE, X]),
    "square": (lambda x: op("Mul", x, x), [X]),
    "x three times": (lambda x: op("Concat", x, x, x, axis=1), [X]),
    "Pow 3": (raw("Pow", np.int64(3)), [X]),
    "Where": (lambda x, y: op("Where", op("Greater", x, y), x, y), [X, values(2)]),
    "Where of a row": (lambda x, y: op("Where", op("Greater", y, 0.0 * y), x, y), [X, values(2)]),
    "Where of a side that is smaller": (
        lambda x: op("Where", op("Greater", x, ops.scalar(0, x)), x, constant(X)),
        [values(2)],
    ),
    "Max with a larger constant": (lambda x: op("Max", x, constant(X)), [values(2)]),
    "Sum": (lambda x, y: op("Sum", x, y, x), [X, values(2)]),
    "MatMul": (raw("MatMul"), [values(3, 4), values(4, 5)]),
    "MatMul of a batch": (raw("MatMul"), [X, values(2, 5)]),
    "MatMul of batches": (raw("MatMul"), [values(3, 1, 4, 2), values(6, 2, 3)]),
    "MatMul with one that it may repeat": (raw("MatMul"), [values(1, 4, 2), values(3, 2, 4)]),
    "MatMul by a vector": (raw("MatMul"), [X, values(2)]),
    "MatMul of a vector": (raw("MatMul"), [values(4), values(4, 3)]),
    "Gemm": (raw("Gemm"), [values(3, 4), values(4, 5), values(5)]),
    "Gemm transposed": (
        raw("Gemm", transA=1, transB=1),
        [values(3, 4), values(5, 3), values(4, 1)],
    ),
    "Gemm scaled": (
        raw("Gemm", alpha=0.5, beta=2.0),
        [values(3, 4), values(4, 5), values(1, 5)],
    ),
    "Transpose": (raw("Transpose", perm=[0, 2, 1]), [X]),
    "Reshape": (raw("Reshape", np.array([0, -1])), [X]),
    "Squeeze": (raw("Squeeze", np.array([1])), [values(3, 1, 2)]),
    "Unsqueeze": (raw("Unsqueeze", np.array([1])), [X]),
    "Expand": (raw("Expand", np.array([2, 3, 4, 2])), [X]),
    "Expand what it may repeat": (raw("Expand", np.array([3, 4, 2])), [values(1, 4, 2)]),
    "Tile": (raw("Tile", np.array([2, 1, 3])), [X]),
    "Concat": (lambda x, y: op("Concat", x, y, axis=1), [X, values(3, 2, 2)]),
    "Slice": (raw("Slice", np.array([1]), np.array([4]), np.array([1]), np.array([2])), [X]),
    "Slice backwards": (
        raw("Slice", np.array([-1]), np.array([-(2**62)]), np.array([2]), np.array([-1])),
        [X],
    ),
    "Slice backwards along two axes": (
        raw("Slice", np.array([-1, -1]), np.array([-9, -9]), np.array([1, 2]), np.array([-2, -1])),
        [X],
    ),
    "Slice by computed bounds": (
        lambda x: op(
            "Slice", x, op("Shape", x, start=2), op("Shape", x, start=1, end=2), int64s([1])
        ),
        [X],
    ),
    "Split": (lambda x: op("Split", x, int64s([1, 3]), axis=1, outputs=2)[1], [X]),
    "Gather elements": (
        lambda x: op("GatherElements", x, op("ArgMax", x, axis=1), axis=1),
        [X],
    ),
    "Scatter to sums": (
        lambda x, y: op(
            "ScatterElements",
            x,
            constant(np.array([[0, 0], [1, 1], [0, 3]])),
            y,
            axis=1,
            reduction="add",
        ),
        [values(3, 4), values(3, 2)],
    ),
    "Pad": (raw("Pad", np.array([0, 1, 2, 0, 3, 1])), [X]),
    "Pad that cuts": (raw("Pad", np.array([0, -1, 0, 0, 2, -1])), [X]),
    "Pad with 2": (raw("Pad", np.array([0, 1, 2, 0, 3, 1]), np.float32(2)), [X]),
    **{
        f"{name} over {form}": (raw(name, *axes, keepdims=keepdims), [POSITIVE])
        for name in sorted({"ReduceMean", "ReduceSum"} | (REDUCTIONS & RULES.keys()))
        for form, axes, keepdims in [
            ("axis 1", [np.array([1])], 0),
            ("axes 1 and 2, kept", [np.array([1, 2])], 1),
            ("all", [], 0),
        ]
    },
    "GlobalAveragePool": (raw("GlobalAveragePool"), [IMAGE]),
    "GlobalMaxPool": (raw("GlobalMaxPool"), [IMAGE]),
    "SoftmaxCrossEntropyLoss": (
        lambda x, y: op("SoftmaxCrossEntropyLoss", x, y),
        [values(4, 5), LABELS],
    ),
    "NegativeLogLikelihoodLoss": (
        lambda x, y: op("NegativeLogLikelihoodLoss", x, y, reduction="sum"),
        [values(4, 5), LABELS],
    ),
    "BatchNormalization": (
        raw("BatchNormalization"),
        [CUBE, *(np.abs(values(3)) + np.float32(i + 0.5) for i in range(4))],
    ),
    "BatchNormalization of the batch": (
        first("BatchNormalization", 3, training_mode=1),
        [CUBE, *(np.abs(values(3)) + np.float32(i + 0.5) for i in range(4))],
    ),
    "InstanceNormalization": (raw("InstanceNormalization"), [CUBE, values(3), values(3)]),
    "LayerNormalization": (raw("LayerNormalization"), [values(3, 2, 5), values(5), values(5)]),
    "LayerNormalization without bias": (
        first("LayerNormalization", 3, axis=1),
        [X, values(4, 2)],
    ),
    "LRN": (raw("LRN", size=3), [values(2, 5, 3, 3)]),
    "Dropout that drops nothing": (raw("Dropout"), [X]),
}


def convolutions() -> dict[str, tuple[Make, list[Any]]]:
    cases: dict[str, tuple[Make, list[Any]]] = {}
    for pads in ([0, 0, 0, 0], [1, 0, 1, 2]):
        for strides in ([1, 1], [2, 3]):
            for group in (1, 2, 4):
                attributes = {"pads": pads, "strides": strides, "group": group}
                cases[f"Conv {attributes}"] = (
                    raw("Conv", **attributes),
                    [IMAGE, values(4, 4 // group, 3, 2), values(4)],
                )
    cases["Conv dilated"] = (raw("Conv", dilations=[2, 1]), [IMAGE, values(3, 4, 3, 2)])
    cases["Conv 1-D"] = (
        raw("Conv", pads=[1, 1], strides=[2]),
        [values(2, 3, 7), values(4, 3, 3), values(4)],
    )
    cases["Conv 3-D"] = (
        raw("Conv", pads=[1, 1, 0, 1, 0, 0], strides=[2, 1, 1]),
        [CUBE, values(2, 3, 3, 2, 2), values(2)],
    )
    for padding in ("VALID", "SAME_UPPER", "SAME_LOWER"):
        cases[f"Conv {padding}"] = (
            raw("Conv", auto_pad=padding, strides=[2, 2]),
            [IMAGE, values(3, 4, 3, 2)],
        )
    for attributes in (
        {},
        {"strides": [2, 3], "pads": [1, 0, 0, 1]},
        {"strides": [2, 2], "pads": [1, 1, 1, 1], "output_padding": [1, 1], "group": 2},
        {"strides": [1, 2], "dilations": [2, 1]},
        {"strides": [2, 2], "pads": [3, 2, 3, 2]},
    ):
        cases[f"ConvTranspose {attributes}"] = (
            raw("ConvTranspose", **attributes),
            [values(2, 4, 4, 3), values(4, 2, 3, 2), values(2 * attributes.get("group", 1))],
        )
    cases["ConvTranspose 1-D"] = (
        raw("ConvTranspose", strides=[2]),
        [values(2, 4, 4), values(4, 2, 3)],
    )
    return cases


def pools() -> dict[str, tuple[Make, list[Any]]]:
    cases: dict[str, tuple[Make, list[Any]]] = {}
    for kind in ("MaxPool", "AveragePool"):
        for attributes in (
            {"kernel_shape": [2, 2], "strides": [2, 2]},
            {"kernel_shape": [3, 2], "strides": [2, 2], "pads": [1, 0, 1, 1]},
            {"kernel_shape": [3, 2]},
            {"kernel_shape": [2, 2], "strides": [2, 2], "auto_pad": "SAME_UPPER"},
        ):
            cases[f"{kind} {attributes}"] = (raw(kind, **attributes), [IMAGE])
        cases[f"{kind} 1-D"] = (raw(kind, kernel_shape=[3], strides=[2]), [values(2, 3, 7)])
        for strides in ([1, 1, 1], [2, 2, 2], [2, 1, 2]):
            cases[f"{kind} 3-D {strides}"] = (
                raw(kind, kernel_shape=[2, 2, 2], strides=strides, pads=[1, 0, 1, 0, 1, 0]),
                [CUBE],
            )
    cases["MaxPool that numbers columns first"] = (
        first("MaxPool", 2, kernel_shape=[2, 2], storage_order=1),
        [IMAGE],
    )
    cases["AveragePool that counts the padding"] = (
        raw("AveragePool", kernel_shape=[3, 3], pads=[1, 1, 1, 1], count_include_pad=1),
        [IMAGE],
    )
    for mode in ("nearest", "linear"):
        for form, given in {
            "scaled up": [None, np.array([1, 1, 2, 3], np.float32)],
            "scaled down": [None, np.array([1, 1, 0.5, 1], np.float32)],
        }.items():
            cases[f"Resize {mode} {form}"] = (raw("Resize", *given, mode=mode), [IMAGE])
        enlarged = raw("Resize", None, np.array([1, 1, 2, 3], np.float32), mode=mode)
        cases[f"Resize {mode} along the batch"] = (
            lambda x, enlarged=enlarged: enlarged(op("Transpose", x, perm=[1, 2, 0, 3])),
            [values(2, 3, 4, 2)],
        )
        cases[f"Resize {mode} to sizes"] = (
            raw("Resize", None, None, np.array([2, 3, 7, 4]), mode=mode),
            [values(2, 3, 4, 2)],
        )
    return cases


CASES |= convolutions() | pools()


@pytest.mark.parametrize("dynamic", [False, True], ids=["fixed", "dynamic"])
@pytest.mark.parametrize("name", CASES)
def test_gradients_are_those_of_the_portable_rules(name: str, dynamic: bool) -> None:
    make, arrays = CASES[name]
    compare(make, arrays, dynamic=dynamic)


def at(x: np.ndarray, places: dict[tuple[int, ...], float]) -> np.ndarray:
    """Zeros with other values at some places."""
    found = np.zeros_like(x)
    for place, value in places.items():
        found[place] = value
    return found


def rows(*factors: float) -> np.ndarray:
    """The gradient of a sum in which row i of the second axis of X counts so often."""
    return np.ones_like(X) * np.float32(factors)[:, None]


BY_HAND: dict[str, tuple[Make, np.ndarray]] = {
    "Sin": (raw("Sin"), np.cos(X)),
    "Cos": (raw("Cos"), -np.sin(X)),
    "Erf": (raw("Erf"), np.exp(-(X**2)) * np.float32(2 / np.sqrt(np.pi))),
    "Flatten": (raw("Flatten", axis=2), np.ones_like(X)),
    "Mean": (lambda x: op("Mean", x, 2.0 * x), np.full_like(X, 1.5)),
    "CumSum": (raw("CumSum", np.int64(1)), rows(4, 3, 2, 1)),
    "CumSum backwards without itself": (
        raw("CumSum", np.int64(1), reverse=1, exclusive=1),
        rows(0, 1, 2, 3),
    ),
    "Gather": (raw("Gather", np.array([0, 2, 2]), axis=1), rows(1, 0, 2, 0)),
    "Gather from the end": (raw("Gather", np.array(-1), axis=1), rows(0, 0, 0, 1)),
    "GatherND": (
        raw("GatherND", np.array([[0, 2], [2, 1], [0, 2]])),
        at(X, {(0, 2): 2, (2, 1): 1}),
    ),
    "ScatterND": (
        lambda x: op("ScatterND", x, constant(np.array([[0], [2]])), 3.0 * x[:2]),
        at(X, {(0,): 3, (1,): 4, (2,): 0}),
    ),
    "ScatterND to sums": (
        lambda x: op("ScatterND", x, constant(np.array([[0], [0]])), 3.0 * x[:2], reduction="add"),
        at(X, {(0,): 4, (1,): 4, (2,): 1}),
    ),
    "TopK": (
        first("TopK", 2, np.array([1]), axis=1),
        (X.max(1, keepdims=True) == X).astype(np.float32),
    ),
    "Trilu": (raw("Trilu", upper=1), np.triu(np.ones_like(X))),
    "Pad edge": (raw("Pad", np.array([0, 1, 0, 0, 2, 0]), mode="edge"), rows(2, 1, 1, 3)),
    "Pad reflect": (raw("Pad", np.array([0, 1, 0, 0, 2, 0]), mode="reflect"), rows(1, 3, 2, 1)),
    "Pad of one axis": (raw("Pad", np.array([1, -1]), None, np.array([1])), rows(1, 1, 1, 0)),
    "Floor": (lambda x: op("Floor", x) + x, np.ones_like(X)),
    "Round": (lambda x: op("Round", x) + x, np.ones_like(X)),
    "Sign": (lambda x: op("Sign", x) * 2.0 + x, np.ones_like(X)),
    "Dropout by its mask": (
        lambda x: op("Dropout", x, constant(np.float32(0)), constant(np.array(True)), outputs=2)[0],
        np.ones_like(X),
    ),
}


@pytest.mark.parametrize("name", BY_HAND)
def test_gradients_are_those_by_hand(name: str) -> None:
    make, expected = BY_HAND[name]
    x = placeholder(X.shape, name="x")
    (found,) = native_gradients(ops.sum(make(x * 1.0)), [x], True)
    assert found is not None
    np.testing.assert_allclose(Function([x], [found])([X])[0], expected, rtol=1e-5, atol=1e-6)


def test_every_operator_that_is_handed_over_or_lowered_has_a_case() -> None:
    named = " ".join([*CASES, *BY_HAND]).split()
    known = (
        ALWAYS | SOMETIMES.keys() | COMPOSED.keys() | ((ELEMENTWISE | REDUCTIONS) & RULES.keys())
    )
    written = {"GatherElements", "ScatterElements"}
    assert sorted(known - set(named) - written) == []


REFUSED: dict[str, tuple[Make, list[Any], str]] = {
    "Clip to what is computed": (
        lambda x, low: op("Clip", x, low), [X, np.float32(-0.3)], "only its first input",
    ),
    "Pad with what is computed": (
        lambda x, fill: op("Pad", x, int64s([0, 0, 1, 0, 0, 1]), fill),
        [X, np.float32(0.3)],
        "only its first input",
    ),
    "float64": (lambda x: op("Cast", op("Cast", x, to=11), to=1), [X], "only float32"),
    "float16": (lambda x: op("Cast", op("Cast", x, to=10), to=1), [X], "only float32"),
    "ReduceSum over what only a run knows": (
        lambda x: refine(op("ReduceSum", x, op("Shape", x, start=0, end=1)), (None,) * 3),
        [X],
        "axes are not known",
    ),
    "ReduceSumSquare that reduces nothing": (
        lambda x: op("ReduceSumSquare", x, noop_with_empty_axes=1), [X], "may reduce nothing",
    ),
    "Dropout that draws": (
        lambda x: op("Dropout", x, constant(np.float32(0.5)), constant(np.array(True))),
        [X],
        "no gradient, and nothing stands for it",
    ),
    "an operator of another domain": (
        lambda x: foreign(x), [X], "domain 'com.microsoft'",
    ),
}  # fmt: skip


def foreign(x: Tensor) -> Tensor:
    return Node("BiasGelu", (x, x), {}, [x.type], domain="com.microsoft").outputs[0]


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_go_is_refused_by_name(name: str) -> None:
    make, arrays, reason = REFUSED[name]
    tensors = [placeholder(np.shape(one), name="x") for one in arrays]
    loss = ops.sum(make(*tensors))
    with pytest.raises(UnsupportedError, match=reason):
        native_gradients(loss, tensors, True)
