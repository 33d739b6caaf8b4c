"""Recurrent layers keep what every layer promises, step by step as by one operator."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from konnx import ops
from konnx.autodiff import gradients
from konnx.graph import topological_order
from konnx.layers import (
    GRU,
    LSTM,
    RNN,
    Bidirectional,
    ConvLSTM2D,
    CuDNNGRU,
    CuDNNLSTM,
    GRUCell,
    Input,
    Layer,
    LSTMCell,
    Masking,
    SimpleRNN,
)
from konnx.testing import evaluate
from konnx.testing.layers import check_layer

SEQUENCE, FILM = (3, 4, 2), (2, 3, 5, 4, 2)


@pytest.mark.gradients
@pytest.mark.parametrize(
    ("layer_class", "arguments"),
    [
        (SimpleRNN, {"units": 3, "return_sequences": True}),
        (SimpleRNN, {"units": 3, "unroll": True, "activation": "sigmoid"}),
        (GRU, {"units": 3, "recurrent_activation": "sigmoid", "go_backwards": True}),
        (GRU, {"units": 3, "recurrent_activation": "sigmoid", "reset_after": True}),
        (LSTM, {"units": 3, "recurrent_activation": "sigmoid", "return_sequences": True}),
        (LSTM, {"units": 3, "recurrent_activation": "tanh", "implementation": 2,
                "kernel_regularizer": "l2", "activity_regularizer": "l2"}),
        (CuDNNGRU, {"units": 3}),
        (CuDNNLSTM, {"units": 3, "return_sequences": True}),
    ],
)  # fmt: skip
def test_the_layer_keeps_its_promises(layer_class: type[Layer], arguments: dict[str, Any]) -> None:
    check_layer(layer_class, arguments, SEQUENCE)


@pytest.mark.parametrize(
    "arguments",
    [
        {"strides": 2},
        {"padding": "same", "return_sequences": True},
        {"data_format": "channels_first"},
    ],
)
def test_the_layer_of_images_keeps_its_promises(arguments: dict[str, Any]) -> None:
    check_layer(ConvLSTM2D, {"filters": 2, "kernel_size": 2, **arguments}, FILM, gradients=None)


MASKED = np.array([[1, 1, 1, 1, 1], [0, 0, 1, 1, 1], [1, 1, 1, 0, 0], [1, 0, 0, 1, 0], [0] * 5])

FUSED: dict[str, Any] = {
    "simple": lambda **kwargs: SimpleRNN(3, **kwargs),
    "relu": lambda **kwargs: SimpleRNN(3, "relu", **kwargs),
    "gru": lambda **kwargs: GRU(3, **kwargs),
    "gru after": lambda **kwargs: GRU(3, reset_after=True, use_bias=False, **kwargs),
    "gru linear": lambda **kwargs: GRU(3, "linear", "softsign", **kwargs),
    "lstm": lambda **kwargs: LSTM(3, **kwargs),
    "lstm elu": lambda **kwargs: LSTM(3, "elu", "sigmoid", **kwargs),
    "lstm softplus": lambda **kwargs: LSTM(3, "softplus", "hard_sigmoid", **kwargs),
    "stack": lambda **kwargs: RNN([LSTMCell(4), GRUCell(2), LSTMCell(3)], **kwargs),
    "cudnn lstm": lambda **kwargs: CuDNNLSTM(3, **kwargs),
    "cudnn gru": lambda **kwargs: CuDNNGRU(3, **kwargs),
}


def sequence(*, masked: bool) -> np.ndarray:
    x = np.random.default_rng(1).normal(size=(5, 5, 2)).astype("float32")
    return x * MASKED[:, :, np.newaxis].astype("float32") if masked else x


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("name", FUSED)
def test_inference_by_one_operator_equals_the_steps_of_training(
    name: str, masked: bool, backwards: bool
) -> None:
    masked = masked and not name.startswith("cudnn")
    layer = FUSED[name](return_sequences=True, return_state=True, go_backwards=backwards)
    x = Input((5, 2))
    outputs = layer(Masking()(x) if masked else x)
    layer.set_weights([w + 0.1 for w in layer.get_weights()])
    feeds = {x: sequence(masked=masked)}
    pairs = zip(evaluate(outputs, feeds, training=True), evaluate(outputs, feeds), strict=True)
    for stepwise, fused in pairs:
        np.testing.assert_allclose(fused, stepwise, rtol=1e-5, atol=2e-6)


@pytest.mark.gradients
@pytest.mark.parametrize("name", ["simple", "gru", "lstm", "stack"])
def test_inference_has_the_gradients_of_training(name: str) -> None:
    layer = FUSED[name](return_sequences=True, return_state=True)
    x = Input((5, 2))
    outputs = layer(Masking()(x))
    loss = ops.sum(ops.square(outputs[0])) + ops.sum(outputs[-1])
    found = gradients(loss, [x, *layer.weights])
    assert all(one is not None for one in found)
    feeds = {x: sequence(masked=True)}
    pairs = zip(evaluate(found, feeds, training=True), evaluate(found, feeds), strict=True)
    for stepwise, fused in pairs:
        np.testing.assert_allclose(fused, stepwise, rtol=1e-4, atol=1e-5)


def test_an_activation_that_onnx_lacks_is_computed_step_by_step() -> None:
    x = Input((5, 2))
    output = LSTM(3, activation="selu")(x)
    assert "LSTM" not in {node.op_type for node in topological_order([output])}
    assert evaluate([output], {x: sequence(masked=False)})[0].shape == (5, 3)


def test_a_subclass_with_a_step_of_its_own_is_computed_by_that() -> None:
    class Silent(LSTMCell):
        def call(self, inputs: Any, states: Any, training: bool | None = None) -> Any:
            output, new = super().call(inputs, states, training)
            return output * 0.0, [output * 0.0, new[1]]

    x = Input((5, 2))
    output = RNN(Silent(3))(x)
    assert not evaluate([output], {x: sequence(masked=False)})[0].any()


def test_the_length_of_sequences_may_vary() -> None:
    x = Input((None, 2))
    output = Bidirectional(GRU(3, return_sequences=True))(Masking()(x))
    for length in (1, 4):
        data = sequence(masked=True)[:, :length]
        for training in (True, False):
            value = evaluate([output], {x: data}, training=training)[0]
            assert value.shape == (5, length, 6)


def test_a_masked_step_repeats_output_and_state() -> None:
    x = Input((5, 2))
    outputs, last = GRU(3, return_sequences=True, return_state=True)(Masking()(x))
    shown, state = evaluate([outputs, last], {x: sequence(masked=True)})
    left, right, middle, absent = shown[1:]
    assert not left[:2].any()
    assert np.array_equal(right[3], right[2])
    assert np.array_equal(right[4], right[2])
    assert np.array_equal(middle[1], middle[0])
    assert np.array_equal(middle[4], middle[3])
    assert not absent.any()
    assert np.array_equal(state, shown[:, -1])


def test_masks_go_on_where_sequences_do() -> None:
    masked = Masking()(Input((5, 2)))
    assert LSTM(3, return_sequences=True)(masked)._keras_mask is masked._keras_mask
    assert LSTM(3)(masked)._keras_mask is None
    outputs = GRU(3, return_sequences=True, return_state=True)(masked)
    assert [one._keras_mask is None for one in outputs] == [False, True]


def test_layers_of_cudnn_take_no_mask() -> None:
    with pytest.raises(ValueError, match="takes no mask.*'sigmoid', which loads the same weights"):
        CuDNNLSTM(3, name="rnn")(Masking()(Input((5, 2))))
