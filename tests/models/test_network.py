"""Functional models: several inputs and outputs, shared layers, models within models."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import numpy as np
import pytest

from konnx.layers import Add, BatchNormalization, Concatenate, Dense, Dropout, Input, Layer
from konnx.models import Model, Sequential, clone_model, model_from_json

X = np.linspace(-1, 1, 24, dtype=np.float32).reshape(6, 4)
CLOSE = {"rtol": 1e-5, "atol": 1e-6}

Array = np.ndarray[Any, Any]


def dense(x: Array, layer: Any) -> Array:
    kernel, bias = layer.get_weights()
    result: Array = x @ kernel + bias
    return result


def encoder() -> Model:
    x = Input((4,))
    return Model(x, Dense(3, name="out")(Dense(5, name="hidden")(x)), name="encoder")


def encoded(model: Model, x: Array) -> Array:
    return dense(dense(x, model.get_layer("hidden")), model.get_layer("out"))


# Outputs


@pytest.mark.parametrize("form", [list, tuple])
def test_several_inputs_and_outputs(form: Any) -> None:
    a, b = Input((4,), name="a"), Input((2,), name="b")
    left, right = Dense(3, name="left"), Dense(1, name="right")
    joined = Concatenate(name="joined")([left(a), b])
    model = Model(form([a, b]), form([joined, right(joined)]))
    assert (model.input_names, model.output_names) == (["a", "b"], ["joined", "right"])
    first, second = model.predict([X, X[:, :2]])
    np.testing.assert_allclose(first, np.hstack([dense(X, left), X[:, :2]]), **CLOSE)
    np.testing.assert_allclose(second, dense(first, right), **CLOSE)


def test_data_may_come_as_a_dict() -> None:
    a, b = Input((4,), name="a"), Input((4,), name="b")
    model = Model([a, b], Concatenate()([a, b]))
    received = model.predict({"b": X, "a": 2 * X})
    np.testing.assert_array_equal(received, np.hstack([2 * X, X]))


def test_a_shared_layer_has_one_set_of_weights() -> None:
    a, b = Input((4,)), Input((4,))
    shared = Dense(3)
    model = Model([a, b], Add()([shared(a), shared(b)]))
    assert len(model.get_weights()) == 2
    np.testing.assert_allclose(
        model.predict([X, 2 * X]), dense(3 * X, shared) + dense(0 * X, shared), **CLOSE
    )


def test_names_of_outputs_differ_from_each_other_and_from_inputs() -> None:
    x = Input((4,), name="d_1")
    layer = Dense(4, name="d")
    first = layer(x)
    model = Model(x, [layer(first), first])
    assert model.output_names == ["d", "d_2"]


def test_an_input_can_be_an_output() -> None:
    x = Input((4,))
    model = Model(x, [x, Dense(2)(x)])
    received, _ = model.predict(X)
    np.testing.assert_array_equal(received, X)


@pytest.mark.training
@pytest.mark.parametrize("name", ["output_0", "update_0", "seed", "d/kernel"])
def test_an_input_may_have_any_name(name: str) -> None:
    x = Input((4,), name=name)
    layer = Dense(2, name="d")
    model = Model(x, layer(x))
    model.compile("sgd", "mse")
    model.train_on_batch(X, X[:, :2])
    np.testing.assert_allclose(model.predict(X), dense(X, layer), **CLOSE)


# Models within models


def test_a_model_called_twice_applies_the_same_weights() -> None:
    inner = encoder()
    a, b = Input((4,)), Input((4,))
    model = Model([a, b], Concatenate()([inner(a), inner(b)]))
    expected = np.hstack([encoded(inner, X), encoded(inner, -X)])
    np.testing.assert_allclose(model.predict([X, -X]), expected, **CLOSE)
    assert len(model.get_weights()) == 4


def test_a_model_called_on_its_own_input_stays_whole() -> None:
    inner = encoder()
    outer = Model(inner.inputs, Dense(2)(inner(inner.inputs[0])))
    assert [layer.name for layer in inner.layers][1:] == ["hidden", "out"]
    assert outer.get_layer("encoder") is inner
    np.testing.assert_allclose(inner.predict(X), encoded(inner, X), **CLOSE)
    for model in (inner, outer):
        again = Model.from_config(model.get_config())
        again.set_weights(model.get_weights())
        np.testing.assert_allclose(again.predict(X), model.predict(X), **CLOSE)


def test_a_model_of_part_of_the_layers_shows_what_is_within() -> None:
    whole = encoder()
    part = Model(whole.inputs, whole.get_layer("hidden").output)
    np.testing.assert_allclose(part.predict(X), dense(X, whole.get_layer("hidden")), **CLOSE)


def test_a_model_within_computes_its_output_shape() -> None:
    assert encoder().compute_output_shape((7, 4)) == (7, 3)


def test_a_model_within_refuses_another_shape() -> None:
    with pytest.raises(ValueError, match="Layer 'encoder' cannot take the input.*size 4 on axis 1"):
        encoder()(Input((5,)))


# Layers and weights


def test_get_layer_by_name_and_by_place() -> None:
    model = encoder()
    assert model.get_layer("hidden") is model.get_layer(index=1) is model.layers[1]
    assert model.get_layer(index=-1).name == "out"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "hiden"}, "no layer 'hiden'. Its layers: input_[0-9]+, hidden, out"),
        ({"index": 3}, "has 3 layers. Received: index=3"),
        ({}, "no layer 'None'"),
    ],
)
def test_a_layer_that_is_not_there(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        encoder().get_layer(**arguments)


def test_weights_go_from_one_model_to_another() -> None:
    source, target = encoder(), encoder()
    target.set_weights(source.get_weights())
    np.testing.assert_array_equal(target.predict(X), source.predict(X))


def test_get_weights_returns_copies() -> None:
    model = encoder()
    model.get_weights()[0][:] = 9
    assert not (model.get_weights()[0] == 9).any()


ZEROS = [np.zeros(shape, np.float32) for shape in ((4, 5), (5,), (5, 3), (3,))]


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (ZEROS[:3], "'encoder' has 4 weights. Received: 3 arrays"),
        ([*ZEROS, np.zeros(1)], "'encoder' has 4 weights. Received: 5 arrays"),
        ([*ZEROS[:3], np.zeros(4)], r"'out/bias' of 'encoder' has shape \(3,\).*shape \(4,\)"),
        ([*ZEROS[:3], np.array(["a", "b", "c"])], "'out/bias' of 'encoder' must be an array of"),
        ([*ZEROS[:3], [1.0, [2.0], 3.0]], "'out/bias' of 'encoder' must be an array of"),
    ],
)
def test_weights_that_do_not_fit_change_nothing(weights: list[Any], message: str) -> None:
    model = encoder()
    before = model.get_weights()
    with pytest.raises(ValueError, match=message):
        model.set_weights(weights)
    for received, expected in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(received, expected)


def normalized() -> tuple[Model, Model]:
    x = Input((4,))
    inner = Model(x, Dense(2, name="after")(BatchNormalization(name="norm")(x)), name="inner")
    y = Input((4,))
    return Model(y, inner(y)), inner


def names(variables: list[Any]) -> list[str]:
    return [variable.name for variable in variables]


def test_weights_of_a_model_within_come_trainable_first() -> None:
    outer, inner = normalized()
    trained = ["norm/gamma", "norm/beta", "after/kernel", "after/bias"]
    statistics = ["norm/moving_mean", "norm/moving_variance"]
    assert names(outer.weights) == names(inner.weights) == trained + statistics
    shapes = [value.shape for value in outer.get_weights()]
    assert shapes == [(4,), (4,), (4, 2), (2,), (4,), (4,)]


@pytest.mark.parametrize("level", ["inner", "outer", "layer"])
def test_trainable_moves_weights_between_the_lists(level: str) -> None:
    outer, inner = normalized()
    target: Layer = {"inner": inner, "outer": outer, "layer": inner.get_layer("after")}[level]
    target.trainable = False
    frozen = 6 if level != "layer" else 4
    assert len(outer.non_trainable_weights) == frozen
    assert len(outer.trainable_weights) == 6 - frozen
    target.trainable = True
    assert len(outer.trainable_weights) == 4


def test_a_layer_added_to_a_frozen_model_is_frozen() -> None:
    model = Sequential([Dense(3, input_shape=(4,))])
    model.trainable = False
    norm = BatchNormalization()
    model.add(norm)
    assert norm.is_frozen
    assert model.trainable_weights == []


def reused() -> tuple[Model, Model]:
    """A frozen model, and another one that goes on from its output."""
    base = Sequential([Dense(4, input_shape=(3,), name="first"), BatchNormalization(name="norm")])
    base.trainable = False
    return base, Model(base.input, Dense(2, name="head")(base.output))


def test_layers_of_a_frozen_model_are_frozen_in_a_model_that_goes_on_from_them() -> None:
    base, model = reused()
    assert names(model.trainable_weights) == ["head/kernel", "head/bias"]
    assert [layer.trainable for layer in base.layers] == [True, True]
    base.get_layer("first").trainable = False
    base.trainable = True  # what was frozen by itself stays so
    assert names(model.trainable_weights)[:2] == ["norm/gamma", "norm/beta"]


def test_a_frozen_model_over_the_same_layers_freezes_them_in_the_other() -> None:
    outer, inner = normalized()
    order = names(outer.weights)
    features = Model(inner.inputs, inner.get_layer("norm").output)
    features.trainable = False
    assert names(outer.trainable_weights) == names(inner.trainable_weights)
    assert names(outer.trainable_weights) == ["after/kernel", "after/bias"]
    assert names(outer.weights) == order  # that of files
    features.trainable = True
    assert len(outer.trainable_weights) == 4


@pytest.mark.parametrize("copied", ["json", "clone", "copy"])
def test_copies_keep_frozen_what_a_model_that_they_lack_has_frozen(copied: str) -> None:
    _, model = reused()
    copies = {
        "json": lambda: model_from_json(model.to_json()),
        "clone": lambda: clone_model(model),
        "copy": lambda: deepcopy(model),
    }
    assert names(copies[copied]().trainable_weights) == ["head/kernel", "head/bias"]


def test_a_model_within_adds_its_losses_once() -> None:
    x = Input((4,))
    inner = Model(x, Dense(2, kernel_regularizer="l2", activity_regularizer="l1")(x))
    y = Input((4,))
    outer = Model(y, inner(y))
    assert (len(inner.losses), len(outer.losses)) == (2, 2)
    assert set(inner.losses) != set(outer.losses)
    assert len(set(inner.losses) & set(outer.losses)) == 1  # that of the kernel


def test_the_list_of_layers_is_the_model_s_own_and_outputs_may_be_set() -> None:
    x = Input((4,), name="x")
    model = Model(x, Dense(2, name="top")(Dense(3, name="hidden")(x)))
    model.compile("sgd", "mse")
    model.layers.pop()
    shorter = Model(model.input, model.layers[-1].output)
    assert [layer.name for layer in shorter.layers] == ["x", "hidden"]
    assert model.predict(np.ones((1, 4))).shape == (1, 2)
    model.outputs = [model.layers[-1].output]
    assert model.predict(np.ones((1, 4))).shape == (1, 3)
    assert model.output_shape == (None, 3)
    assert model.get_config() == {**shorter.get_config(), "name": model.name}
    assert not model.is_compiled


def test_the_input_of_an_input_layer_is_its_tensor() -> None:
    x = Input((4,))
    model = Model(x, Dense(2)(x))
    assert model.layers[0].input is x
    assert model.layers[0].input_shape == (None, 4)
    assert model.layers[0].inbound_nodes[0].inputs == []


def test_a_model_tells_whether_training_differs_from_inference() -> None:
    assert Sequential([Dense(2, input_shape=(3,)), Dropout(0.5)]).uses_learning_phase
    assert not Sequential([Dense(2, input_shape=(3,))]).uses_learning_phase
