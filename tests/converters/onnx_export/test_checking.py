"""What the checker says of a model whose large weights it does not see."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import numpy_helper, parser

from konnx.converters.onnx_export.checking import check_model

pytestmark = pytest.mark.no_runtime


def product(rows: int, operator: str = "MatMul") -> onnx.ModelProto:
    model = parser.parse_model(
        f'<ir_version: 8, opset_import: ["" : 18]> g (float[n, 40] x) => (float[n, 50] y) '
        f"{{ y = {operator}(x, w) }}"
    )
    weights = np.ones((rows, 50), np.float32)
    model.graph.initializer.append(numpy_helper.from_array(weights, "w"))
    return model


def test_a_sound_model_passes_and_stays_as_it_is() -> None:
    model = product(40)
    before = model.SerializeToString(deterministic=True)
    check_model(model)
    assert model.SerializeToString(deterministic=True) == before


def test_large_weights_of_a_wrong_shape_are_found() -> None:
    with pytest.raises(onnx.shape_inference.InferenceError):
        check_model(product(41))


def test_an_unknown_operator_is_found() -> None:
    with pytest.raises(onnx.checker.ValidationError, match="MatMull"):
        check_model(product(40, "MatMull"))


def test_the_values_of_sizes_are_seen() -> None:
    model = parser.parse_model(
        '<ir_version: 8, opset_import: ["" : 18]> g (float[2, 3] x) => (float[3, 3] y) '
        "<int64[2] shape = {3, 2}> { y = Reshape(x, shape) }"
    )
    with pytest.raises(onnx.shape_inference.InferenceError):
        check_model(model)
