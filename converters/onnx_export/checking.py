"""onnx' checker, at no cost in memory for the weights."""

from __future__ import annotations

import math

import onnx
from onnx import helper

_FEW = 1024  # elements: smaller tensors may be sizes and axes, whose values the checker asks for


def check_model(model: onnx.ModelProto) -> None:
    """Let onnx' checker and its inference of shapes look at a model.

    They hold several copies of all that they are given, so that large weights are shown to them as
    inputs of the same types.

    Raises:
        onnx.checker.ValidationError: the model is malformed.
        onnx.shape_inference.InferenceError: its types or shapes contradict each other.
    """
    onnx.checker.check_model(_without_large_weights(model), full_check=True)


def _without_large_weights(model: onnx.ModelProto) -> onnx.ModelProto:
    graph = model.graph
    is_large = {one.name: math.prod(one.dims) > _FEW for one in graph.initializer}
    shown = onnx.GraphProto(
        name=graph.name,
        node=graph.node,
        input=graph.input,
        output=graph.output,
        value_info=graph.value_info,
        initializer=[one for one in graph.initializer if not is_large[one.name]],
    )
    shown.input.extend(
        helper.make_tensor_value_info(one.name, one.data_type, one.dims)
        for one in graph.initializer
        if is_large[one.name]
    )
    return onnx.ModelProto(
        ir_version=model.ir_version,
        opset_import=model.opset_import,
        functions=model.functions,
        graph=shown,
    )
