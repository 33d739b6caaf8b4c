"""Exported graphs with int8 weights."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import onnx
import pytest

from konnx import runtime
from konnx.converters import to_onnx
from konnx.layers import Conv2D, Dense, DepthwiseConv2D, Flatten, Input
from konnx.models import Model, Sequential

RANDOM = np.random.RandomState(0)
PICTURES = RANDOM.uniform(size=(40, 8, 8, 3)).astype(np.float32)


def network() -> Model:
    layers = [
        Conv2D(8, 3, activation="relu", input_shape=(8, 8, 3), name="first"),
        DepthwiseConv2D(3),
        Flatten(),
        Dense(128, activation="relu"),
        Dense(4, activation="softmax", name="classes"),
    ]
    return Sequential(layers, name="net")


def predictions(proto: onnx.ModelProto) -> np.ndarray:
    [name] = [value.name for value in proto.graph.input]
    program = runtime.Program(proto, feeds=[name], fetches=["classes"])
    return program(PICTURES)[0]


@pytest.mark.parametrize("method", ["dynamic", "static"])
def test_a_quantized_model_is_smaller_and_predicts_nearly_the_same(method: Any) -> None:
    model = network()
    plain = to_onnx(model)
    samples = {plain.graph.input[0].name: PICTURES} if method == "static" else None
    proto = to_onnx(model, quantize=method, calibration=samples, metadata={"version": "7"})
    assert proto.ByteSize() < 0.6 * plain.ByteSize()
    np.testing.assert_allclose(predictions(proto), model.predict(PICTURES), atol=0.03)
    assert {entry.key for entry in proto.metadata_props} == {"framework", "source", "version"}
    assert proto.producer_name == "konnx"
    kinds = Counter(node.op_type for node in proto.graph.node)
    wanted = "QuantizeLinear" if method == "static" else "MatMulInteger"
    assert kinds[wanted] >= 2
    assert kinds["Conv"] == 2  # by channel, or left as they are


def test_nothing_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    to_onnx(network(), quantize="dynamic")
    assert capsys.readouterr() == ("", "")


@pytest.mark.no_runtime
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"quantize": "int4"}, "`quantize` must be 'dynamic' or 'static'. Received: 'int4'"),
        ({"quantize": "static"}, "an array of samples for each input: first_input. Received: none"),
        ({"quantize": "static", "calibration": {"x": PICTURES}}, "first_input. Received: x"),
        ({"quantize": "static", "calibration": {"first_input": PICTURES[:0]}}, "first_input 0"),
    ],
)
def test_what_does_not_fit_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        to_onnx(network(), **options)


@pytest.mark.no_runtime
def test_each_input_needs_as_many_samples() -> None:
    a, b = Input((2,), name="a"), Input((2,), name="b")
    model = Model([a, b], [Dense(1)(a), Dense(1)(b)])
    samples = {"a": np.zeros((3, 2)), "b": np.zeros((4, 2))}
    with pytest.raises(ValueError, match="as many samples of each input. Received: a 3, b 4"):
        to_onnx(model, quantize="static", calibration=samples)
