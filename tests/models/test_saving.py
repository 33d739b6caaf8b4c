"""Class and config of a model as JSON."""

from __future__ import annotations

import json

import numpy as np
import pytest

from konnx.layers import Dense, Input
from konnx.models import (
    Model,
    Sequential,
    model_from_config,
    model_from_json,
    model_from_yaml,
)
from konnx.models.saving import model_config

pytestmark = pytest.mark.no_runtime


def functional() -> Model:
    x = Input((4,), name="x")
    return Model(x, Dense(2, name="d")(x), name="m")


def test_json_holds_class_config_and_origin() -> None:
    content = json.loads(functional().to_json(indent=1))
    assert set(content) == {"class_name", "config", "keras_version", "backend"}
    assert (content["class_name"], content["config"]["name"]) == ("Model", "m")
    assert content["keras_version"].startswith("2.1.")


def test_a_model_comes_back_from_json() -> None:
    model = model_from_json(functional().to_json())
    assert (type(model), model.name, model.output_shape) == (Model, "m", (None, 2))
    assert not np.array_equal(model.get_weights()[0], functional().get_weights()[0])


def test_a_sequential_comes_back_from_json() -> None:
    text = Sequential([Dense(2, input_shape=(4,))]).to_json()
    assert isinstance(model_from_json(text), Sequential)


def test_a_sequential_without_shape_comes_back_without() -> None:
    model = model_from_json(Sequential([Dense(2)]).to_json())
    assert not model.built
    model.build((None, 3))
    assert model.output_shape == (None, 2)


@pytest.mark.parametrize("name", ["Functional", "Model"])
def test_a_functional_model_has_two_names(name: str) -> None:
    model = model_from_config({**model_config(functional()), "class_name": name})
    assert type(model) is Model


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[1]", "Expected a JSON object. Received: list"),
        ("{", "Expecting property name"),
        ("{}", "must be a dict with 'class_name'"),
        ('{"class_name": "Modell", "config": {}}', "Did you mean 'Model'"),
        (
            '{"class_name": "Dense", "config": {"units": 2}}',
            "Expected the config of a Model or Sequential. Received: class_name='Dense'",
        ),
    ],
)
def test_what_is_no_model_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        model_from_json(text)


def test_yaml_holds_what_json_holds_and_no_tag_of_python_is_followed() -> None:
    yaml = pytest.importorskip("yaml")
    model = Sequential([Dense(2, input_shape=(3,), name="out")], name="plain")
    text = model.to_yaml()
    assert yaml.safe_load(text) == json.loads(model.to_json())
    assert model_from_yaml(text).to_json() == model.to_json()
    with pytest.raises(ValueError, match="no YAML of plain data"):
        model_from_yaml("!!python/object/apply:os.getcwd []")
    with pytest.raises(ValueError, match="Expected a YAML mapping. Received: list"):
        model_from_yaml("[1]")
