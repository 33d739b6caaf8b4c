"""Applying ONNX operators; the types of what they make come from ONNX' own inference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal, overload

import numpy as np
import onnx
from onnx import defs, helper, numpy_helper, shape_inference

from konnx.graph.tensor import OPSET, Node, ShapeError, Tensor, current_scope, is_placeholder
from konnx.graph.types import Dim, TensorType, merge_dims

_SMALL = 256  # elements; constants up to this size take part in shape inference


@overload
def op(
    op_type: str, *inputs: Tensor | None, outputs: Literal[1] = 1, **attributes: Any
) -> Tensor: ...
@overload
def op(
    op_type: str, *inputs: Tensor | None, outputs: int, **attributes: Any
) -> tuple[Tensor, ...]: ...
def op(
    op_type: str, *inputs: Tensor | None, outputs: int = 1, **attributes: Any
) -> Tensor | tuple[Tensor, ...]:
    """Apply an ONNX operator; None stands for an absent optional input.

    Attributes that are None are left out. Types and shapes come from ONNX' own inference.

    Raises:
        ShapeError: the inputs do not fit the operator; names the layer and the shapes.
    """
    attributes = {key: value for key, value in attributes.items() if value is not None}
    while inputs and inputs[-1] is None:
        inputs = inputs[:-1]
    types = infer_types(op_type, inputs, attributes, outputs)
    node = Node(op_type, inputs, attributes, types)
    return node.outputs[0] if outputs == 1 else node.outputs


@lru_cache(maxsize=512)
def _schema(op_type: str) -> defs.OpSchema:
    return defs.get_schema(op_type, OPSET, "")


def infer_types(
    op_type: str, inputs: Sequence[Tensor | None], attributes: Mapping[str, Any], outputs: int
) -> list[TensorType]:
    """Return the types of the first outputs of an ONNX operator.

    Raises:
        ShapeError: the inputs do not fit the operator; names the layer and the shapes.
    """
    key = _inference_key(op_type, inputs, attributes, outputs)
    known = _known_types.get(key)
    if known is not None:
        return list(known)
    inferred = _infer(op_type, inputs, attributes, outputs)
    if key is not None:
        if len(_known_types) >= _MOST_KNOWN:
            _known_types.clear()
        _known_types[key] = inferred
    return list(inferred)


# What was inferred before: networks repeat their layers, and inference takes most of building one.
_known_types: dict[object, list[TensorType]] = {}
_MOST_KNOWN = 8192


def _inference_key(
    op_type: str, inputs: Sequence[Tensor | None], attributes: Mapping[str, Any], outputs: int
) -> object:
    """All that inference depends on, to be hashed; None where it cannot be."""
    values = {str(index): _small_value(one) for index, one in enumerate(inputs) if one is not None}
    given = {name: value for name, value in values.items() if value is not None}
    parts = [(name, _value_key(value)) for name, value in (*attributes.items(), *given.items())]
    if any(part is None for _, part in parts):
        return None
    types = [None if tensor is None else tensor.type for tensor in inputs]
    return (op_type, outputs, *types, *parts)


def _value_key(value: Any) -> object:
    if isinstance(value, np.ndarray):
        is_small = value.size <= _SMALL and value.dtype.kind != "O"
        return (value.dtype.str, value.shape, value.tobytes()) if is_small else None
    items = value if isinstance(value, list | tuple) else (value,)
    if all(isinstance(item, int | float | str | bytes) for item in items):
        return repr(value)  # 1 and 1.0 are equal, but other attributes
    return None


def _infer(
    op_type: str, inputs: Sequence[Tensor | None], attributes: Mapping[str, Any], outputs: int
) -> list[TensorType]:
    op_type = _INFERRED_AS.get(op_type, op_type)
    input_names = [f"i{index}" if given is not None else "" for index, given in enumerate(inputs)]
    output_names = [f"o{index}" for index in range(outputs)]
    node = node_proto(op_type, input_names, output_names, attributes)
    given = {
        name: tensor for name, tensor in zip(input_names, inputs, strict=True) if tensor is not None
    }
    try:
        inferred = shape_inference.infer_node_outputs(
            _schema(op_type),
            node,
            {name: tensor.type.proto for name, tensor in given.items()},
            {
                name: numpy_helper.from_array(value)
                for name, tensor in given.items()
                if (value := _small_value(tensor)) is not None
            },
            opset_imports=_OPSET_IMPORTS,
            ir_version=8,
        )
    except Exception as error:  # onnx raises InferenceError or, of types, RuntimeError
        raise _shape_error(op_type, inputs, attributes, error) from error
    return [_checked_type(op_type, inferred.get(name), inputs) for name in output_names]


# Operators that onnx before 1.20 infers no type for, and others of the same types.
_INFERRED_AS = {"GreaterOrEqual": "Greater", "LessOrEqual": "Less"}

# Operators that onnx infers a type but no shape for: that of their first input.
_SHAPED_LIKE_INPUT = {"MeanVarianceNormalization"}

_OPSET_IMPORTS = [helper.make_opsetid("", OPSET)]


def _checked_type(
    op_type: str, proto: onnx.TypeProto | None, inputs: Sequence[Tensor | None]
) -> TensorType:
    kind = None if proto is None else proto.WhichOneof("value")
    if proto is None or kind is None or (kind == "tensor_type" and not proto.tensor_type.elem_type):
        raise ShapeError(f"ONNX cannot infer the type of {op_type} of {list(inputs)}")
    type_ = TensorType.from_proto(proto)
    if type_.dims is None and op_type in _SHAPED_LIKE_INPUT and inputs[0] is not None:
        return TensorType(type_.dtype, inputs[0].dims)
    return type_


def _small_value(tensor: Tensor) -> np.ndarray | None:
    """The value of a constant that inference may want: sizes, axes, pads."""
    value = tensor.constant_value
    return None if value is None or value.size > _SMALL else value


def _shape_error(
    op_type: str,
    inputs: Sequence[Tensor | None],
    attributes: Mapping[str, Any],
    error: Exception,
) -> ShapeError:
    reason = str(error).strip().splitlines()[-1] if str(error).strip() else type(error).__name__
    received = ", ".join(
        "none" if tensor is None else f"{tensor.dtype}{_dims_text(tensor.dims)}"
        for tensor in inputs
    )
    where = f" in '{current_scope()}'" if current_scope() else ""
    return ShapeError(
        f"{op_type}{where} cannot take these inputs: {reason}. "
        f"Received: inputs=({received}), attributes={dict(attributes)}"
    )


def _dims_text(dims: tuple[Dim, ...] | None) -> str:
    return "[rank unknown]" if dims is None else str(list(dims))


def node_proto(
    op_type: str,
    inputs: Sequence[str],
    outputs: Sequence[str],
    attributes: Mapping[str, Any],
    name: str = "",
    domain: str = "",
) -> onnx.NodeProto:
    """Spell a node in ONNX."""
    attributes = {key: _attribute_value(value) for key, value in attributes.items()}
    return helper.make_node(
        op_type, inputs, outputs, name=name or None, domain=domain or None, **attributes
    )


def _attribute_value(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return numpy_helper.from_array(value)
    if isinstance(value, list | tuple):
        return [_attribute_value(item) for item in value]
    return value


def refine(tensor: Tensor, dims: Sequence[Dim]) -> Tensor:
    """Return the tensor with what is known of its shape from elsewhere added.

    The node is copied with the sharper type, so this belongs right where the tensor is made.

    Raises:
        ShapeError: `dims` contradicts what ONNX inferred.
    """
    try:
        merged = merge_dims(tensor.dims, dims)
    except ValueError as error:
        raise ShapeError(f"{tensor!r} cannot have the shape {tuple(dims)}: {error}") from error
    if merged == tensor.dims:
        return tensor
    if is_placeholder(tensor):  # a copy would be another input
        tensor = op("Identity", tensor)
    node = tensor.node
    types = [output.type for output in node.outputs]
    types[tensor.index] = TensorType(tensor.dtype, merged)
    copy = Node(
        node.op_type, node.inputs, node.attributes, types, domain=node.domain, name=node.name
    )
    return copy.outputs[tensor.index]
