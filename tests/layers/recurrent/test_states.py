"""States of recurrent layers: given, returned, and carried from batch to batch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from konnx import ops
from konnx.converters import to_onnx
from konnx.graph import Tensor
from konnx.layers import (
    GRU,
    LSTM,
    RNN,
    Bidirectional,
    ConvLSTM2D,
    Dense,
    GRUCell,
    Input,
    Layer,
    LSTMCell,
    SimpleRNN,
)
from konnx.models import Model, Sequential, model_from_json
from konnx.runtime import Program
from konnx.testing import evaluate

RANDOM = np.random.default_rng(3)
X = RANDOM.normal(size=(4, 6, 2)).astype("float32")


def stateful() -> Sequential:
    layer = LSTM(3, stateful=True, batch_input_shape=(4, 3, 2), name="memory")
    return Sequential([layer, Dense(2)])


def whole(model: Sequential) -> np.ndarray:
    """What the model computes of both halves of X at once."""
    x = Input((6, 2))
    copy = Model(x, Dense(2)(LSTM(3)(x)))
    copy.set_weights(model.get_weights())
    prediction: np.ndarray = copy.predict(X)
    return prediction


def test_prediction_carries_the_states_on() -> None:
    model = stateful()
    first = model.predict(X[:, :3], batch_size=4)
    for _ in range(3):  # frozen, and on the variables themselves
        second = model.predict(X[:, 3:], batch_size=4)
        np.testing.assert_allclose(second, whole(model), rtol=1e-4, atol=1e-6)
        model.reset_states()
        np.testing.assert_allclose(model.predict(X[:, :3], batch_size=4), first, rtol=1e-5)
        model.set_weights(model.get_weights())


def test_evaluation_and_training_carry_the_states_on() -> None:
    model = stateful()
    model.compile("sgd", "mse")
    y = np.zeros((4, 2))
    model.test_on_batch(X[:, :3], y)
    after_test = [state.numpy() for state in model.layers[0].states]
    loss = model.test_on_batch(X[:, 3:], y)
    assert loss == pytest.approx(float((whole(model) ** 2).mean()), rel=1e-4)
    model.reset_states()
    model.train_on_batch(X[:, :3], y)
    after_training = [state.numpy() for state in model.layers[0].states]
    for one, other in zip(after_test, after_training, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


def test_a_frozen_stateful_layer_still_carries_its_states() -> None:
    model = stateful()
    model.layers[0].trainable = False
    model.compile("sgd", "mse")
    model.train_on_batch(X[:, :3], np.zeros((4, 2)))
    assert model.layers[0].states[0].numpy().any()


def test_a_model_within_a_model_carries_its_states() -> None:
    inner = stateful()
    x = Input(batch_shape=(4, 3, 2))
    model = Model(x, inner(x))
    first = model.predict(X[:, :3], batch_size=4)
    assert not np.allclose(model.predict(X[:, :3], batch_size=4), first)
    model.reset_states()
    np.testing.assert_allclose(model.predict(X[:, :3], batch_size=4), first, rtol=1e-5)


def test_an_exported_model_starts_from_the_present_states() -> None:
    model = stateful()
    model.predict(X[:, :3], batch_size=4)
    exported = to_onnx(model)
    program = Program(exported, feeds=["memory_input"], fetches=[exported.graph.output[0].name])
    for _ in range(2):
        second = program(X[:, 3:])[0]
        np.testing.assert_allclose(second, whole(model), rtol=1e-4, atol=1e-6)


def test_states_are_no_weights() -> None:
    model = stateful()
    assert len(model.get_weights()) == 5
    assert model.count_params() == LSTM(3, input_shape=(3, 2)).cell.units * 24 + 8


def test_states_can_be_set() -> None:
    layer = GRU(3, stateful=True)
    layer(Input(batch_shape=(2, 5, 2)))
    layer.reset_states(np.ones((2, 3)))
    assert layer.states[0].numpy().tolist() == [[1.0] * 3] * 2
    layer.reset_states()
    assert not layer.states[0].numpy().any()


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: GRU(3).reset_states(), AttributeError, "no states to reset: stateful=False"),
        (lambda: GRU(3, stateful=True)(Input((5, 2))), ValueError, "Give the first layer"),
        (
            lambda: ConvLSTM2D(3, 3, stateful=True)(Input(batch_shape=(2, 3, None, 8, 1))),
            ValueError,
            "states of the shapes",
        ),
        (
            lambda: stateful().layers[0].reset_states([np.zeros((4, 3))]),
            ValueError,
            r"'memory' has states of the shapes \[\(4, 3\), \(4, 3\)\]",
        ),
        (lambda: stateful().predict(X[:3, :3], batch_size=2), ValueError, "must be divisible"),
    ],
)
def test_states_that_cannot_be_are_refused(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()


def test_initial_states_come_from_layers_or_are_arrays() -> None:
    x, start = Input((6, 2)), Input((3,))
    layer = GRU(3)
    by_layer = layer(x, initial_state=start)
    by_array = layer(x, initial_state=ops.as_tensor(np.ones((4, 3), "float32")))
    values = evaluate([by_layer, by_array], {x: X, start: np.ones((4, 3))})
    np.testing.assert_allclose(values[0], values[1], rtol=1e-5)
    assert not np.allclose(values[0], evaluate([layer(x)], {x: X})[0])


def test_states_of_one_layer_start_another_also_after_json() -> None:
    x, y = Input((None, 2)), Input((None, 2))
    _, *states = LSTM(3, return_state=True)(x)
    model = Model([x, y], LSTM(3)(y, initial_state=states))
    copy = model_from_json(model.to_json())
    copy.set_weights(model.get_weights())
    data = [X, X[:, ::-1]]
    np.testing.assert_allclose(copy.predict(data), model.predict(data), rtol=1e-5)


class Attending(Layer):
    """A cell that adds constants, as Keras' documentation tells to write one."""

    def __init__(self, units: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = self.state_size = units

    def call(self, inputs: Tensor, states: list[Tensor], constants: Any = None) -> Any:
        output = ops.tanh(inputs + states[0] + constants[0] + constants[1])
        return output, [output]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units}


def test_constants_reach_the_cell_at_each_step_also_after_json() -> None:
    x, start, one, two = Input((6, 2)), Input((2,)), Input((2,)), Input((2,))
    output = RNN(Attending(2), return_sequences=True)(x, initial_state=start, constants=[one, two])
    model = Model([x, start, one, two], output)
    data = [X, *(np.full((4, 2), value, "float32") for value in (0.1, 0.2, 0.3))]
    expected, state = [], data[1]
    for step in range(6):
        state = np.tanh(X[:, step] + state + 0.5)
        expected.append(state)
    custom = {"Attending": Attending}
    for each in (model, model_from_json(model.to_json(), custom_objects=custom)):
        np.testing.assert_allclose(each.predict(data), np.stack(expected, 1), rtol=1e-4, atol=1e-5)


def test_constants_of_both_directions() -> None:
    x, one = Input((6, 2)), Input((2,))
    cell = RNN(Attending(2))
    model = Model([x, one], Bidirectional(cell)(x, constants=[one, one]))
    assert model.predict([X, np.zeros((4, 2))]).shape == (4, 4)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: LSTM(3, name="rnn")(x, initial_state=Input((3,))), "'rnn': `initial_state`"),
        (lambda x: GRU(3)(x, initial_state=Input((4,))), r"shapes \[\(None, 3\)\]"),
        (lambda x: RNN(GRUCell(3))(x, constants=Input((3,))), "takes no `constants`"),
        (
            lambda x: LSTM(3)(x, initial_state=[Input((3,)), ops.as_tensor(np.ones((4, 3)))]),
            "that layers made, or others, not both",
        ),
        (lambda x: LSTM(3)([x, x], initial_state=x), "either among its inputs or apart"),
        (lambda x: Bidirectional(GRU(3))(x, initial_state=Input((3,))), "of both directions"),
        (lambda x: GRU(3, unroll=True)(Input((None, 2))), "fixed number of time steps"),
        (lambda x: RNN(object()), "must be a cell"),
        (lambda x: RNN([]), "must be a list of cells"),
        (lambda x: LSTMCell(3, implementation=3), "must be 1 or 2"),
        (lambda x: SimpleRNN(0), "must be positive"),
        (lambda x: LSTM(3)(Input((2,))), "expected ndim=3"),
    ],
)
def test_what_does_not_fit_is_refused(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call(Input((6, 2)))
