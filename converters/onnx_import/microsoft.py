"""What ONNX Runtime's optimizer leaves in files, in ONNX' own operators."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from konnx.converters.onnx_import.calls import Call, Translate, without
from konnx.graph import Tensor, constant, int64s, op


def _like(value: float, x: Tensor) -> Tensor:
    return constant(np.asarray(value, dtype=x.dtype))


def _fused_conv(call: Call) -> Sequence[Tensor]:
    attributes = without(call.attributes, "activation", "activation_params")
    y = op("Conv", *call.inputs[:3], **attributes)
    added = call.optional(3)
    y = y if added is None else op("Add", y, added)
    return [_activated(y, call.get("activation", ""), call.get("activation_params", ()))]


def _activated(y: Tensor, name: str, numbers: Sequence[float]) -> Tensor:
    if not name:
        return y
    if name == "Clip":
        return op("Clip", y, *(_like(number, y) for number in numbers))
    attributes: dict[str, Any] = dict(zip(("alpha", "beta"), numbers, strict=False))
    activated: Tensor = op(name, y, **attributes)
    return activated


def _fused_gemm(call: Call) -> Sequence[Tensor]:
    own = [name for name in call.attributes if name.startswith("activation")]
    y = op("Gemm", *call.inputs, **without(call.attributes, *own))
    numbers = [call.attributes[f"activation_{one}"] for one in ("alpha", "beta", "gamma")
               if f"activation_{one}" in own]  # fmt: skip
    return [_activated(y, call.get("activation", ""), numbers)]


def _fused_matmul(call: Call) -> Sequence[Tensor]:
    if call.get("transBatchA") or call.get("transBatchB"):
        raise ValueError("transBatchA and transBatchB are not supported")
    a, b = (
        _transposed(call.given(index)) if call.get(name) else call.given(index)
        for index, name in enumerate(("transA", "transB"))
    )
    y = op("MatMul", a, b)
    alpha = call.get("alpha", 1.0)
    return [y if alpha == 1 else op("Mul", y, _like(alpha, y))]


def _transposed(x: Tensor) -> Tensor:
    if x.ndim < 2:
        return x
    axes = list(range(x.ndim))
    return op("Transpose", x, perm=[*axes[:-2], axes[-1], axes[-2]])


def _gelu(x: Tensor) -> Tensor:
    erf = op("Erf", op("Mul", x, _like(math.sqrt(0.5), x)))
    return op("Mul", op("Mul", x, _like(0.5, x)), op("Add", erf, _like(1, x)))


def _fast_gelu(x: Tensor) -> Tensor:
    cube = op("Mul", op("Mul", x, x), x)
    inner = op("Add", x, op("Mul", cube, _like(0.044715, x)))
    tanh = op("Tanh", op("Mul", inner, _like(math.sqrt(2 / math.pi), x)))
    return op("Mul", op("Mul", x, _like(0.5, x)), op("Add", tanh, _like(1, x)))


def _biased(call: Call) -> Tensor:
    bias = call.optional(1)
    return call.x if bias is None else op("Add", call.x, bias)


def _quick_gelu(call: Call) -> Sequence[Tensor]:
    x = call.x
    return [op("Mul", x, op("Sigmoid", op("Mul", x, _like(call.get("alpha", 1.702), x))))]


def _skip_layer_normalization(call: Call) -> Sequence[Tensor]:
    """Inputs x, skip, gamma, beta and bias; the fourth output is the sum."""
    total = _sum(call, 4)
    y = op(
        "LayerNormalization",
        total,
        call.given(2),
        call.optional(3),
        axis=-1,
        epsilon=call.get("epsilon", 1e-12),
    )
    return _with_sum(call, y, total)


def _skip_simplified_layer_normalization(call: Call) -> Sequence[Tensor]:
    total = _sum(call, 3)
    y = _rms_normalized(total, call.given(2), call.get("epsilon", 1e-12), -1)
    return _with_sum(call, y, total)


def _sum(call: Call, bias_at: int) -> Tensor:
    total, bias = op("Add", call.x, call.given(1)), call.optional(bias_at)
    return total if bias is None else op("Add", total, bias)


def _with_sum(call: Call, y: Tensor, total: Tensor) -> Sequence[Tensor]:
    if any(call.node.output[1:3]):
        raise ValueError("its outputs of mean and deviation are not supported")
    return [y, y, y, total][: call.outputs]


def _simplified_layer_normalization(call: Call) -> Sequence[Tensor]:
    if call.outputs > 1:
        raise ValueError("its output of the deviation is not supported")
    epsilon, axis = call.get("epsilon", 1e-5), call.get("axis", -1)
    return [_rms_normalized(call.x, call.given(1), epsilon, axis)]


def _rms_normalized(x: Tensor, scale: Tensor, epsilon: float, axis: int) -> Tensor:
    axes = range(axis, 0) if axis < 0 else range(axis, x.ndim)
    mean = op("ReduceMean", op("Mul", x, x), int64s(axes), keepdims=1)
    deviation = op("Sqrt", op("Add", mean, _like(epsilon, x)))
    return op("Mul", op("Div", x, deviation), scale)


MICROSOFT: dict[str, Translate] = {
    "BiasGelu": lambda call: [_gelu(_biased(call))],
    "FastGelu": lambda call: [_fast_gelu(_biased(call))],
    "FusedConv": _fused_conv,
    "FusedGemm": _fused_gemm,
    "FusedMatMul": _fused_matmul,
    "Gelu": lambda call: [_gelu(call.x)],
    "QuickGelu": _quick_gelu,
    "SkipLayerNormalization": _skip_layer_normalization,
    "SkipSimplifiedLayerNormalization": _skip_simplified_layer_normalization,
    "TransposeMatMul": _fused_matmul,
    "Trilu": lambda call: [op("Trilu", *call.inputs, **call.attributes)],
}
"""Operators of the domain com.microsoft."""

RUNTIME_ONLY: dict[str, Translate] = {
    "SimplifiedLayerNormalization": _simplified_layer_normalization,
}
"""Operators that ONNX Runtime adds to ONNX' own domain."""
