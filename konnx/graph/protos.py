"""Reading the parts of ONNX models, types, stored tensors, attributes; damaged ones are refused."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import onnx
from onnx import AttributeProto, TensorProto, helper, numpy_helper

from konnx.graph.inline import all_nodes
from konnx.graph.tensor import INTERNAL, Node, Tensor
from konnx.graph.types import TensorType

ONNX_DOMAINS = ("", "ai.onnx")
"""Two spellings of the domain of ONNX' own operators."""


def parse_model(content: bytes) -> onnx.ModelProto:
    """Return the model that bytes of an ONNX file hold.

    Raises:
        ValueError: they are none, or cut short, or damaged.
    """
    # protobuf comes without types
    decode_error: type[Exception] = importlib.import_module("google.protobuf.message").DecodeError
    try:
        model = onnx.load_model_from_string(content)
    except decode_error as error:
        raise ValueError("it is no ONNX model, or it is cut short or damaged") from error
    if not model.HasField("graph") or not model.ir_version:
        raise ValueError("it is no ONNX model")
    if not all(isinstance(text, str) for text in _texts(model)):
        raise ValueError("it is no ONNX model, or it is damaged: a name in it is no text")
    return model


def _texts(model: onnx.ModelProto) -> Iterator[str]:
    """Yield the names in a model; protobuf returns bytes where one is no UTF-8."""
    for holder in (model.graph, *model.functions):
        for node in all_nodes(holder.node):
            yield from (node.name, node.op_type, node.domain, node.overload)
            yield from (*node.input, *node.output, *(one.name for one in node.attribute))
    for function in model.functions:
        yield from (function.name, function.domain, *function.input, *function.output)
    yield model.graph.name
    yield from (one.domain for one in model.opset_import)
    for value in (*model.graph.input, *model.graph.output, *model.graph.value_info):
        yield value.name
        yield from (dim.dim_param for dim in value.type.tensor_type.shape.dim)
    for tensor in model.graph.initializer:
        yield tensor.name
        yield from (text for one in tensor.external_data for text in (one.key, one.value))


def called(node: onnx.NodeProto) -> str:
    """Return what to call a node in messages."""
    return f"Node {node.name!r} ({node.op_type!r})" if node.name else f"A node {node.op_type!r}"


def read_attributes(node: onnx.NodeProto) -> dict[str, Any]:
    """Return a node's attributes as `Node` keeps them: numbers, texts, arrays, lists of them.

    Graphs are left out.

    Raises:
        ValueError: one is of a kind that expression graphs do not have.
    """
    return {
        attribute.name: read_attribute(attribute)
        for attribute in node.attribute
        if attribute.type != AttributeProto.GRAPH
    }


def read_graphs(node: onnx.NodeProto) -> dict[str, onnx.GraphProto]:
    """Return the graphs among a node's attributes."""
    return {one.name: one.g for one in node.attribute if one.type == AttributeProto.GRAPH}


def read_attribute(attribute: onnx.AttributeProto) -> Any:
    """Return the value of an attribute that is no graph; see `read_attributes`."""
    value = helper.get_attribute_value(attribute)
    if attribute.type == AttributeProto.STRING:
        return _text(value)
    if attribute.type == AttributeProto.STRINGS:
        return [_text(one) for one in value]
    if attribute.type == AttributeProto.TENSOR:
        return stored_array(value)
    if attribute.type == AttributeProto.TENSORS:
        return [stored_array(one) for one in value]
    if attribute.type in (AttributeProto.INTS, AttributeProto.FLOATS):
        return list(value)
    if attribute.type in (AttributeProto.INT, AttributeProto.FLOAT):
        return value
    kind = AttributeProto.AttributeType.Name(attribute.type).lower()
    raise ValueError(f"the attribute {attribute.name!r} is of an unsupported kind, {kind}")


def _text(value: bytes) -> str:
    return value.decode("utf-8", errors="replace")


def stored_type(tensor: onnx.TensorProto) -> TensorType:
    """Return the type of a stored tensor."""
    if any(size < 0 for size in tensor.dims):
        raise ValueError(f"Tensor {tensor.name!r} has a negative size: {list(tensor.dims)}")
    return TensorType.from_proto(helper.make_tensor_type_proto(tensor.data_type, tensor.dims))


def stored_array(tensor: onnx.TensorProto) -> np.ndarray:
    """Return the value of a stored tensor."""
    type_ = stored_type(tensor)
    if tensor.data_location == TensorProto.EXTERNAL or tensor.HasField("segment"):
        raise ValueError("its value is not inside the model. Load the external data first")
    try:
        array = numpy_helper.to_array(tensor)
    except (ValueError, TypeError) as error:
        raise ValueError(
            f"its value does not fit its shape {list(tensor.dims)}: {error}"
        ) from error
    if array.shape != type_.dims:
        raise ValueError(f"its value does not fill its shape {list(tensor.dims)}")
    return array


def constant_of(array: np.ndarray, name: str) -> Tensor:
    """Make a constant, of texts also."""
    array = np.array(array, order="C")
    array.setflags(write=False)
    dtype = "string" if array.dtype == object else array.dtype.name
    type_ = TensorType(dtype, array.shape)
    return Node("Constant", (), {"value": array}, [type_], domain=INTERNAL, name=name).outputs[0]


def constant_array(node: onnx.NodeProto) -> np.ndarray:
    """Return the value of a Constant node, which has one of seven attributes."""
    [(name, value)] = read_attributes(node).items()
    if name in ("value_float", "value_floats"):
        return np.asarray(value, dtype=np.float32)
    if name in ("value_int", "value_ints"):
        return np.asarray(value, dtype=np.int64)
    if name in ("value_string", "value_strings"):
        return np.asarray(value, dtype=object)
    if isinstance(value, np.ndarray):
        return value
    raise ValueError(f"a constant with the attribute {name!r} is not supported")
