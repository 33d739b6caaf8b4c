"""The user's own objects by name, wherever names are resolved."""

from __future__ import annotations

import pytest

from konnx import activations, losses
from konnx.graph import Tensor
from konnx.layers import Dense
from konnx.models import Model, Sequential, model_from_json
from konnx.utils import CustomObjectScope, custom_object_scope, get_custom_objects

pytestmark = pytest.mark.no_runtime


class Twice(Dense):
    def call(self, inputs: Tensor) -> Tensor:
        return 2 * super().call(inputs)


def halved(x: Tensor) -> Tensor:
    return x / 2


def model() -> Model:
    return Sequential([Twice(2, activation=halved, input_shape=(3,))])


def test_a_scope_tells_of_classes_and_functions_and_forgets_them() -> None:
    text = model().to_json()
    with CustomObjectScope({"Twice": Twice}, {"halved": halved}):
        [layer] = model_from_json(text).layers
        assert type(layer) is Twice
        with custom_object_scope({"halved": abs}):
            assert activations.get("halved") is abs
        assert activations.get("halved") is halved
    with pytest.raises(ValueError, match="Unknown layer classes: Twice"):
        model_from_json(text)
    assert "Twice" not in get_custom_objects()


def test_what_an_error_ends_is_forgotten_too() -> None:
    with pytest.raises(KeyError), CustomObjectScope({"halved": halved}):
        raise KeyError
    assert not get_custom_objects()


def test_names_given_to_all_count_until_they_are_taken_back() -> None:
    get_custom_objects()["mine"] = halved
    try:
        assert losses.get("mine") is halved
    finally:
        del get_custom_objects()["mine"]


def test_what_is_passed_by_hand_comes_first() -> None:
    with CustomObjectScope({"halved": abs}):
        assert activations.ACTIVATIONS.get("halved", {"halved": halved}) is halved
