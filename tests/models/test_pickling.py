"""Models in pickles and deep copies."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

from konnx import backend as K
from konnx.layers import (
    LSTM,
    BatchNormalization,
    Bidirectional,
    Dense,
    Input,
    Lambda,
    Layer,
    TimeDistributed,
)
from konnx.models import Model, Sequential
from konnx.optimizers import Adam

pytestmark = pytest.mark.training

X = np.linspace(-1, 1, 24, dtype="float32").reshape(8, 3)
Y = X[:, :1] ** 2


def through_a_pickle(model: Model) -> Model:
    restored: Model = pickle.loads(pickle.dumps(model))  # noqa: S301 - our own
    return restored


def twice(x: Any) -> Any:
    return x * 2.0


def own_loss(y_true: Any, y_pred: Any) -> Any:
    return K.mean(K.abs(y_true - y_pred), axis=-1)


class Scale(Layer):
    """A layer of a user's own."""

    def build(self, input_shape: Any) -> None:
        self.factor = self.add_weight("factor", (1,), initializer="ones")
        super().build(input_shape)

    def call(self, inputs: Any) -> Any:
        return inputs * self.factor


class OwnModel(Model):
    """A model class of a user's own."""


def stack() -> Model:
    return Sequential([Dense(4, activation="tanh"), BatchNormalization(), Dense(1)])


def nested() -> Model:
    x = Input((3,))
    inner = Sequential([Dense(4, input_shape=(3,)), Scale()], name="inner")
    return OwnModel(x, Dense(1)(Lambda(twice)(inner(x))), name="outer")


@pytest.mark.parametrize("make", [stack, nested])
@pytest.mark.parametrize("way", [through_a_pickle, copy.deepcopy])
def test_training_goes_on_as_if_nothing_had_been(make: Any, way: Any) -> None:
    model = make()
    model.compile(Adam(0.05), own_loss, metrics=["mae"])
    model.fit(X, Y, verbose=0)
    model.optimizer.lr = 0.02
    restored = way(model)
    assert (type(restored), restored.name) == (type(model), model.name)
    np.testing.assert_array_equal(restored.predict(X), model.predict(X))
    results = []
    for one in (model, restored):
        np.random.seed(0)  # noqa: NPY002
        results.append(one.fit(X, Y, epochs=3, verbose=0).history)
    assert results[0] == results[1]
    np.testing.assert_array_equal(restored.predict(X), model.predict(X))


def test_the_copy_is_independent() -> None:
    model = stack()
    model.compile("sgd", "mse")
    model.fit(X, Y, verbose=0)
    before = model.predict(X)
    copy.deepcopy(model).fit(X, Y, verbose=0)
    np.testing.assert_array_equal(model.predict(X), before)


def test_layers_within_wrappers_are_restored() -> None:
    cells = Bidirectional(LSTM(2, return_sequences=True), input_shape=(4, 3))
    model = Sequential([cells, TimeDistributed(Scale())])
    x = np.ones((2, 4, 3), "float32")
    np.testing.assert_array_equal(through_a_pickle(model).predict(x), model.predict(x))


def test_frozen_models_stay_frozen() -> None:
    model = nested()
    inner = model.get_layer("inner")
    inner.trainable = False
    model.compile("sgd", "mse")
    restored = through_a_pickle(model)
    assert not restored.get_layer("inner").trainable
    restored.train_on_batch(X, Y)
    kernel = restored.get_layer("inner").get_weights()[0]
    np.testing.assert_array_equal(kernel, inner.get_weights()[0])


def test_a_model_without_an_input_shape_waits_for_data_as_before() -> None:
    model = stack()
    model.compile("sgd", "mse")
    restored = through_a_pickle(model)
    assert not restored.built
    restored.fit(X, Y, verbose=0)
    assert restored.metrics_names == ["loss"]


def test_target_tensors_are_refused() -> None:
    model = nested()
    model.compile("sgd", "mse", target_tensors=Input((1,)))
    with pytest.raises(ValueError, match="target_tensors"):
        pickle.dumps(model)
