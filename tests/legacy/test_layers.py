"""Layers of Keras 1 compute what they did there."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from konnx import layers
from konnx.layers import Input, deserialize, serialize
from konnx.legacy import to_keras_2
from konnx.legacy.layers import (
    AtrousConvolution1D,
    AtrousConvolution2D,
    Highway,
    MaxoutDense,
    merge,
)
from konnx.models import Model

pytestmark = pytest.mark.filterwarnings("ignore:The `.*` (layer|function) is of Keras 1")

RANDOM = np.random.default_rng(0)
A, B = (RANDOM.normal(size=(5, 3)).astype("float32") for _ in range(2))
P, Q = RANDOM.normal(size=(5, 4, 3)), RANDOM.normal(size=(5, 3, 2))


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def cosine(a: Any, b: Any) -> Any:
    return (a * b).sum(1) / np.sqrt((a * a).sum(1) * (b * b).sum(1))


def run(function: Any, *arrays: Any) -> Any:
    inputs = [Input(array.shape[1:]) for array in arrays]
    return Model(inputs, function(inputs)).predict([one.astype("float32") for one in arrays])


@pytest.mark.parametrize(
    ("arguments", "values", "layer", "expected"),
    [
        ({}, (A, B), "Add", A + B),
        ({"mode": "mul"}, (A, B), "Multiply", A * B),
        ({"mode": "ave"}, (A, B), "Average", (A + B) / 2),
        ({"mode": "max"}, (A, B), "Maximum", np.maximum(A, B)),
        ({"mode": "concat"}, (A, B), "Concatenate", np.concatenate([A, B], 1)),
        ({"mode": "dot", "dot_axes": 1}, (A, B), "Dot", (A * B).sum(1, keepdims=True)),
        ({"mode": "dot", "dot_axes": [2, 1]}, (P, Q), "Dot", P @ Q),
        ({"mode": "cos"}, (A, B), "CosineMerge", cosine(A, B)[:, None, None]),
        ({"mode": lambda x: x[0] - x[1], "output_shape": (3,)}, (A, B), "Lambda", A - B),
    ],
)
def test_merge_computes_what_its_mode_says(
    arguments: dict[str, Any], values: Any, layer: str, expected: Any
) -> None:
    made = []

    def merged(inputs: Any) -> Any:
        made.append(merge(inputs, **arguments, name="merged"))
        return made[0]

    np.testing.assert_allclose(run(merged, *values), expected, rtol=1e-5, atol=1e-6)
    assert type(made[0]._keras_history.layer).__name__ == layer


@pytest.mark.no_runtime
def test_an_unknown_mode_is_refused_with_what_is_like_it() -> None:
    with pytest.raises(ValueError, match=r"mode='summ'.* Did you mean 'sum'"):
        merge([Input((3,)), Input((3,))], mode="summ")


@pytest.mark.parametrize("bias", [True, False])
def test_maxout_is_the_largest_of_several_linear_maps(bias: bool) -> None:
    layer = MaxoutDense(2, nb_feature=3, bias=bias)
    result = run(lambda inputs: layer(inputs[0]), A)
    kernel, *rest = layer.get_weights()
    maps = np.einsum("bi,kio->bko", A, kernel) + (rest[0] if bias else 0)
    np.testing.assert_allclose(result, maps.max(1), rtol=1e-5, atol=1e-6)
    assert [one.name.rpartition("/")[2] for one in layer.weights] == (["W", "b"] if bias else ["W"])


@pytest.mark.parametrize("bias", [True, False])
def test_a_highway_passes_as_much_of_its_input_as_its_gate_says(bias: bool) -> None:
    layer = Highway(activation="tanh", bias=bias, transform_bias=-2)
    result = run(lambda inputs: layer(inputs[0]), A)
    kernel, carry, *rest = layer.get_weights()
    b, b_carry = rest if bias else (0, 0)
    gate = sigmoid(A @ carry + b_carry)
    expected = np.tanh(A @ kernel + b) * gate + (1 - gate) * A
    np.testing.assert_allclose(result, expected, rtol=1e-5, atol=1e-6)
    if bias:
        np.testing.assert_array_equal(b_carry, np.ones(3))


@pytest.mark.no_runtime
@pytest.mark.parametrize(
    ("layer_class", "arguments"),
    [(MaxoutDense, {"output_dim": 2, "W_regularizer": "l2"}), (Highway, {"init": "uniform"})],
)
def test_configs_have_the_names_of_keras_1(layer_class: Any, arguments: dict[str, Any]) -> None:
    layer = layer_class(input_dim=3, **arguments)
    config = serialize(layer)
    assert {"init", "W_regularizer", "b_constraint", "bias", "input_dim"} <= set(config["config"])
    assert serialize(deserialize(config)) == config
    assert layer.batch_input_shape == (None, 3)


@pytest.mark.no_runtime
def test_atrous_convolutions_are_convolutions_with_dilation() -> None:
    one: Any = AtrousConvolution1D(3, 2, atrous_rate=2)
    with pytest.warns(UserWarning, match="`Conv2D"):
        two: Any = AtrousConvolution2D(3, 2, 2, atrous_rate=(2, 3))
    assert (type(one), one.dilation_rate) == (layers.Conv1D, (2,))
    assert (type(two), two.kernel_size, two.dilation_rate) == (layers.Conv2D, (2, 2), (2, 3))


@pytest.mark.no_runtime
def test_a_file_of_keras_1_may_hold_a_cosine() -> None:
    config = {"name": "m", "mode": "cos", "dot_axes": 1, "concat_axis": -1}
    name, arguments, _ = to_keras_2("Merge", config)
    layer = deserialize({"class_name": name, "config": arguments})
    assert layer([Input((3,)), Input((3,))]).shape == (None, 1, 1)


@pytest.mark.no_runtime
@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("make", [lambda: MaxoutDense(2), lambda: Highway()])
def test_they_say_that_they_are_of_keras_1(make: Any) -> None:
    with pytest.warns(UserWarning, match=r"The `\w+` layer is of Keras 1. Use `Dense`"):
        make()
