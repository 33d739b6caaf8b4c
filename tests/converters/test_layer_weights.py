"""Matching the weights of a file with those of a model, all or none."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from konnx.converters import FileFormatError
from konnx.converters.hdf5 import KerasFile, LayerWeights
from konnx.converters.layer_weights import Matching, file_layers, set_model_weights, set_weights
from konnx.layers import Activation, BatchNormalization, Dense
from konnx.models import Sequential

pytestmark = pytest.mark.no_runtime


def make(*names: str) -> Sequential:
    first, second = names or ("a", "b")
    layers = [Dense(3, input_shape=(4,), name=first), Activation("relu"), Dense(2, name=second)]
    return Sequential(layers)


def content(*layers: LayerWeights) -> KerasFile:
    return KerasFile("weights", layers, keras_version="2.1.6", backend="tensorflow")


def entry(name: str, *shapes: tuple[int, ...]) -> LayerWeights:
    arrays = [np.full(shape, index + 1, np.float32) for index, shape in enumerate(shapes)]
    return LayerWeights(name, [(f"{name}/w{i}:0", array) for i, array in enumerate(arrays)])


A, B = entry("a", (4, 3), (3,)), entry("b", (3, 2), (2,))


def is_set(model: Sequential, name: str) -> bool:
    return [(w == i + 1).all() for i, w in enumerate(model.get_layer(name).get_weights())] == [
        True,
        True,
    ]


def test_every_layer_is_listed_with_its_weights_trainable_first() -> None:
    model = make()
    model.add(BatchNormalization(name="norm"))
    listed = [(one.name, [name for name, _ in one.weights]) for one in file_layers(model)]
    assert listed[0] == ("a", ["a/kernel:0", "a/bias:0"])
    assert listed[1][1] == []
    assert listed[3][1] == [
        "norm/gamma:0",
        "norm/beta:0",
        "norm/moving_mean:0",
        "norm/moving_variance:0",
    ]


@pytest.mark.parametrize(
    "layers",
    [(A, B), (A, entry("nothing"), B), (entry("x", (4, 3), (3,)), entry("y", (3, 2), (2,)))],
    ids=["named", "with an empty one", "renamed"],
)
def test_in_order_only_layers_with_weights_count(layers: Any) -> None:
    model = make()
    set_weights(model, content(*layers), "f.h5", Matching(False))
    assert is_set(model, "a")
    assert is_set(model, "b")


def test_by_name_the_others_stay() -> None:
    model = make()
    before = model.get_layer("a").get_weights()[0]
    set_weights(model, content(entry("z", (9,)), B), "f.h5", Matching(True))
    assert is_set(model, "b")
    np.testing.assert_array_equal(model.get_layer("a").get_weights()[0], before)


def test_the_weights_of_a_model_file_go_by_name_where_the_names_match() -> None:
    model = make()
    set_model_weights(model, content(B, A), "f.h5")
    assert is_set(model, "a")
    assert is_set(model, "b")


def test_the_weights_of_a_model_file_go_in_order_where_names_differ() -> None:
    model = make("dense_7", "dense_8")
    set_model_weights(model, content(A, B), "f.h5")
    assert is_set(model, "dense_7")


REFUSED = [
    ((A,), False, r"f.h5: its layers.*2 layers with weights \(a, b\).*Received: 1 \(a\).*by_name"),
    ((A, B, entry("c", (1,))), False, r"Received: 3 \(a, b, c\)"),
    ((A, entry("b", (3, 2))), False, r"layer 'b': it has another number.*Expected: 2.*Received: 1"),
    ((A, entry("b", (3, 2))), True, "layer 'b': it has another number of weights"),
    ((A, entry("b", (3, 5), (5,))), False, r"'b/kernel'.*Expected: \(3, 2\). Received: \(3, 5\)"),
    ((A, entry("b", (3, 2), (1, 2))), True, r"weight 'b/bias'.*Received: \(1, 2\)"),
    ((A, entry("b")), True, "layer 'b': it has another number of weights"),
]


@pytest.mark.parametrize(("layers", "by_name", "message"), REFUSED)
def test_what_does_not_fit_is_named_and_nothing_is_changed(
    layers: Any, by_name: bool, message: str
) -> None:
    model = make()
    before = model.get_weights()
    with pytest.raises(FileFormatError, match=message):
        set_weights(model, content(*layers), "f.h5", Matching(by_name))
    for received, expected in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(received, expected)


def test_layers_that_do_not_fit_can_be_left_as_they_are_or_reshaped() -> None:
    model = Sequential([Dense(2, input_shape=(3,), name="b")])
    before = model.get_weights()
    wrong = content(LayerWeights("b", [("k", np.ones((2, 3))), ("b", np.ones(2))]))
    with pytest.warns(UserWarning, match="A layer stays as it is: f.h5: layer 'b'"):
        set_weights(model, wrong, "f.h5", Matching(by_name=True, skip_mismatch=True))
    np.testing.assert_array_equal(model.get_weights()[0], before[0])
    set_weights(model, wrong, "f.h5", Matching(reshape=True))
    np.testing.assert_array_equal(model.get_weights()[0], np.ones((3, 2)))
    with pytest.raises(ValueError, match="needs `by_name=True`"):
        model.load_weights("f.h5", skip_mismatch=True)
