from __future__ import annotations

from typing import Any

import onnx
import pytest

from konnx.cli.operations import count_operations
from konnx.converters import to_onnx
from konnx.layers import (
    GRU,
    LSTM,
    Conv1D,
    Conv2D,
    Conv2DTranspose,
    Dense,
    Embedding,
    Flatten,
    MaxPooling2D,
    SimpleRNN,
)
from konnx.models import Sequential

pytestmark = pytest.mark.no_runtime

# layer, input shape, operations: two for each multiplication with its addition, one for each bias
LAYERS: dict[str, tuple[Any, tuple[int, ...], int]] = {
    "dense": (Dense(5), (3,), 2 * 3 * 5 + 5),
    "without_bias": (Dense(5, use_bias=False), (3,), 2 * 3 * 5),
    "conv1d": (Conv1D(4, 3), (8, 2), 6 * 4 * (2 * 3 * 2 + 1)),
    "conv2d": (Conv2D(4, 3, padding="same"), (8, 8, 2), 64 * 4 * (2 * 9 * 2 + 1)),
    "transposed": (Conv2DTranspose(4, 2, strides=2, use_bias=False), (3, 3, 5), 2 * 9 * 5 * 4 * 4),
    "pooling": (MaxPooling2D(), (4, 4, 2), 4 * 4 * 2),
    "reshaping": (Flatten(), (4, 4), 0),
    "lookup": (Embedding(7, 3, input_length=5), (5,), 0),
    "rnn": (SimpleRNN(3), (5, 2), 5 * (2 * 3 * (2 + 3) + 5 * 3)),
    "lstm": (LSTM(3), (5, 2), 5 * (2 * 12 * (2 + 3) + 5 * 12)),
    "gru": (GRU(3, reset_after=True), (5, 2), 5 * (2 * 9 * (2 + 3) + 5 * 9)),
}


@pytest.mark.parametrize("name", LAYERS)
def test_operations_are_those_that_a_hand_counts(name: str) -> None:
    layer, shape, expected = LAYERS[name]
    layer = type(layer).from_config({**layer.get_config(), "batch_input_shape": (None, *shape)})
    assert count_operations(to_onnx(Sequential([layer]))) == expected


def test_a_loop_counts_for_each_step() -> None:
    models = [
        Sequential([SimpleRNN(3, activation="elu", input_shape=(steps, 2))]) for steps in (5, 10)
    ]
    five, ten = (count_operations(to_onnx(model)) for model in models)
    assert five > 5 * 2 * 3 * (2 + 3)
    assert ten == pytest.approx(2 * five, rel=0.1)


def test_a_model_that_is_no_model_has_operations_too() -> None:
    loop = onnx.parser.parse_model("""
        <ir_version: 8, opset_import: ["" : 18, "own" : 1]>
        again (float[2] x) => (float[2] y) { y = own.f (x) }
        <domain: "own", opset_import: ["own" : 1]>
        f (a) => (b) { b = own.f (a) }
    """)
    assert count_operations(loop) == 2
    lacking = onnx.parser.parse_model("""
        <ir_version: 8, opset_import: ["" : 18]>
        lacking (float[2, 3] x) => (float[2, 3] y) { y = Gemm () z = LSTM (x) v = Conv (x) }
    """)
    assert count_operations(lacking) == 1 + 6 + 6  # one for each element that is known
