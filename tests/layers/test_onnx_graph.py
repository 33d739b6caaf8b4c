"""The layer that holds operators of an ONNX file: its graphs, its weights, its config."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import pytest
from onnx import parser

from konnx.layers import Input, ONNXGraph, deserialize, serialize
from konnx.models import Model

VARIABLES = [{"name": "w", "shape": [3], "dtype": "float32", "trainable": True}]


def graph(text: str, **weights: int) -> dict[str, Any]:
    model = parser.parse_model(f'<ir_version: 8, opset_import: ["" : 18]> {text}')
    return {"model": base64.b64encode(model.SerializeToString()).decode(), "weights": weights}


SCALE = graph("g (float[N, 3] x, float[3] w) => (float[N, 3] y) {y = Mul(x, w)}", w=0)
PARTS = graph("g (float[N, 4] x) => (float[N, 2] a, float[N, 2] b) "
              "{a, b = Split <axis = 1, num_outputs = 2> (x)}")  # fmt: skip


def test_it_applies_its_graph_to_inputs_and_weights() -> None:
    layer, x = ONNXGraph([SCALE], VARIABLES, name="scale"), Input((3,))
    model = Model(x, layer(x))
    layer.set_weights([np.array([1, 2, 3])])
    np.testing.assert_array_equal(model.predict(np.ones((2, 3))), [[1, 2, 3]] * 2)
    assert [weight.name for weight in model.trainable_weights] == ["w"]
    assert layer.output.name == "scale/Mul"


def test_it_may_have_several_outputs() -> None:
    layer = ONNXGraph([PARTS])
    assert [tensor.shape for tensor in layer(Input((4,)))] == [(None, 2), (None, 2)]
    assert layer.compute_output_shape((None, 4)) == [(None, 2), (None, 2)]


def test_other_shapes_than_the_graph_declares_are_taken() -> None:
    assert ONNXGraph([PARTS])(Input((6,)))[0].shape == (None, 3)


def test_a_config_makes_it_again() -> None:
    layer = ONNXGraph([SCALE, PARTS], VARIABLES, trainable=False)
    again = deserialize(serialize(layer))
    assert again.get_config() == layer.get_config()
    assert [weight.name for weight in again.non_trainable_weights] == ["w"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": "%%%"}, "`graphs` must hold ONNX models"),
        ({"model": base64.b64encode(b"text").decode()}, "no ONNX model"),
        ({"weights": {"w": 1}}, "must hold ONNX models and numbers of variables"),
    ],
)
def test_a_damaged_config_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ONNXGraph([{**SCALE, **changes}], VARIABLES, name="scale")


def test_a_number_of_no_graph_and_too_few_inputs_are_refused() -> None:
    layer, x = ONNXGraph([SCALE], VARIABLES), Input((3,))
    with pytest.raises(ValueError, match="`graph` must be below 1"):
        layer(x, graph=1)
    with pytest.raises(ValueError, match="1 inputs are needed. Received: 2"):
        layer([x, x])
