"""Operators that came after opset 18, written out as ONNX itself defines them by older ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import onnx
from onnx import FunctionProto, NodeProto, defs, helper, shape_inference

from konnx.converters.onnx_import.calls import Call
from konnx.graph import ShapeError, Tensor, TensorType, refine

Make = Callable[[NodeProto, Sequence[Tensor | None], int], Sequence[Tensor]]
"""Makes the outputs of a node of an operator set version."""


def function_of(op_type: str, version: int) -> Any:
    """Return the schema of an operator that is defined as a function of others, or None."""
    try:
        schema: Any = defs.get_schema(op_type, version, "")  # its annotations lack functions
    except defs.SchemaError:
        return None
    is_function = schema.has_function or schema.has_context_dependent_function
    return schema if is_function else None


def expand(call: Call, make: Make) -> Sequence[Tensor]:
    """Make the outputs of a call by the function that defines its operator.

    Raises:
        ValueError: ONNX defines none for these inputs and attributes.
    """
    schema = function_of(call.node.op_type, call.version)
    body = None if schema is None else _body(schema, call)
    if body is None:
        raise ValueError("ONNX does not define it by other operators for these inputs")
    [version] = [one.version for one in body.opset_import if one.domain == ""]
    values: dict[str, Tensor | None] = {"": None}
    values.update((name, call.optional(index)) for index, name in enumerate(body.input))
    for node in body.node:
        inputs = [values[name] for name in node.input]
        while inputs and inputs[-1] is None:
            inputs.pop()
        outputs = make(_with_attributes(node, call, schema), inputs, version)
        values.update(zip(node.output, outputs, strict=False))
    results = [values.get(name) for name in body.output[: call.outputs]]
    some = next(tensor for tensor in results if tensor is not None)
    outputs = [some if tensor is None else tensor for tensor in results]  # nobody asks for those
    return _with_shapes(outputs, schema, call)


def _with_shapes(outputs: Sequence[Tensor], schema: Any, call: Call) -> Sequence[Tensor]:
    """Add what ONNX infers of the operator itself."""
    pairs = zip(call.node.input, call.inputs, strict=False)
    types = {name: one.type.proto for name, one in pairs if one is not None}
    imports = [helper.make_opsetid("", call.version)]
    try:
        inferred = shape_inference.infer_node_outputs(
            schema, call.node, types, {}, opset_imports=imports, ir_version=10
        )
    except Exception as error:  # onnx raises InferenceError or, of types, RuntimeError
        raise ShapeError(str(error)) from error
    found = [inferred.get(name) for name in call.node.output]
    return [
        tensor
        if proto is None or not proto.tensor_type.HasField("shape")
        else refine(tensor, TensorType.from_proto(proto).dims or ())
        for tensor, proto in zip(outputs, found, strict=False)
    ]


def _body(schema: Any, call: Call) -> FunctionProto | None:
    body = FunctionProto()
    if schema.has_function:
        body.CopyFrom(schema.function_body)
        return body
    types = [b"" if one is None else one.type.proto.SerializeToString() for one in call.inputs]
    versions = schema.context_dependent_function_opset_versions
    version = max((one for one in versions if one <= call.version), default=max(versions))
    node = NodeProto()
    node.CopyFrom(call.node)
    content: bytes = schema.get_context_dependent_function_with_opset_version(
        version, node.SerializeToString(), types
    )
    if not content:
        return None
    body.ParseFromString(content)
    return body


def _with_attributes(node: NodeProto, call: Call, schema: Any) -> NodeProto:
    """Return a node of the body with the call's attributes where it refers to them."""
    resolved = NodeProto()
    resolved.CopyFrom(node)
    del resolved.attribute[:]
    given = {one.name: one for one in call.node.attribute}
    for attribute in node.attribute:
        reference = attribute.ref_attr_name
        found: onnx.AttributeProto | None = attribute
        if reference:
            found = given.get(reference) or _default(schema, reference)
        if found is not None:
            resolved.attribute.add().CopyFrom(found)
            resolved.attribute[-1].name = attribute.name
    return resolved


def _default(schema: Any, name: str) -> onnx.AttributeProto | None:
    value: onnx.AttributeProto = schema.attributes[name].default_value
    return value if value.name else None
