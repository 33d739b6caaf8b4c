"""Operators as opsets 7 to 17 wrote them, in the form of opset 18."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from konnx import ops
from konnx.converters.onnx_import.calls import Call, Translate, axes_input, without
from konnx.graph import Tensor, constant, int64s, op, refine


def _like(value: float, x: Tensor) -> Tensor:
    """A scalar of the dtype of a tensor."""
    return constant(np.asarray(value, dtype=x.dtype))


def _clip(call: Call) -> Sequence[Tensor] | None:
    if call.version >= 11:
        return None
    low, high = call.get("min"), call.get("max")
    bounds = [None if bound is None else _like(bound, call.x) for bound in (low, high)]
    return [op("Clip", call.x, *bounds)]


def _pad(call: Call) -> Sequence[Tensor] | None:
    if call.version >= 11:
        return None
    value = _like(call.get("value", 0.0), call.x)
    return [op("Pad", call.x, int64s(call.attributes["pads"]), value, mode=call.get("mode"))]


def _reduce(call: Call) -> Sequence[Tensor] | None:
    if call.optional(1) is not None or "axes" not in call.attributes:
        return None
    axes = axes_input(call.get("axes"))
    return call.with_inputs(call.x, axes, **without(call.attributes, "axes"))


def _squeeze(call: Call) -> Sequence[Tensor] | None:
    if "axes" not in call.attributes:
        return None
    return call.with_inputs(call.x, int64s(call.attributes["axes"]))


def _slice(call: Call) -> Sequence[Tensor] | None:
    if call.version >= 10:
        return None
    starts, ends = call.attributes["starts"], call.attributes["ends"]
    return [op("Slice", call.x, int64s(starts), int64s(ends), axes_input(call.get("axes")))]


def _split(call: Call) -> Sequence[Tensor] | None:
    """Sizes were an attribute up to 12; without any, parts are equal, which 18 wants to be told."""
    if "num_outputs" in call.attributes:
        return None
    sizes = axes_input(call.get("split")) if call.optional(1) is None else call.optional(1)
    count = None if sizes is not None else len(call.node.output)
    return call.with_inputs(call.x, sizes, axis=call.get("axis", 0), num_outputs=count)


def _top_k(call: Call) -> Sequence[Tensor] | None:
    if call.version >= 10:
        return None
    return call.with_inputs(call.x, int64s([call.attributes["k"]]), axis=call.get("axis", -1))


def _softmax(call: Call) -> Sequence[Tensor] | None:
    """Before 13 all axes from the given one on were taken together, by default from axis 1."""
    if call.version >= 13:
        return None
    axis, rank = call.get("axis", 1), call.x.ndim
    axis += rank if axis < 0 else 0
    if axis == rank - 1:
        return [op(call.node.op_type, call.x, axis=-1)]
    flat = op(call.node.op_type, op("Flatten", call.x, axis=axis), axis=-1)
    return [refine(op("Reshape", flat, op("Shape", call.x)), call.x.dims or ())]


def _dropout(call: Call) -> Sequence[Tensor] | None:
    """In files for inference it only says where a training would drop; see `partition`."""
    if call.outputs > 1:
        return None
    ratio = call.get("ratio", 0.5)
    if call.version >= 12:
        training = call.constant(2)
        if training is not None and training.all():
            return None
        given = call.constant(1)
        ratio = 0.5 if given is None else float(given)
    return [op("Dropout", call.x, _like(ratio, call.x))]


def _batch_normalization(call: Call) -> Sequence[Tensor] | None:
    """One product and one sum, which a convolution before them can take over."""
    after = max(call.x.ndim - 2, 0)
    scale, bias, mean, variance = (_spread(call.given(index), after) for index in range(1, 5))
    epsilon = call.get("epsilon", 1e-5)
    return [ops.normalize(call.x, mean, variance, scale, bias, epsilon)]


def _spread(weight: Tensor, after: int) -> Tensor:
    """A weight of channels in a shape that broadcasts along the axes after theirs."""
    return ops.reshape(weight, [-1] + [1] * after) if after else weight


def _upsample(call: Call) -> Sequence[Tensor]:
    scales = call.optional(1)
    if scales is None:
        scales = constant(np.asarray(call.attributes["scales"], np.float32))
    return _asymmetric(call, scales)


def _resize(call: Call) -> Sequence[Tensor] | None:
    if call.version == 10:
        return _asymmetric(call, call.given(1))
    inputs = [call.x, *(_unless_empty(call.optional(index)) for index in (1, 2, 3))]
    if call.get("coordinate_transformation_mode") != "tf_crop_and_resize":
        inputs[1] = None
    return [op("Resize", *inputs, **call.attributes)]


def _unless_empty(tensor: Tensor | None) -> Tensor | None:
    """Opset 11 wrote an empty tensor for an absent input."""
    return None if tensor is None or tensor.dims == (0,) else tensor


def _asymmetric(call: Call, scales: Tensor) -> Sequence[Tensor]:
    """As Upsample and Resize did up to opset 10: the nearest below, when shrinking above."""
    value = scales.constant_value
    shrinks = value is not None and bool((value < 1).any())
    mode = {"bilinear": "linear"}.get(call.get("mode", "nearest"), call.get("mode", "nearest"))
    nearest = ("ceil" if shrinks else "floor") if mode == "nearest" else None
    return [
        op(
            "Resize",
            call.x,
            None,
            scales,
            mode=mode,
            coordinate_transformation_mode="asymmetric",
            nearest_mode=nearest,
        )
    ]


def _flatten(call: Call) -> Sequence[Tensor] | None:
    """Axes behind the first, as nearly always, are one size that Reshape works out by itself."""
    sizes = {0: [1, -1], 1: [0, -1]}.get(call.get("axis", 1))
    flat = op("Flatten", call.x, **call.attributes)
    return (
        None if sizes is None else [refine(op("Reshape", call.x, int64s(sizes)), flat.dims or ())]
    )


def _gemm(call: Call) -> Sequence[Tensor] | None:
    """Factors stand outside, where they have a gradient."""
    alpha, beta, bias = call.get("alpha", 1.0), call.get("beta", 1.0), call.optional(2)
    if alpha == beta == 1:
        return None
    product = op("Gemm", *call.inputs[:2], **without(call.attributes, "alpha", "beta"))
    product = product if alpha == 1 else op("Mul", product, _like(alpha, product))
    if bias is None or beta == 0:
        return [product]
    return [op("Add", product, bias if beta == 1 else op("Mul", bias, _like(beta, bias)))]


def _scatter(call: Call) -> Sequence[Tensor]:
    return [op("ScatterElements", *call.inputs, **call.attributes)]


def _roi_align(call: Call) -> Sequence[Tensor] | None:
    if call.version >= 16:
        return None
    mode = "output_half_pixel"
    return [op("RoiAlign", *call.inputs, **call.attributes, coordinate_transformation_mode=mode)]


_REDUCTIONS = (
    *("ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean"),
    *("ReduceMin", "ReduceProd", "ReduceSum", "ReduceSumSquare"),
)

OLD_FORMS: dict[str, Translate] = {
    **dict.fromkeys(_REDUCTIONS, _reduce),
    **dict.fromkeys(("Softmax", "LogSoftmax", "Hardmax"), _softmax),
    **dict.fromkeys(("Squeeze", "Unsqueeze"), _squeeze),
    "BatchNormalization": _batch_normalization,
    "Clip": _clip,
    "Dropout": _dropout,
    "Flatten": _flatten,
    "Gemm": _gemm,
    "Pad": _pad,
    "Resize": _resize,
    "RoiAlign": _roi_align,
    "Scatter": _scatter,
    "Slice": _slice,
    "Split": _split,
    "TopK": _top_k,
    "Upsample": _upsample,
}
"""By operator; each looks at the version itself, where several write it alike."""
