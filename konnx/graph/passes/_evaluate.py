"""What ONNX operators compute, in NumPy: one row an operator, for folding constants."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from onnx import helper

from konnx.graph.tensor import Node

Arrays = Sequence[Any]  # arrays, None where an optional input is absent
Evaluate = Callable[[Arrays, Mapping[str, Any]], Any]


def evaluate(node: Node, inputs: Arrays) -> np.ndarray | None:
    """Compute the only output of a node, in its own dtype; None where there is no rule.

    An input that the operator itself would refuse is left for the runtime to report.
    """
    rule = RULES.get(node.op_type)
    if rule is None or node.domain or len(node.outputs) != 1:
        return None
    try:
        with np.errstate(all="ignore"):
            result = rule(inputs, node.attributes)
            return None if result is None else np.asarray(result, dtype=node.outputs[0].dtype)
    except (ValueError, IndexError):
        return None


def _optional(inputs: Arrays, index: int) -> Any:
    return inputs[index] if index < len(inputs) else None


# Shapes and axes ------------------------------------------------------------------------------


def _axes(inputs: Arrays, index: int = 1) -> tuple[int, ...] | None:
    axes = _optional(inputs, index)
    return None if axes is None else tuple(int(axis) for axis in axes.reshape(-1))


def _reshape(inputs: Arrays, attributes: Mapping[str, Any]) -> Any:
    x, shape = inputs
    sizes = [int(size) for size in shape]
    if not attributes.get("allowzero"):
        sizes = [x.shape[i] if size == 0 else size for i, size in enumerate(sizes)]
    return x.reshape(sizes)


def _squeeze(inputs: Arrays, _: Mapping[str, Any]) -> Any:
    return np.squeeze(inputs[0], _axes(inputs))


def _unsqueeze(inputs: Arrays, _: Mapping[str, Any]) -> Any:
    return np.expand_dims(inputs[0], _axes(inputs) or ())


def _flatten(inputs: Arrays, attributes: Mapping[str, Any]) -> Any:
    x, axis = inputs[0], int(attributes.get("axis", 1))
    axis += x.ndim if axis < 0 else 0
    return x.reshape(int(np.prod(x.shape[:axis])), -1)


def _slice(inputs: Arrays, _: Mapping[str, Any]) -> Any:
    x, starts, ends = inputs[:3]
    axes = _axes(inputs, 3) or range(len(starts))
    steps = _axes(inputs, 4) or [1] * len(starts)
    index = [slice(None)] * x.ndim
    for axis, start, end, step in zip(axes, starts, ends, steps, strict=True):
        index[axis] = slice(int(start), int(end), int(step))
    return x[tuple(index)]


def _expand(inputs: Arrays, _: Mapping[str, Any]) -> Any:
    x, shape = inputs
    return np.broadcast_to(x, np.broadcast_shapes(x.shape, tuple(int(size) for size in shape)))


def _constant_of_shape(inputs: Arrays, attributes: Mapping[str, Any]) -> Any:
    fill = attributes.get("value", np.zeros(1, np.float32))
    return np.broadcast_to(fill, tuple(inputs[0])) if isinstance(fill, np.ndarray) else None


# Reductions -----------------------------------------------------------------------------------


def _reduction(function: Callable[..., Any], *, floats_only: bool = False) -> Evaluate:
    def rule(inputs: Arrays, attributes: Mapping[str, Any]) -> Any:
        x, axes = inputs[0], _axes(inputs)
        if floats_only and x.dtype.kind != "f":
            return None
        if not axes and attributes.get("noop_with_empty_axes"):
            return x
        return function(x, axis=axes or None, keepdims=bool(attributes.get("keepdims", 1)))

    return rule


def _arg_max(inputs: Arrays, attributes: Mapping[str, Any]) -> Any:
    if attributes.get("select_last_index"):
        return None
    axis, keepdims = attributes.get("axis", 0), bool(attributes.get("keepdims", 1))
    return np.argmax(inputs[0], axis=axis, keepdims=keepdims)


# Arithmetic -----------------------------------------------------------------------------------


def _divide(inputs: Arrays, _: Mapping[str, Any]) -> Any:
    x, y = inputs
    if x.dtype.kind == "f":
        return x / y
    return None if not y.all() else np.trunc(x / y) if abs(x).max(initial=0) < 2**52 else None


def _power(inputs: Arrays, _: Mapping[str, Any]) -> Any:
    x, y = inputs
    return np.power(x, y.astype(x.dtype)) if x.dtype.kind == "f" else None


def _clip(inputs: Arrays, _: Mapping[str, Any]) -> Any:
    x, low, high = inputs[0], _optional(inputs, 1), _optional(inputs, 2)
    x = x if low is None else np.maximum(x, low)
    return x if high is None else np.minimum(x, high)


def _cast(inputs: Arrays, attributes: Mapping[str, Any]) -> Any:
    return inputs[0].astype(helper.tensor_dtype_to_np_dtype(attributes["to"]))


def _gemm(inputs: Arrays, attributes: Mapping[str, Any]) -> Any:
    if attributes.get("alpha", 1.0) != 1.0 or attributes.get("beta", 1.0) != 1.0:
        return None
    x, y = inputs[:2]
    x = x.T if attributes.get("transA") else x
    y = y.T if attributes.get("transB") else y
    bias = _optional(inputs, 2)
    return x @ y if bias is None else x @ y + bias


def _sigmoid(x: Any) -> Any:
    one = x.dtype.type(1)
    return one / (one + np.exp(-x))


def _elementwise(function: Callable[..., Any]) -> Evaluate:
    return lambda inputs, _: function(*inputs)


def _folded(function: Callable[[Any, Any], Any]) -> Evaluate:
    def rule(inputs: Arrays, _: Mapping[str, Any]) -> Any:
        result = inputs[0]
        for other in inputs[1:]:
            result = function(result, other)
        return result

    return rule


def _along_axis(function: Callable[..., Any]) -> Evaluate:
    return lambda inputs, attributes: function(*inputs, axis=attributes.get("axis", 0))


RULES: dict[str, Evaluate] = {
    # shapes and axes
    "Concat": lambda inputs, attributes: np.concatenate(inputs, attributes["axis"]),
    "ConstantOfShape": _constant_of_shape,
    "Expand": _expand,
    "Flatten": _flatten,
    "Gather": _along_axis(np.take),
    "GatherElements": _along_axis(np.take_along_axis),
    "Identity": _elementwise(lambda x: x),
    "Range": _elementwise(lambda start, limit, delta: np.arange(start, limit, delta)),
    "Reshape": _reshape,
    "Shape": lambda inputs, attributes: np.array(inputs[0].shape, np.int64)[
        attributes.get("start", 0) : attributes.get("end")
    ],
    "Size": _elementwise(lambda x: np.int64(x.size)),
    "Slice": _slice,
    "Squeeze": _squeeze,
    "Tile": _elementwise(np.tile),
    "Transpose": lambda inputs, attributes: np.transpose(inputs[0], attributes.get("perm")),
    "Unsqueeze": _unsqueeze,
    # reductions
    "ArgMax": _arg_max,
    "ReduceMax": _reduction(np.max),
    "ReduceMean": _reduction(np.mean, floats_only=True),
    "ReduceMin": _reduction(np.min),
    "ReduceProd": _reduction(np.prod),
    "ReduceSum": _reduction(np.sum),
    # functions of single elements
    "Abs": _elementwise(np.abs),
    "Cast": _cast,
    "Ceil": _elementwise(np.ceil),
    "Clip": _clip,
    "Exp": _elementwise(np.exp),
    "Floor": _elementwise(np.floor),
    "Log": _elementwise(np.log),
    "Neg": _elementwise(np.negative),
    "Not": _elementwise(np.logical_not),
    "Reciprocal": _elementwise(lambda x: x.dtype.type(1) / x),
    "Relu": _elementwise(lambda x: np.maximum(x, x.dtype.type(0))),
    "Round": _elementwise(np.rint),
    "Sigmoid": _elementwise(_sigmoid),
    "Sign": _elementwise(np.sign),
    "Sqrt": _elementwise(np.sqrt),
    "Tanh": _elementwise(np.tanh),
    # arithmetic and comparisons
    "Add": _elementwise(np.add),
    "And": _elementwise(np.logical_and),
    "Div": _divide,
    "Equal": _elementwise(np.equal),
    "Gemm": _gemm,
    "Greater": _elementwise(np.greater),
    "GreaterOrEqual": _elementwise(np.greater_equal),
    "Less": _elementwise(np.less),
    "LessOrEqual": _elementwise(np.less_equal),
    "MatMul": _elementwise(np.matmul),
    "Max": _folded(np.maximum),
    "Min": _folded(np.minimum),
    "Mul": _elementwise(np.multiply),
    "Or": _elementwise(np.logical_or),
    "Pow": _power,
    "Sub": _elementwise(np.subtract),
    "Sum": _folded(np.add),
    "Where": _elementwise(np.where),
}
