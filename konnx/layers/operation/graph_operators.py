"""Operators of TensorFlow's graphs, which TensorFlow 1.13 to 2.3 wrote as `TensorFlowOpLayer`.

Each takes its inputs in order, and the attributes of the node as a dict.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from konnx import ops
from konnx.graph import Tensor, op
from konnx.layers.operation import functions as f

Attributes = Mapping[str, Any]
Row = tuple[str, f.Function]

_DTYPES = {
    "DT_BOOL": "bool", "DT_DOUBLE": "float64", "DT_FLOAT": "float32", "DT_HALF": "float16",
    "DT_INT32": "int32", "DT_INT64": "int64", "DT_UINT8": "uint8",
}  # fmt: skip


def cumulative_sum(
    x: Any, axis: int = 0, exclusive: bool = False, reverse: bool = False, name: Any = None
) -> Tensor:
    """The sum of the elements up to each place, or from it on."""
    tensor = ops.as_tensor(x)
    place = ops.as_tensor(axis % tensor.ndim, "int64")
    return op("CumSum", tensor, place, exclusive=int(exclusive), reverse=int(reverse))


def slice_(x: Any, begin: Sequence[int], size: Sequence[int]) -> Tensor:
    """So many elements from a place on; -1 of them are all."""
    ends = [2**62 if n == -1 else b + n for b, n in zip(begin, size, strict=True)]
    tensor = ops.as_tensor(x)
    return ops.slice_axes(tensor, begin, ends, list(range(tensor.ndim)))


def depth_to_space(x: Any, block_size: int, layout: str = "NHWC") -> Tensor:
    """Channels spread over blocks of pixels."""
    return _channels_first(x, layout, lambda y: op("DepthToSpace", y, blocksize=block_size))


def space_to_depth(x: Any, block_size: int, layout: str = "NHWC") -> Tensor:
    """Blocks of pixels laid into channels."""
    return _channels_first(x, layout, lambda y: op("SpaceToDepth", y, blocksize=block_size))


def _channels_first(x: Any, layout: str, function: f.Function) -> Tensor:
    if layout == "NCHW":
        return ops.as_tensor(function(ops.as_tensor(x)))
    return ops.transpose(function(ops.transpose(x, [0, 3, 1, 2])), [0, 2, 3, 1])


def _binary(function: f.Function) -> Row:
    return "x, y, attributes=None", lambda x, y, _: f.promoting(function)(x, y)


def _unary(function: f.Function) -> Row:
    return "x, attributes=None", lambda x, _: function(x)


def _reduced(function: f.Function) -> Row:
    return "x, axes, attributes=None", lambda x, axes, attributes: function(
        x, axes, bool(attributes.get("keep_dims", False))
    )


def _strided_slice(x: Any, begin: Any, end: Any, strides: Any, attributes: Attributes) -> Tensor:
    """x[begin:end:strides], whose masks say which of the three stand for something else."""
    items = zip(begin, end, strides, strict=True)
    key = [_index(place, *item, attributes) for place, item in enumerate(items)]
    return f.get_item(x, key)


def _index(place: int, begin: int, end: int, stride: int, attributes: Attributes) -> Any:
    def is_set(mask: str) -> bool:
        return bool(attributes.get(mask, 0) >> place & 1)

    if is_set("ellipsis_mask"):
        return ...
    if is_set("new_axis_mask"):
        return None
    if is_set("shrink_axis_mask"):
        return begin
    first = None if is_set("begin_mask") else begin
    return slice(first, None if is_set("end_mask") else end, stride)


def _matmul(x: Any, y: Any, attributes: Attributes) -> Tensor:
    flags = [attributes.get(f"transpose_{one}", attributes.get(f"adj_{two}", False))
             for one, two in ("ax", "by")]  # fmt: skip
    return f.matmul(x, y, *flags)


def _concat(values: Sequence[Any], attributes: Any = None) -> Tensor:
    return f.concatenate(values[:-1], int(values[-1]))


def _reshape(x: Any, shape: Any, attributes: Attributes) -> Tensor:
    return f.reshape(x, shape)


OPERATORS: dict[str, Row] = {
    "Add AddV2": _binary(ops.add),
    "BiasAdd": _binary(ops.add),
    "Sub": _binary(ops.subtract),
    "Mul": _binary(ops.multiply),
    "RealDiv": _binary(f.divide),
    "Pow": _binary(ops.pow),
    "Maximum": _binary(ops.maximum),
    "Minimum": _binary(ops.minimum),
    "SquaredDifference": _binary(f.squared_difference),
    "Greater": _binary(ops.greater),
    "Less": _binary(ops.less),
    "Equal": _binary(ops.equal),
    "Abs": _unary(ops.abs),
    "Neg": _unary(ops.negative),
    "Exp": _unary(ops.exp),
    "Log": _unary(ops.log),
    "Sqrt": _unary(f.onnx("Sqrt")),
    "Rsqrt": _unary(f.rsqrt),
    "Square": _unary(ops.square),
    "Sigmoid": _unary(ops.sigmoid),
    "Tanh": _unary(ops.tanh),
    "Relu": _unary(ops.relu),
    "Relu6": _unary(ops.relu6),
    "Elu": _unary(ops.elu),
    "Softplus": _unary(ops.softplus),
    "Softmax": _unary(ops.softmax),
    "Identity": _unary(ops.identity),
    "Shape": _unary(f.shape_of),
    "Sum": _reduced(ops.sum),
    "Mean": _reduced(ops.mean),
    "Max": _reduced(ops.max),
    "Min": _reduced(ops.min),
    "Prod": _reduced(ops.prod),
    "Reshape": ("tensor, shape, attributes=None", _reshape),
    "Transpose": ("x, perm, attributes=None", lambda x, perm, _: ops.transpose(x, perm)),
    "ExpandDims": ("input, dim, attributes=None", lambda x, axis, _: f.expand_dims(x, axis)),
    "Squeeze": ("x, attributes=None", lambda x, a: f.squeeze(x, a.get("squeeze_dims"))),
    "Pack": ("*values, attributes=None", lambda values, a: f.stack(values, a.get("axis", 0))),
    "ConcatV2": ("*values, attributes=None", _concat),
    "Cast": ("x, attributes=None", lambda x, a: ops.cast(x, _DTYPES[a["DstT"]])),
    "Pad": ("x, paddings, attributes=None", lambda x, pads, _: f.pad(x, pads)),
    "GatherV2": (
        "params, indices, axis, attributes=None",
        lambda x, indices, axis, _: f.gather(x, indices, axis),
    ),
    "StridedSlice": ("x, begin, end, strides, attributes=None", _strided_slice),
    "MatMul BatchMatMul BatchMatMulV2": ("a, b, attributes=None", _matmul),
}
