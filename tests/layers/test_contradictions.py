"""Arguments that contradict each other, or the inputs, are refused by the layer's name."""

from __future__ import annotations

from typing import Any

import pytest

from konnx import layers
from konnx.layers import Conv2D, Dense, Input

pytestmark = pytest.mark.no_runtime

Case = tuple[str, dict[str, Any], Any, str]
REFUSED: list[Case] = [
    ("LocallyConnected2D", {"filters": 2, "kernel_size": 3, "padding": "same"}, (9, 9, 2),
     "`padding` must be one of 'valid'. Received: padding='same'"),
    ("Conv2D", {"filters": 2, "kernel_size": 3, "padding": "causal"}, (9, 9, 2),
     "`padding` must be one of 'valid', 'same'. Received: padding='causal'"),
    ("Conv2D", {"filters": 2, "kernel_size": 3, "dilation_rate": 5}, (9, 9, 2),
     "does not fit into the input. Received: input_shape=(None, 9, 9, 2)"),
    ("Conv2DTranspose", {"filters": 2, "kernel_size": 3, "strides": 2, "output_padding": 2},
     (9, 9, 2), "`output_padding` must be less than strides=(2, 2). Received: output_padding=2"),
    ("MaxPooling2D", {"pool_size": 5}, (4, 4, 2),
     "a window of (5, 5) (dilation (1, 1)) does not fit into the input. Received: input_shape="),
    ("Cropping1D", {"cropping": [3, 3]}, (6, 2),
     "`cropping` must leave something of the input, (None, 6, 2). Received: cropping=(3, 3)"),
    ("Flatten", {}, (None, 2),
     "`input_shape` must have known sizes after the batch; give the first layer all of them."),
    ("Reshape", {"target_shape": [4, 2]}, (3, 2),
     "`target_shape` must hold as many elements as (3, 2), which are 6."),
    ("Embedding", {"input_dim": 5, "output_dim": 2, "input_length": 3}, (4,),
     "`input_length` must fit the input's shape (None, 4). Received: input_length=3"),
    ("LSTM", {"units": 2, "stateful": True}, (3, 2),
     "is stateful, so its states need a fixed shape, the batch size included."),
    ("LSTM", {"units": 2, "unroll": True}, (None, 2),
     "`unroll` needs a fixed number of time steps"),
    ("GRU", {"units": 2, "implementation": 3}, (3, 2),
     "`implementation` must be 1 or 2. Received: implementation=3"),
    ("RNN", {"cell": Dense(3)}, (3, 2), "`cell` must be a cell: an object with"),
    ("Bidirectional", {"layer": Dense(3)}, (3, 2), "`layer` must be a recurrent layer"),
    ("TimeDistributed", {"layer": Conv2D(2, 3)}, (5, 5, 2),
     "cannot take the input: expected ndim=4. Received: shape=(None, 5, 2)"),
    ("BatchNormalization", {"axis": 4}, (4, 2),
     "`axis` must be an axis of (None, 4, 2). Received: axis=4"),
    ("PReLU", {"shared_axes": [3]}, (4, 2),
     "`shared_axes` must be axes of (None, 4, 2). Received: shared_axes=[3]"),
    ("Dropout", {"rate": 0.5, "noise_shape": [None, 3, 1]}, (4, 2),
     "`noise_shape` must hold 1 or the inputs' own size for each axis of (None, 4, 2)."),
    ("Softmax", {"axis": [1, 1]}, (4, 2), "`axis` must name each axis once. Received: axis=[1, 1]"),
    ("Dense", {"units": 2, "weights": [[1.0]]}, (3,), "has 2 weights. Received: 1 arrays"),
    ("Dot", {"axes": [1, 3]}, [(4,), (4,)], "`axes` must be axes of ((None, 4), (None, 4))"),
    ("Subtract", {}, [(4,), (4,), (4,)], "takes two tensors. Received: input shapes"),
    ("Add", {}, [(4,), (3,)], "Received: input shapes [(None, 4), (None, 3)]"),
    ("Add", {}, (4,), "takes a list of two or more tensors. Received: input shapes (None, 4)"),
    ("Concatenate", {"axis": 1}, [(4, 2), (4, 3)], "takes tensors whose shapes differ on axis 1"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("class_name", "arguments", "shapes", "message"), REFUSED, ids=[case[0] for case in REFUSED]
)
def test_the_error_names_the_layer_and_what_contradicts(
    class_name: str, arguments: dict[str, Any], shapes: Any, message: str
) -> None:
    inputs = [Input(one) for one in shapes] if isinstance(shapes, list) else Input(shapes)
    with pytest.raises(ValueError, match="'tried'") as caught:
        getattr(layers, class_name)(**arguments, name="tried")(inputs)
    assert message in str(caught.value)
