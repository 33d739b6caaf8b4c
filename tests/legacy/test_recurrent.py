"""Recurrent layers with a step of their own, as Keras had them before cells."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from konnx import backend as K
from konnx.layers import Dense, Input, Masking, SimpleRNN
from konnx.legacy.recurrent import Recurrent
from konnx.models import Model, Sequential

X = np.random.default_rng(1).normal(size=(4, 5, 3)).astype("float32")


class Plain(Recurrent):
    """A SimpleRNN, written as Keras 2.0 wrote it; its second state counts steps."""

    def __init__(self, units: int, **kwargs: Any) -> None:
        self.units = units
        super().__init__(**kwargs)

    def build(self, input_shape: Any) -> None:
        if isinstance(input_shape, list):
            input_shape = input_shape[0]
        self.states = [None, None]
        self.kernel: Any = self.add_weight("kernel", (input_shape[-1], self.units))
        self.recurrent: Any = self.add_weight("recurrent_kernel", (self.units, self.units))
        super().build(input_shape)

    def preprocess_input(self, inputs: Any, training: Any = None) -> Any:
        return K.dot(inputs, self.kernel)

    def get_constants(self, inputs: Any, training: Any = None) -> list[Any]:
        return [self.recurrent]

    def step(self, inputs: Any, states: Any) -> Any:
        output = K.tanh(inputs + K.dot(states[0], states[2]))
        return output, [output, states[1] + 1.0]


def twins(masked: bool = False, **options: Any) -> tuple[Any, Any]:
    """The layer and a SimpleRNN of the same weights, as models."""
    models = []
    for layer in (Plain(2, **options), SimpleRNN(2, use_bias=False, **options)):
        start: list[Any] = [Masking(0.0)] if masked else []
        models.append(Sequential([*start, layer]))
        models[-1].build((4, 5, 3))
    models[1].set_weights(models[0].get_weights())
    return models[0], models[1]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"return_sequences": True},
        {"go_backwards": True},
        {"unroll": True, "return_sequences": True},
        {"stateful": True},
        {"masked": True, "return_sequences": True},
    ],
)
def test_it_computes_what_a_layer_with_a_cell_does(options: dict[str, Any]) -> None:
    np.random.seed(0)  # noqa: NPY002 - what weights are drawn from
    data = X.copy()
    data[:, 3:] = 0.0 if options.get("masked") else data[:, 3:]
    own, other = twins(**options)
    for _ in range(2):
        np.testing.assert_allclose(own.predict(data), other.predict(data), atol=1e-6)


def test_states_are_carried_and_reset() -> None:
    own, _ = twins(stateful=True)
    first, second = own.predict(X), own.predict(X)
    assert not np.allclose(first, second)
    own.reset_states()
    np.testing.assert_array_equal(own.predict(X), first)


def test_states_may_be_given_and_returned() -> None:
    x, start, count = Input((5, 3)), Input((2,)), Input((2,))
    layer = Plain(2, return_state=True)
    outputs = layer(x, initial_state=[start, count])
    model = Model([x, start, count], outputs)
    last, state, steps = model.predict([X, np.ones((4, 2)), np.full((4, 2), 7.0)])
    np.testing.assert_array_equal(last, state)
    np.testing.assert_array_equal(steps, np.full((4, 2), 12.0))
    assert [one.shape for one in outputs] == [(None, 2)] * 3


@pytest.mark.training
def test_it_trains() -> None:
    model = Sequential([Plain(4, input_shape=(5, 3)), Dense(1)])
    model.compile("adam", "mse")
    losses = model.fit(X, X[:, 0, :1], epochs=20, verbose=0).history["loss"]
    assert losses[-1] < losses[0]


@pytest.mark.no_runtime
def test_its_config_makes_it_again() -> None:
    class Own(Plain):
        def get_config(self) -> dict[str, Any]:
            return {**super().get_config(), "units": self.units}

    config = Own(3, return_sequences=True, implementation=2).get_config()
    assert Own.from_config(config).get_config() == config


@pytest.mark.no_runtime
def test_a_step_and_as_many_states_as_there_are_must_be_given() -> None:
    class Stepless(Recurrent):
        units = 2

    with pytest.raises(TypeError, match="`Stepless` 'stepless_1' must define `step`"):
        Stepless(name="stepless_1")(Input((5, 3)))
    with pytest.raises(ValueError, match="has 2 states. Received: 1 initial states"):
        Plain(2)([Input((5, 3)), Input((2,))])
