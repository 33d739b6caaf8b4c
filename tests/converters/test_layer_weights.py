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


# Models within a model


def nested(**frozen: bool) -> Sequential:
    """A model whose weights within all have one shape; the arguments say what is frozen."""
    layers = [
        Dense(4, use_bias=False, input_shape=(4,), name="first"),
        BatchNormalization(name="norm"),
        Dense(4, use_bias=False, name="second"),
        BatchNormalization(name="last"),
    ]
    inner = Sequential(layers, name="inner")
    model = Sequential([inner, Dense(2, name="top")])
    for name in frozen:
        (inner if name == "inner" else inner.get_layer(name)).trainable = False
    return model


FROZEN = [{}, {"norm": True}, {"second": True}, {"first": True, "last": True}, {"inner": True}]


@pytest.mark.parametrize("before", FROZEN, ids=str)
@pytest.mark.parametrize("after", FROZEN, ids=str)
def test_what_was_frozen_when_the_file_was_written_does_not_matter(
    before: dict[str, bool], after: dict[str, bool]
) -> None:
    source, target = nested(**before), nested(**after)
    weights = [one for part in source.flattened_layers() for one in part.own_weights]
    for index, variable in enumerate(weights):
        variable.assign(np.full(variable.shape, index, np.float32))
    set_weights(target, content(*file_layers(source)), "f.h5", Matching())
    received = [one for part in target.flattened_layers() for one in part.own_weights]
    assert [one.numpy().flat[0] for one in received] == list(range(len(received)))


def test_the_order_of_frozen_layers_is_noted() -> None:
    source, target = nested(norm=True), nested()
    [note] = set_weights(target, content(*file_layers(source)), "f.h5", Matching())
    assert (note.layer, note.what) == ("inner", "weights in another order")


def test_by_name_layers_within_models_are_found_too() -> None:
    model = nested()
    before = model.get_layer("inner").get_layer("first").get_weights()
    set_weights(model, content(entry("second", (4, 4))), "f.h5", Matching(True))
    inner = model.get_layer("inner")
    assert (inner.get_layer("second").get_weights()[0] == 1).all()
    np.testing.assert_array_equal(inner.get_layer("first").get_weights()[0], before[0])


def test_by_name_a_model_within_that_the_file_has_is_taken_whole() -> None:
    model = nested()
    with pytest.raises(FileFormatError, match="'inner'.*another number of weights"):
        set_weights(model, content(entry("inner", (4, 4))), "f.h5", Matching(True))


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
