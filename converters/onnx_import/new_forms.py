"""Operators as opsets after 18 write them, in the form of opset 18."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from konnx import ops
from konnx.converters.onnx_import.calls import Call, Translate, without
from konnx.graph import Tensor, constant, int64s, op, refine
from konnx.graph.types import elem_type_of


def _cast_like(call: Call) -> Sequence[Tensor]:
    return [op("Cast", call.x, to=elem_type_of(call.given(1).dtype))]


def _reduce_bool(call: Call) -> Sequence[Tensor] | None:
    """From 20 on the largest and smallest of bools may be asked for."""
    if call.x.dtype != "bool":
        return None
    numbers = op("Cast", call.x, to=elem_type_of("int32"))
    result = op(call.node.op_type, numbers, *call.inputs[1:], **call.attributes)
    return [op("Cast", result, to=elem_type_of("bool"))]


def _dft(call: Call) -> Sequence[Tensor] | None:
    """From 20 on the axis is an input; before, an attribute."""
    if call.version < 20:
        return None
    axis = -2 if call.optional(2) is None else call.constant(2)
    if axis is None:
        raise ValueError("its axis must be a constant")
    return [op("DFT", call.x, call.optional(1), **call.attributes, axis=int(axis))]


def _grid_sample(call: Call) -> Sequence[Tensor] | None:
    """From 20 on the modes have the names that do not count axes."""
    names = {"linear": "bilinear", "cubic": "bicubic"}
    mode = call.get("mode", "linear" if call.version >= 20 else "bilinear")
    return call.with_inputs(*call.inputs, **{**call.attributes, "mode": names.get(mode, mode)})


def _group_normalization(call: Call) -> Sequence[Tensor]:
    """One scale for each channel from 21 on, before that one for each group."""
    x, scale, bias = call.x, call.given(1), call.given(2)
    groups = int(call.attributes["num_groups"])
    grouped = op("Reshape", x, int64s([0, groups, -1]))
    centred = grouped - ops.mean(grouped, -1, keepdims=True)
    variance = ops.mean(ops.square(centred), -1, keepdims=True)
    epsilon = constant(np.asarray(call.get("epsilon", 1e-5), x.dtype))
    normal = centred / ops.sqrt(variance + epsilon)
    if call.version < 21:
        normal = normal * op("Unsqueeze", scale, int64s([1])) + op("Unsqueeze", bias, int64s([1]))
    shaped = refine(op("Reshape", normal, op("Shape", x)), x.dims or ())
    if call.version < 21:
        return [shaped]
    tail = int64s([-1] + [1] * (x.ndim - 2))
    return [shaped * op("Reshape", scale, tail) + op("Reshape", bias, tail)]


def _pad(call: Call) -> Sequence[Tensor] | None:
    """From 19 on what is padded may go on at the other end."""
    if call.get("mode") != "wrap":
        return None
    amounts, axes = call.constant(1), call.constant(3)
    if amounts is None or (axes is None and call.optional(3) is not None):
        raise ValueError("the amounts of a padding that wraps must be constants")
    x = call.x
    along = range(x.ndim) if axes is None else [int(axis) for axis in axes]
    count = len(amounts) // 2
    for axis, before, after in zip(along, amounts[:count], amounts[count:], strict=True):
        x = _wrapped(x, axis, int(before), int(after))
    return [x]


def _wrapped(x: Tensor, axis: int, before: int, after: int) -> Tensor:
    if before < 0 or after < 0:
        raise ValueError("a padding that wraps cannot cut off")
    end = np.iinfo(np.int64).max
    parts = [_part(x, axis, -before, end)] if before else []
    parts += [x, *([_part(x, axis, 0, after)] if after else [])]
    return op("Concat", *parts, axis=axis) if len(parts) > 1 else x


def _part(x: Tensor, axis: int, start: int, end: int) -> Tensor:
    return op("Slice", x, int64s([start]), int64s([end]), int64s([axis]))


def _average_pool(call: Call) -> Sequence[Tensor] | None:
    if "dilations" not in call.attributes:
        return None
    if any(step != 1 for step in call.attributes["dilations"]):
        raise ValueError("average pooling with dilations came after opset 18")
    return call.with_inputs(call.x, **without(call.attributes, "dilations"))


NEW_FORMS: dict[str, Translate] = {
    "AveragePool": _average_pool,
    "CastLike": _cast_like,
    "DFT": _dft,
    "GridSample": _grid_sample,
    "GroupNormalization": _group_normalization,
    "Pad": _pad,
    "ReduceMax": _reduce_bool,
    "ReduceMin": _reduce_bool,
}
"""By operator; each looks at the version itself, where several write it alike."""
