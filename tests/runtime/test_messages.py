# ruff: noqa: E501 - the messages are as ONNX Runtime wrote them
from __future__ import annotations

import pytest

from konnx.runtime.messages import read_message

CASES = [
    (
        (
            "[ONNXRuntimeError] : 1 : FAIL : Non-zero status code returned while running Reshape node. "
            "Name:'flatten/reshape' Status Message: /onnxruntime_src/onnxruntime/core/providers/cpu/"
            "tensor/reshape_helper.h:91 onnxruntime::ReshapeHelper::ReshapeHelper(const "
            "onnxruntime::TensorShape&, onnxruntime::TensorShapeVector&, bool) input_shape_size == "
            "requested_shape_size was false. The input tensor cannot be reshaped to the requested "
            "shape. Input shape:{2,3}, requested shape:{2,2}\n"
        ),
        ("flatten/reshape", "Reshape"),
        (
            "The input tensor cannot be reshaped to the requested shape. Input shape:{2,3}, "
            "requested shape:{2,2}"
        ),
    ),
    (
        (
            "[ONNXRuntimeError] : 9 : NOT_IMPLEMENTED : Could not find an implementation for Conv(11) "
            "node with name 'conv1/conv'"
        ),
        ("conv1/conv", "Conv"),
        "Could not find an implementation for Conv(11) node with name 'conv1/conv'",
    ),
    (
        (
            '[ONNXRuntimeError] : 10 : INVALID_GRAPH : This is an invalid model. In Node, ("odd1", Odd,'
            ' "", -1) : ("x": tensor(float),) -> ("y": tensor(float),) , Error No Op registered for '
            "Odd with domain_version of 18"
        ),
        ("odd1", "Odd"),
        (
            'In Node, ("odd1", Odd, "", -1) : ("x": tensor(float),) -> ("y": tensor(float),) , Error '
            "No Op registered for Odd with domain_version of 18"
        ),
    ),
    (
        (
            "[ONNXRuntimeError] : 10 : INVALID_GRAPH : This is an invalid model. Type Error: Type "
            "'tensor(bfloat16)' of input parameter (x) of operator (Conv) in node (conv1) is invalid."
        ),
        ("conv1", "Conv"),
        (
            "Type Error: Type 'tensor(bfloat16)' of input parameter (x) of operator (Conv) in node "
            "(conv1) is invalid"
        ),
    ),
    (
        (
            "[ONNXRuntimeError] : 1 : FAIL : Node (dense/matmul) Op (MatMul) [ShapeInferenceError] "
            "Incompatible dimensions for matrix multiplication"
        ),
        ("dense/matmul", "MatMul"),
        (
            "Node (dense/matmul) Op (MatMul) [ShapeInferenceError] Incompatible dimensions for matrix "
            "multiplication"
        ),
    ),
    (
        (
            "[ONNXRuntimeError] : 2 : INVALID_ARGUMENT : Failed to load model with error: "
            "/onnxruntime_src/onnxruntime/core/graph/model.cc:180 onnxruntime::Model::Model("
            "onnx::ModelProto&&, const PathString&, const onnxruntime::IOnnxRuntimeOpSchemaRegistryList"
            "*, const onnxruntime::logging::Logger&, const onnxruntime::ModelOptions&) Unsupported "
            "model IR version: 99, max supported IR version: 10\n"
        ),
        (None, None),
        "Unsupported model IR version: 99, max supported IR version: 10",
    ),
    (
        (
            "Error in execution: Got invalid dimensions for input: x for the following indices\n"
            " index: 1 Got: 4 Expected: 3\n Please fix either the inputs/outputs or the model."
        ),
        (None, None),
        "Got invalid dimensions for input: x for the following indices index: 1 Got: 4 Expected: 3",
    ),
    ("", (None, None), "no reason was given"),
    ("words of another kind", (None, None), "words of another kind"),
]


@pytest.mark.no_runtime
@pytest.mark.parametrize(("message", "where", "detail"), CASES)
def test_a_message_is_reduced_to_node_op_and_useful_words(
    message: str, where: tuple[str | None, str | None], detail: str
) -> None:
    report = read_message(message)
    assert (report.node, report.op_type) == where
    assert report.detail == detail
