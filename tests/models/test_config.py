"""Models to and from the nested dicts that Keras keeps in its files."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from konnx.graph import Tensor
from konnx.layers import Add, Dense, Dropout, Input, Layer
from konnx.models import Model, Sequential

X = np.linspace(-1, 1, 12, dtype=np.float32).reshape(3, 4)


class Times(Layer):
    def __init__(self, factor: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, inputs: Tensor, by: Any = ()) -> Tensor:
        for one in by:
            inputs = inputs * one
        return inputs * self.factor

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "factor": self.factor}


def shared() -> Model:
    a, b = Input((4,), name="a"), Input((4,), name="b")
    layer = Dense(4, name="shared")
    low = layer(a)
    return Model([a, b], [Add(name="sum")([layer(low), layer(b)]), low], name="two")


def nested() -> Model:
    inner = Sequential([Dense(4, input_shape=(4,), name="d")], name="inner")
    x = Input((4,), name="x")
    return Model(x, Add(name="sum")([inner(inner(x)), inner(x)]), name="outer")


def deep() -> Model:
    x = Input((4,), name="x")
    return Model(x, Dense(2, name="top")(nested()(x)), name="deep")


def stack() -> Model:
    return Sequential([Dense(3, input_shape=(4,)), Dropout(0.5), Sequential([Dense(2)])])


def calls(config: dict[str, Any]) -> dict[str, Any]:
    return {layer["name"]: layer["inbound_nodes"] for layer in config["layers"]}


@pytest.mark.parametrize("make", [shared, nested, deep, stack])
def test_a_model_made_from_its_config_computes_the_same(make: Any) -> None:
    model = make()
    config = json.loads(json.dumps(model.get_config()))
    again = type(model).from_config(config)
    again.set_weights(model.get_weights())
    x = [X] * len(model.inputs)
    np.testing.assert_allclose(
        np.hstack(np.atleast_3d(again.predict(x))),
        np.hstack(np.atleast_3d(model.predict(x))),
        rtol=1e-6,
    )


@pytest.mark.no_runtime
@pytest.mark.parametrize("make", [shared, nested, deep])
def test_a_config_goes_through_a_model_unchanged(make: Any) -> None:
    config = make().get_config()
    assert Model.from_config(config).get_config() == config


@pytest.mark.no_runtime
def test_calls_of_a_shared_layer_are_numbered_from_0() -> None:
    config = shared().get_config()
    assert calls(config) == {
        "a": [],
        "b": [],
        "shared": [[["a", 0, 0, {}]], [["shared", 0, 0, {}]], [["b", 0, 0, {}]]],
        "sum": [[["shared", 1, 0, {}], ["shared", 2, 0, {}]]],
    }
    assert config["input_layers"] == [["a", 0, 0], ["b", 0, 0]]
    assert config["output_layers"] == [["sum", 0, 0], ["shared", 0, 0]]


@pytest.mark.no_runtime
def test_calls_of_a_model_within_are_numbered_from_1() -> None:
    assert calls(nested().get_config()) == {
        "x": [],
        "inner": [[["x", 0, 0, {}]], [["inner", 1, 0, {}]], [["x", 0, 0, {}]]],
        "sum": [[["inner", 2, 0, {}], ["inner", 3, 0, {}]]],
    }


@pytest.mark.no_runtime
def test_calls_outside_the_model_are_not_counted() -> None:
    layer = Dense(4, name="d")
    layer(Input((4,)))
    x = Input((4,), name="x")
    model = Model(x, layer(x))
    assert calls(model.get_config())["d"] == [[["x", 0, 0, {}]]]
    assert model.get_config()["output_layers"] == [["d", 0, 0]]


@pytest.mark.no_runtime
def test_a_config_names_class_and_arguments() -> None:
    config = nested().get_config()
    assert config["name"] == "outer"
    assert [layer["class_name"] for layer in config["layers"]] == [
        "InputLayer",
        "Sequential",
        "Add",
    ]
    (inner,) = config["layers"][1]["config"]  # a list, as Keras 2.1 writes a Sequential
    assert inner["class_name"] == "Dense"
    assert inner["config"]["batch_input_shape"] == (None, 4)


@pytest.mark.no_runtime
def test_a_sequential_within_keeps_its_name() -> None:
    model = Model.from_config(nested().get_config())
    assert model.get_layer("inner").get_layer("d").units == 4  # type: ignore[attr-defined]


def test_arguments_of_a_call_are_kept() -> None:
    x = Input((4,))
    model = Model(x, Dropout(0.5, name="always")(x, training=True))
    config = json.loads(json.dumps(model.get_config()))
    assert calls(config)["always"][0][0][3] == {"training": True}
    again = Model.from_config(config)
    assert (again.predict(np.ones((8, 4))) == 0).any()


def test_tensors_among_the_arguments_are_told_by_their_places() -> None:
    x, y = Input((4,), name="x"), Input((4,), name="y")
    model = Model([x, y], Times(name="times")(x, by=[y, 2.0]))
    config = json.loads(json.dumps(model.get_config()))
    assert calls(config)["times"] == [[["x", 0, 0, {"by": [["y", 0, 0], 2.0]}]]]
    again = Model.from_config(config, {"Times": Times})
    np.testing.assert_allclose(again.predict([X, X]), 2 * X * X, rtol=1e-6)


def test_layers_of_your_own_come_from_custom_objects() -> None:
    x = Input((4,))
    config = Model(x, Times(3.0, name="times")(x)).get_config()
    model = Model.from_config(config, custom_objects={"Times": Times})
    np.testing.assert_allclose(model.predict(X), 3 * X)


# As tf.keras writes them


def dense_entry(name: str, units: int, **arguments: Any) -> dict[str, Any]:
    config = {"name": name, "trainable": True, "dtype": "float32", "units": units, **arguments}
    return {
        "module": "keras.layers",
        "class_name": "Dense",
        "config": config,
        "registered_name": None,
        "build_config": {"input_shape": [None, 4]},
    }


def input_entry(name: str) -> dict[str, Any]:
    config = {
        "batch_input_shape": [None, 4],
        "dtype": "float32",
        "sparse": False,
        "ragged": False,
        "name": name,
        "optional": False,
    }
    return {"module": "keras.layers", "class_name": "InputLayer", "config": config}


def test_a_sequential_of_tf_keras_is_a_dict() -> None:
    layers = [input_entry("first"), dense_entry("a", 3, activation="relu"), dense_entry("b", 2)]
    model = Sequential.from_config({"name": "seq", "layers": layers})
    assert (model.name, model.input_names) == ("seq", ["first"])
    assert [layer.name for layer in model.layers] == ["a", "b"]
    assert model.predict(X).shape == (3, 2)


def test_a_sequential_of_tf_keras_may_say_its_input_apart() -> None:
    config = {"name": "seq", "layers": [dense_entry("a", 3)], "build_input_shape": [None, 4]}
    assert Sequential.from_config(config).predict(X).shape == (3, 3)


def functional_of_tf_keras(**changes: Any) -> dict[str, Any]:
    inner = {"name": "inner", "layers": [input_entry("i"), dense_entry("d", 4)]}
    layers = [
        {**input_entry("x"), "name": "x", "inbound_nodes": []},
        {
            "module": "keras",
            "class_name": "Sequential",
            "config": inner,
            "registered_name": None,
            "name": "inner",
            "inbound_nodes": [[["x", 0, 0, {}]], [["x", 0, 0, {}]]],
        },
        {
            "class_name": "Add",
            "config": {"name": "s", "trainable": True, "dtype": "float32"},
            "name": "s",
            "inbound_nodes": [[["inner", 1, 0, {}], ["inner", 2, 0, {}]]],
        },
    ]
    return {
        "name": "f",
        "trainable": True,
        "layers": layers,
        "input_layers": [["x", 0, 0]],
        "output_layers": [["s", 0, 0]],
        **changes,
    }


@pytest.mark.parametrize(
    "changes",
    [{}, {"input_layers": ["x", 0, 0], "output_layers": ["s", 0, 0]}],
    ids=["listed", "bare"],
)
def test_a_functional_model_of_tf_keras(changes: dict[str, Any]) -> None:
    model = Model.from_config(functional_of_tf_keras(**changes))
    kernel, bias = model.get_weights()
    np.testing.assert_allclose(model.predict(X), 2 * (X @ kernel + bias), rtol=1e-5, atol=1e-6)


# Damage


def without(name: str) -> dict[str, Any]:
    config = functional_of_tf_keras()
    config["layers"] = [layer for layer in config["layers"] if layer["name"] != name]
    return config


@pytest.mark.no_runtime
@pytest.mark.parametrize(
    ("config", "message"),
    [
        (without("inner"), "inputs of these layers never come to exist: s"),
        (without("x"), "inputs of these layers never come to exist: inner, s"),
        (functional_of_tf_keras(output_layers=[["t", 0, 0]]), "names a layer 't' that it lacks"),
        (functional_of_tf_keras(output_layers=[["s", 1, 0]]), "'s' has no output 0 of call 1"),
        (functional_of_tf_keras(output_layers=[["s", 0, 1]]), "'s' has no output 1 of call 0"),
    ],
)
def test_a_damaged_config_is_refused(config: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"Model config 'f'.*{message}"):
        Model.from_config(config)


@pytest.mark.no_runtime
def test_calls_in_the_form_of_keras_3_are_refused() -> None:
    config = functional_of_tf_keras()
    config["layers"][2]["inbound_nodes"] = [{"args": [], "kwargs": {}}]
    with pytest.raises(ValueError, match="Layer 's': its calls are not written as Keras 2 does"):
        Model.from_config(config)


@pytest.mark.no_runtime
def test_all_unknown_classes_are_named_at_once() -> None:
    inner = [{"class_name": "Swirl", "config": {"name": "deep"}}]
    layers = [
        dense_entry("known", 2),
        {"class_name": "Twirl", "config": {"name": "first"}},
        {"class_name": "Sequential", "config": inner},
        {"class_name": "Twirl", "config": {"name": "second"}},
    ]
    with pytest.raises(ValueError, match="custom_objects") as caught:
        Sequential.from_config(layers)
    assert "Unknown layer classes: Swirl (deep); Twirl (first, second)." in str(caught.value)


@pytest.mark.no_runtime
def test_a_lambda_is_refused_with_a_way_out() -> None:
    layers = [
        {"class_name": "Lambda", "config": {"name": "code", "function": ["4wEA", None, None]}}
    ]
    with pytest.raises(ValueError, match=r"Lambda \(code\).*never read from a file"):
        Sequential.from_config(layers)


def test_a_lambda_may_be_replaced_by_a_class_of_your_own() -> None:
    layers = [
        {"class_name": "Lambda", "config": {"name": "code", "batch_input_shape": [None, 4]}},
    ]
    model = Sequential.from_config(layers, custom_objects={"Lambda": Times})
    np.testing.assert_array_equal(model.predict(X), X)


def test_layers_that_take_texts_apart_are_refused_with_the_reason() -> None:
    entry = {"class_name": "TextVectorization", "config": {"name": "words"}}
    with pytest.raises(ValueError, match="TextVectorization .*no operators to take texts"):
        Sequential.from_config([entry])
