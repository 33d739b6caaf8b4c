"""Copies of models: the same layers and calls, other weights."""

from __future__ import annotations

import numpy as np
import pytest

from konnx.layers import LSTM, Add, Dense, Dropout, Input, Layer
from konnx.models import Model, Sequential, clone_model


def shared() -> Model:
    a, b = Input((4,), name="a"), Input((4,), name="b")
    layer = Dense(4, name="shared")
    inner = Sequential([Dense(3, input_shape=(4,), name="low"), Dropout(0.5)], name="inner")
    return Model([a, b], [inner(Add()([layer(a), layer(b)])), layer(a)], name="outer")


def recurrent() -> Model:
    x, state = Input((None, 3), name="x"), Input((4,), name="state")
    return Model([x, state], LSTM(4, name="lstm")(x, initial_state=[state, state]))


def stack() -> Model:
    return Sequential([Dense(3, input_shape=(4,), name="low"), Dense(2, name="high")], name="s")


@pytest.mark.parametrize("make", [shared, recurrent, stack])
def test_a_clone_has_the_same_config_and_computes_the_same_with_the_same_weights(
    make: object,
) -> None:
    model = make()  # type: ignore[operator]
    clone = clone_model(model)
    assert type(clone) is type(model)
    assert clone.to_json() == model.to_json()
    assert clone.name == model.name
    assert not set(map(id, clone.weights)) & set(map(id, model.weights))
    clone.set_weights(model.get_weights())
    data = [np.ones((2, *(size or 3 for size in one.shape[1:]))) for one in model.inputs]
    data = data if len(data) > 1 else data[0]
    for one, other in zip(clone.predict(data), model.predict(data), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6)


@pytest.mark.no_runtime
def test_weights_of_a_clone_are_drawn_anew() -> None:
    model = stack()
    assert not np.array_equal(clone_model(model).get_weights()[0], model.get_weights()[0])


@pytest.mark.no_runtime
def test_a_shared_layer_stays_shared() -> None:
    clone = clone_model(shared())
    assert len(clone.get_layer("shared").inbound_nodes) == 3
    assert len(clone.weights) == len(shared().weights)


@pytest.mark.no_runtime
@pytest.mark.parametrize("make", [recurrent, stack])
def test_a_clone_can_be_built_on_inputs_that_are_there(make: object) -> None:
    model = make()  # type: ignore[operator]
    inputs = [Input(one.shape[1:], name=f"new_{i}") for i, one in enumerate(model.inputs)]
    clone = clone_model(model, input_tensors=inputs)
    assert clone.input_names == [f"new_{i}" for i in range(len(inputs))]
    assert len(clone.weights) == len(model.weights)


@pytest.mark.no_runtime
def test_each_layer_can_be_made_otherwise() -> None:
    def wider(layer: Layer) -> Layer:
        config = layer.get_config()
        return type(layer).from_config({**config, "units": config["units"] + 1})

    assert [layer.units for layer in clone_model(stack(), clone_function=wider).layers] == [4, 3]  # type: ignore[attr-defined]


@pytest.mark.no_runtime
def test_inputs_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="has 2 inputs. Received: 1 input tensors"):
        clone_model(shared(), input_tensors=[Input((4,))])
    with pytest.raises(ValueError, match=r"must come from Input\(...\)"):
        clone_model(stack(), input_tensors=Dense(4)(Input((4,))))
