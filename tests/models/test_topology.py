"""The order of layers, and what is no graph from inputs to outputs."""

from __future__ import annotations

import pytest

from konnx.layers import Add, Concatenate, Dense, Input, Multiply
from konnx.models import Model
from konnx.models.topology import get_source_inputs

pytestmark = pytest.mark.no_runtime


def names(model: Model) -> list[str]:
    return [layer.name for layer in model.layers]


def test_a_chain_is_in_its_order() -> None:
    x = Input((4,), name="x")
    assert names(Model(x, Dense(2, name="b")(Dense(3, name="a")(x)))) == ["x", "a", "b"]


def test_branches_stand_as_keras_orders_them() -> None:
    # What tf_keras 2.21 says of the same model.
    a, b = Input((4,), name="a"), Input((4,), name="b")
    shared = Dense(4, name="d1")
    from_b, from_a = shared(b), shared(a)
    skip = Dense(4, name="skip")(a)
    u = Add(name="u")([Dense(4, name="p")(from_b), from_a])
    v = Multiply(name="v")([skip, u])
    o1 = Concatenate(name="o1")([v, Dense(4, name="late")(b)])
    model = Model([a, b], [Dense(2, name="o2")(skip), o1])
    assert names(model) == ["b", "a", "d1", "p", "skip", "u", "v", "late", "o2", "o1"]


def test_what_a_shared_layer_needs_stands_before_its_deepest_call() -> None:
    x, y = Input((4,), name="x"), Input((4,), name="y")
    shared = Dense(4, name="d")
    deep = Dense(4, name="g")(Dense(4, name="e")(shared(x)))
    model = Model([x, y], [shared(Dense(4, name="f")(y)), deep])
    assert names(model) == ["y", "f", "x", "d", "e", "g"]  # as tf_keras 2.21 says, too


def test_an_input_that_nothing_needs_is_a_layer_and_comes_back_from_the_config() -> None:
    # What tf_keras 2.21 says of the same model; Keras 2.1.6 forgets the input.
    a, b = Input((4,), name="a"), Input((3,), name="b")
    model = Model([b, a], Dense(2, name="d")(a))
    again = Model.from_config(model.get_config())
    assert names(model) == names(again) == ["a", "b", "d"]
    assert [tensor.shape for tensor in again.inputs] == [(None, 3), (None, 4)]


def test_a_deep_chain_needs_no_deep_recursion() -> None:
    x = tensor = Input((2,))
    for _ in range(1500):
        tensor = Add()([tensor, x])
    assert len(Model(x, tensor).layers) == 1501


def test_an_input_that_is_not_given_is_named() -> None:
    a, b = Input((4,), name="given"), Input((4,), name="forgotten")
    with pytest.raises(ValueError, match="depends on the input 'forgotten'.*inputs=\\['given'\\]"):
        Model(a, Add()([a, b]))


def test_layers_of_one_name_are_named() -> None:
    x = Input((4,))
    with pytest.raises(ValueError, match="several layers of the name 'same'"):
        Model(x, Dense(2, name="same")(Dense(2, name="same")(x)))


def test_a_tensor_of_no_layer_is_refused() -> None:
    x = Input((4,))
    with pytest.raises(ValueError, match="was not made by a layer"):
        Model(x, Dense(2)(x) * 2.0)


def test_inputs_must_be_inputs() -> None:
    x = Input((4,))
    hidden = Dense(3, name="hidden")(x)
    with pytest.raises(ValueError, match="made by layer 'hidden'.*make an Input of that shape"):
        Model(hidden, Dense(2)(hidden))


def test_an_input_counts_once() -> None:
    x = Input((4,))
    with pytest.raises(ValueError, match="an input occurs twice"):
        Model([x, x], Dense(2)(x))


def test_the_inputs_behind_a_tensor_are_found_once_each_and_no_others() -> None:
    a, b, c = (Input((4,), name=name) for name in "abc")
    layer = Dense(4, name="shared")
    from_a, from_c = layer(a), layer(c)
    both = Add()([from_a, Multiply()([a, b])])
    assert set(get_source_inputs(both)) == {a, b}
    assert get_source_inputs(from_a, layer, 1) == [c]
    assert get_source_inputs(from_c) == get_source_inputs(c) == [c]
