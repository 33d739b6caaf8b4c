"""Configs of Keras 3 become those of Keras 2; what they name is never imported."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from konnx.converters import FileFormatError
from konnx.converters.keras_v3.config import to_keras_2
from konnx.models import load_model

pytestmark = pytest.mark.no_runtime


def tensor(name: str, call: int = 0, output: int = 0) -> dict[str, Any]:
    return {
        "class_name": "__keras_tensor__",
        "config": {"shape": [None, 2], "dtype": "float32", "keras_history": [name, call, output]},
    }


def entry(name: str, *calls: Any, class_name: str = "Dense", **config: Any) -> dict[str, Any]:
    return {
        "module": "keras.layers",
        "class_name": class_name,
        "config": {"name": name, "trainable": True, **config},
        "registered_name": None,
        "build_config": {"input_shape": [None, 2]},
        "name": name,
        "inbound_nodes": [{"args": list(args), "kwargs": kwargs} for args, kwargs in calls],
    }


def network(*layers: Any, **places: Any) -> dict[str, Any]:
    config = {"name": "n", "layers": list(layers), **places}
    return {"module": "keras", "class_name": "Functional", "config": config, "name": "n"}


def converted(*layers: Any, inputs: Any = ("x", 0, 0), outputs: Any = ("d", 0, 0)) -> Any:
    given = network(*layers, input_layers=inputs, output_layers=outputs)
    return to_keras_2(json.loads(json.dumps(given)))["config"]


def test_where_classes_come_from_is_left_out_in_every_depth() -> None:
    inner = {"module": "evil", "class_name": "Zeros", "config": {}, "registered_name": "e>Zeros"}
    found = to_keras_2(
        {"module": "os", "class_name": "Dense", "config": {"a": [inner]}, "shared_object_id": 3}
    )
    assert found == {
        "class_name": "Dense",
        "config": {"a": [{"class_name": "Zeros", "config": {}}]},
    }


def test_values_that_json_cannot_hold_become_lists() -> None:
    value = {"class_name": "__tuple__", "items": [1, {"class_name": "__tuple__", "items": [2]}]}
    array = {"class_name": "__numpy__", "config": {"value": [1.0, 2.0], "dtype": "float32"}}
    found = to_keras_2({"class_name": "X", "config": {"a": value, "b": array}})
    assert found["config"] == {"a": [1, [2]], "b": [1.0, 2.0]}


def test_calls_become_lists_of_places() -> None:
    one = entry("d", ([tensor("x")], {"training": False, "mask": None, "scale": 2}))
    two = entry("e", ([[tensor("x"), tensor("d", 0, 1)]], {}), class_name="Add")
    found = converted(one, two, outputs=[["e", 0, 0]])
    calls = {layer["name"]: layer["inbound_nodes"] for layer in found["layers"]}
    assert calls == {
        "d": [[["x", 0, 0, {"scale": 2}]]],
        "e": [[["x", 0, 0, {}], ["d", 0, 1, {}]]],
    }


def test_tensors_among_the_arguments_become_further_inputs() -> None:
    states = {"initial_state": [tensor("x", 0, 1), tensor("x", 0, 2)]}
    found = converted(entry("d", ([tensor("x")], states), class_name="LSTM"))
    [call] = found["layers"][0]["inbound_nodes"]
    assert call == [["x", 0, 0, {}], ["x", 0, 1, {}], ["x", 0, 2, {}]]


def test_calls_of_a_model_within_are_counted_from_one() -> None:
    inner = {**network(input_layers=["i", 0, 0], output_layers=["i", 0, 0]), "name": "n"}
    inner["inbound_nodes"] = [{"args": [tensor("x")], "kwargs": {}}]
    found = converted(inner, entry("d", ([tensor("n")], {})), outputs=["n", 0, 0])
    assert found["layers"][1]["inbound_nodes"] == [[["n", 1, 0, {}]]]
    assert found["output_layers"] == [["n", 1, 0]]


@pytest.mark.parametrize(
    ("places", "expected"),
    [
        (["d", 0, 0], [["d", 0, 0]]),
        ([["d", 0, 0], ["e", 0, 1]], [["d", 0, 0], ["e", 0, 1]]),
        ({"z": ["d", 0, 0], "a": ["e", 0, 0]}, [["e", 0, 0], ["d", 0, 0]]),
        ([{"q": ["d", 0, 0]}, ["e", 0, 0]], [["d", 0, 0], ["e", 0, 0]]),
    ],
)
def test_places_of_outputs_become_one_list(places: Any, expected: Any) -> None:
    found = converted(entry("d", ([tensor("x")], {})), outputs=places)
    assert found["output_layers"] == expected


def test_operations_that_only_make_masks_are_left_out() -> None:
    mask = entry("m", ([tensor("x"), 0], {}), class_name="NotEqual")
    del mask["config"]["trainable"]
    layer = entry("d", ([tensor("x")], {"mask": tensor("m")}), class_name="LSTM")
    assert [one["name"] for one in converted(mask, layer)["layers"]] == ["d"]


def test_a_call_on_no_tensor_is_refused() -> None:
    with pytest.raises(ValueError, match="Layer 'd' is called on no tensor"):
        converted(entry("d", ([1.0], {})))


def archive(path: Path, config: Any) -> Path:
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("config.json", json.dumps(config))
    return path


def test_unknown_classes_are_all_named_and_nothing_is_imported(tmp_path: Path) -> None:
    first = entry("a", ([tensor("x")], {}), class_name="system")
    first["module"], first["registered_name"] = "os", "os>system"
    second = entry("d", ([tensor("a")], {}), class_name="TorchModuleWrapper", module="pickle")
    config = network(first, second, input_layers=["x", 0, 0], output_layers=["d", 0, 0])
    with pytest.raises(FileFormatError, match=r"TorchModuleWrapper \(d\); system \(a\)"):
        load_model(archive(tmp_path / "m.keras", config))


def test_code_in_a_config_is_never_run(tmp_path: Path) -> None:
    code = {"class_name": "__lambda__", "config": {"code": "4wAAAAA=", "defaults": None}}
    config = {
        "class_name": "Sequential",
        "config": {"name": "s", "layers": [entry("l", class_name="Lambda", function=code)]},
    }
    with pytest.raises(FileFormatError, match=r"custom_objects=\{'l': function\}"):
        load_model(archive(tmp_path / "m.keras", config))


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"class_name": 3, "config": {}},
        {"class_name": "Functional"},
        {"class_name": "Functional", "config": []},
        {"class_name": "Functional", "config": {"layers": [3]}},
        {"class_name": "Functional", "config": {"layers": [{}], "input_layers": 5}},
        {"class_name": "Functional", "config": {"layers": [{"class_name": "Dense"}]}},
        {"class_name": "Sequential", "config": {"layers": {"a": 1}}},
        {"class_name": "Dense", "config": {"units": 2}},
        network(entry("d", ([tensor("x")], {})), input_layers=["x", 0, 0], output_layers=[[]]),
        network({"class_name": "Dense", "config": [], "inbound_nodes": [{"args": 3}]}),
    ],
)
def test_a_damaged_config_is_an_error_that_names_the_file(config: Any, tmp_path: Path) -> None:
    path = archive(tmp_path / "m.keras", config)
    with pytest.raises(FileFormatError) as caught:
        load_model(path)
    assert str(caught.value).startswith(str(path))
