"""Architectures in files of their own, JSON and YAML of every Keras, with weights beside them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from konnx.converters import FileFormatError, load_model
from konnx.layers import BatchNormalization, Dense
from konnx.models import Sequential, model_from_json, model_from_yaml


def make() -> Sequential:
    return Sequential([Dense(3, input_shape=(4,), name="low"), BatchNormalization(name="norm")])


X = np.random.default_rng(3).normal(size=(2, 4)).astype("float32")


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    make().save_weights(tmp_path / "w.h5")
    return tmp_path / "w.h5"


@pytest.mark.parametrize("kind", ["json", "yaml"])
@pytest.mark.parametrize("name", ["w.h5", "w.weights.h5"])
def test_architecture_and_weights_make_a_model(kind: str, name: str, tmp_path: Path) -> None:
    model = make()
    model.save_weights(tmp_path / name)
    (tmp_path / "config.txt").write_text(getattr(model, f"to_{kind}")())
    loaded = load_model(tmp_path / name, config=tmp_path / "config.txt")
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))


def test_the_version_in_the_config_tells_how_weights_were_meant(tmp_path: Path) -> None:
    arrays = {"gamma": 1.0, "beta": 0.0, "mean": 0.0, "std": 2.0}
    with h5py.File(tmp_path / "w.h5", "w") as file:
        file.attrs["layer_names"] = [b"norm"]
        group = file.create_group("norm")
        group.attrs["weight_names"] = [key.encode() for key in arrays]
        for key, value in arrays.items():
            group[key] = np.full(4, value, "float32")
    norm = {"name": "norm", "epsilon": 1.0, "mode": 0, "batch_input_shape": [None, 4]}
    layers = [{"class_name": "BatchNormalization", "config": norm}]
    config = {"class_name": "Sequential", "config": layers, "keras_version": "1.0.3"}
    (tmp_path / "m.json").write_text(json.dumps(config))
    model = load_model(tmp_path / "w.h5", config=tmp_path / "m.json")
    np.testing.assert_allclose(model.predict(X), X / (2.0 + 1.0), rtol=1e-5)
    assert [one.what for one in model.conversion_report] == [
        "mode left out",
        "running_std squared to a variance",
    ]


KERAS_1 = {
    "class_name": "Sequential",
    "keras_version": "1.2.2",
    "config": [
        {
            "class_name": "Dense",
            "config": {"name": "d", "output_dim": 2, "batch_input_shape": [None, 4]},
        }
    ],
}
KERAS_3 = {
    "module": "keras",
    "class_name": "Sequential",
    "config": {
        "name": "s",
        "layers": [
            {
                "module": "keras.layers",
                "class_name": "InputLayer",
                "config": {"batch_shape": [None, 4], "name": "x"},
            },
            {
                "module": "keras.layers",
                "class_name": "Activation",
                "config": {"name": "a", "activation": "hard_sigmoid"},
            },
        ],
    },
}


@pytest.mark.no_runtime
@pytest.mark.parametrize(
    ("config", "output_shape"), [(KERAS_1, (None, 2)), (KERAS_3, (None, 4))], ids=["1", "3"]
)
def test_json_of_every_keras_is_read(config: Any, output_shape: Any) -> None:
    assert model_from_json(json.dumps(config)).output_shape == output_shape


def test_words_mean_what_the_keras_of_the_json_means() -> None:
    predicted = model_from_json(json.dumps(KERAS_3)).predict(X)
    np.testing.assert_allclose(predicted, np.clip(X / 6 + 0.5, 0, 1), rtol=1e-5)


@pytest.mark.no_runtime
def test_yaml_of_keras_2_has_tuples_of_python_and_references() -> None:
    text = """
    class_name: Sequential
    config:
    - class_name: Conv2D
      config: {name: c, filters: 2, kernel_size: &size !!python/tuple [3, 2], strides: *size,
               batch_input_shape: !!python/tuple [null, 9, 8, 1]}
    keras_version: 2.0.4
    """
    assert model_from_yaml(text).output_shape == (None, 3, 4, 2)


BOMB = "a: &a [x, x]\n" + "".join(
    f"{key}: &{key} [{', '.join([f'*{before}'] * 9)}]\n"
    for before, key in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.no_runtime
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not an object"),
        ("{", "not valid JSON"),
        ("- 1", "not an object"),
        ("a: [", "no YAML of plain data"),
        ("!!python/object/apply:os.getcwd []", "no YAML of plain data"),
        ("&a [*a]", "too deep|refers to itself"),
        ("[" * 3000, "too deep|refers to itself"),
        (BOMB, "stands for .* values"),
        ("when: 2020-01-01", "no architecture"),
        ("\udcff", "no architecture"),
        ('{"class_name": "Sequential", "config": [3]}', "entry of a layer must be a dict"),
        ('{"class_name": "Swirl", "config": {}}', "Swirl"),
    ],
)
def test_what_is_no_architecture_is_refused(
    text: str, message: str, weights: Path, tmp_path: Path
) -> None:
    (tmp_path / "m.txt").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(FileFormatError, match=rf"(?s)m\.txt.*({message})"):
        load_model(weights, config=tmp_path / "m.txt")


@pytest.mark.no_runtime
def test_unknown_classes_are_named_in_wrappers_too_with_near_ones() -> None:
    lost = {"class_name": "LSTMM", "config": {"name": "r"}}
    wrapped = {"name": "w", "layer": lost, "batch_input_shape": [None, 2, 3]}
    config = {
        "class_name": "Sequential",
        "keras_version": "2.1.6",
        "config": [
            {"class_name": "Bidirectional", "config": wrapped},
            {"class_name": "Qqqq", "config": {"name": "q"}},
        ],
    }
    with pytest.raises(ValueError, match=r"LSTMM \(r; like LSTM\); Qqqq \(q\)\. Pass your own"):
        model_from_json(json.dumps(config))


def model_of(version: str, class_name: str, **arguments: Any) -> Any:
    """A model of one layer, as the JSON of a release has it."""
    layers = [{"class_name": class_name, "config": {"name": "one", **arguments}}]
    return model_from_json(
        json.dumps({"class_name": "Sequential", "config": layers, "keras_version": version})
    )


@pytest.mark.parametrize("version", ["1.2.2", "2.1.6", "2.3.1", "2.15.0"])
def test_hard_sigmoid_is_what_it_was_before_keras_3(version: str) -> None:
    shape = {"batch_input_shape": [None, 4], "activation": "hard_sigmoid"}
    predicted = model_of(version, "Activation", **shape).predict(X)
    np.testing.assert_allclose(predicted, np.clip(0.2 * X + 0.5, 0, 1), rtol=1e-5)


@pytest.mark.parametrize(
    ("arguments", "order"),
    [({}, [0, 1, 2, 3]), ({"data_format": "channels_first"}, [0, 2, 1, 3])],
    ids=["before 2.1.6", "since then"],
)
def test_flatten_moves_channels_only_where_the_config_says_so(
    arguments: dict[str, str], order: list[int]
) -> None:
    flatten = model_of("2.1.5", "Flatten", batch_input_shape=[None, 2, 2], **arguments)
    predicted = flatten.predict(np.arange(4, dtype="float32").reshape(1, 2, 2))
    assert predicted[0].tolist() == order


@pytest.mark.no_runtime
@pytest.mark.parametrize(("given", "meant"), [({}, False), ({"reset_after": True}, True)])
def test_a_gru_resets_before_the_product_unless_told_otherwise(given: Any, meant: bool) -> None:
    gru = model_of("2.1.2", "GRU", units=2, batch_input_shape=[None, 3, 4], **given)
    assert gru.layers[0].reset_after is meant


@pytest.mark.no_runtime
def test_what_a_batch_normalization_does_not_say_is_what_keras_2_means() -> None:
    norm = model_of("2.0.2", "BatchNormalization", batch_input_shape=[None, 3]).layers[0]
    assert (norm.epsilon, norm.momentum) == (1e-3, 0.99)
