"""Configs of Keras 3 become those of Keras 2; what they name is never imported."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from konnx.converters import FileFormatError
from konnx.converters.configs.keras_3 import to_keras_2
from konnx.models import load_model

pytestmark = pytest.mark.no_runtime


DAMAGED: dict[str, tuple[Any, str]] = {
    "a class that is a list": ({"class_name": ["Dense"], "config": {}}, "unhashable type"),
    "a layer that is a number": (
        {"class_name": "Functional", "config": {"layers": [3]}}, "has no attribute 'get'",
    ),
    "a tensor of nowhere": (
        {"class_name": "Functional", "config": {"layers": [{
            "class_name": "Dense", "name": "d", "config": {"units": 2, "trainable": True},
            "inbound_nodes": [{"args": [{"class_name": "__keras_tensor__", "config": {}}]}],
        }]}}, "it lacks 'keras_history'",
    ),
    "a list": ([], "must be of a layer or a model"),
}  # fmt: skip


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_config_is_refused_with_a_reason(name: str) -> None:
    config, said = DAMAGED[name]
    with pytest.raises(ValueError, match=said):
        to_keras_2(config, "3.0.0")


def test_a_damaged_config_in_an_hdf5_file_is_refused_by_the_name_of_the_file(
    tmp_path: Path,
) -> None:
    with h5py.File(tmp_path / "m.h5", "w") as file:
        file.attrs["keras_version"] = "3.1.0"
        file.attrs["model_config"] = json.dumps(DAMAGED["a tensor of nowhere"][0])
        file.create_group("model_weights").attrs["layer_names"] = np.array([], "S1")
    with pytest.raises(FileFormatError, match=r"m\.h5: model_config .*: .*lacks 'keras_history'"):
        load_model(tmp_path / "m.h5")


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


def operation(name: str, *args: Any, class_name: str, **config: Any) -> dict[str, Any]:
    made = entry(name, (args, {}), class_name=class_name, **config)
    del made["config"]["trainable"]
    return {**made, "module": "keras.src.ops.numpy"}


def test_operations_keep_their_arguments_with_numbers_for_tensors() -> None:
    part = {"class_name": "__slice__", "config": {"start": 1, "stop": None, "step": None}}
    first = operation("a", [tensor("x"), tensor("y")], class_name="Concatenate", axis=-1)
    second = operation("d", tensor("a"), [part, 0], class_name="GetItem")
    found = converted(first, second)["layers"]
    assert [one["config"] for one in found] == [
        {"name": "a", "symbol": "keras.ops.Concatenate", "kwargs": {"axis": -1}},
        {"name": "d", "symbol": "keras.ops.GetItem", "kwargs": {}},
    ]
    operands = [{"class_name": "__operand__", "config": {"index": index}} for index in (0, 1)]
    arguments = {"args": [operands], "kwargs": {}}
    assert found[0]["inbound_nodes"] == [[["x", 0, 0, arguments], ["y", 0, 0, arguments]]]
    [[place]] = found[1]["inbound_nodes"]
    assert place == ["a", 0, 0, {"args": [operands[0], [part, 0]], "kwargs": {}}]


def test_layers_and_operations_of_one_name_are_told_apart_without_a_module() -> None:
    layer = entry("l", ([[tensor("x"), tensor("y")]], {}), class_name="Add")
    adding = operation("d", tensor("l"), 1.0, class_name="Add")
    cast = operation("c", tensor("l"), class_name="Cast", dtype="int32")
    for one in (layer, adding, cast):
        one.pop("module")
    found = converted(layer, adding, cast, outputs=[["d", 0, 0], ["c", 0, 0]])
    assert [one["class_name"] for one in found["layers"]] == ["Add", "Operation", "Operation"]


def masked(mask: str, data: str = "e") -> dict[str, Any]:
    return entry("d", ([tensor(data)], {"mask": tensor(mask)}), class_name="LSTM")


def test_the_mask_of_the_layer_before_comes_along_by_itself() -> None:
    mask = operation("m", tensor("x"), 0, class_name="NotEqual")
    embedding = entry("e", ([tensor("x")], {}), class_name="Embedding")
    dropout = entry("o", ([tensor("e")], {}), class_name="Dropout")
    found = converted(mask, embedding, dropout, masked("m", "o"))
    assert [one["name"] for one in found["layers"]] == ["e", "o", "d"]
    assert found["layers"][2]["inbound_nodes"] == [[["o", 0, 0, {}]]]


@pytest.mark.parametrize("source", ["y", "x"])
def test_another_mask_is_applied_by_a_layer(source: str) -> None:
    mask = operation("m", tensor(source), 0, class_name="NotEqual" if source == "y" else "Less")
    embedding = entry("e", ([tensor("x")], {}), class_name="Embedding")
    found = converted(mask, embedding, masked("m"))
    assert [one["name"] for one in found["layers"]] == ["m", "e", "d_mask_0", "d"]
    assert found["layers"][2]["class_name"] == "ApplyMask"
    assert found["layers"][2]["inbound_nodes"] == [[["e", 0, 0, {}], ["m", 0, 0, {}]]]
    assert found["layers"][3]["inbound_nodes"] == [[["d_mask_0", 0, 0, {}]]]


@pytest.mark.parametrize("compared", ["x", "y"])
def test_the_mask_of_a_masking_layer_comes_along_if_it_is_that(compared: str) -> None:
    differs = operation("n", tensor(compared), 0.0, class_name="NotEqual")
    mask = operation("m", tensor("n"), class_name="Any")
    masking = entry("e", ([tensor("x")], {}), class_name="Masking")
    found = converted(differs, mask, masking, masked("m"))
    names = ["e", "d"] if compared == "x" else ["n", "m", "e", "d_mask_0", "d"]
    assert [one["name"] for one in found["layers"]] == names


def test_queries_values_and_keys_become_inputs_in_that_order() -> None:
    given = {"key": tensor("k"), "value": tensor("v"), "use_causal_mask": True}
    found = converted(entry("d", ([tensor("q")], given), class_name="MultiHeadAttention"))
    arguments = {"use_causal_mask": True}
    expected = [["q", 0, 0, arguments], ["v", 0, 0, arguments], ["k", 0, 0, arguments]]
    assert found["layers"][0]["inbound_nodes"] == [expected]


def test_masks_of_attention_are_applied_to_what_they_are_of() -> None:
    given = {"value_mask": tensor("m"), "attention_mask": tensor("a")}
    layer = entry("d", ([tensor("q"), tensor("v")], given), class_name="MultiHeadAttention")
    applied, attention = converted(layer)["layers"]
    assert applied["inbound_nodes"] == [[["v", 0, 0, {}], ["m", 0, 0, {}]]]
    [call] = attention["inbound_nodes"]
    # The value is the key, too, so that what comes fourth is the mask, whatever its dtype is.
    assert [place[0] for place in call] == ["q", applied["name"], "v", "a"]


@pytest.mark.parametrize("class_name", ["MultiHeadAttention", "GroupQueryAttention"])
def test_masks_of_attention_without_names_have_their_places(class_name: str) -> None:
    given = [tensor("q"), tensor("v"), tensor("k"), None, tensor("m"), None, tensor("a")]
    applied, attention = converted(entry("d", (given, {}), class_name=class_name))["layers"]
    assert applied["inbound_nodes"] == [[["v", 0, 0, {}], ["m", 0, 0, {}]]]
    [call] = attention["inbound_nodes"]
    assert [place[0] for place in call] == ["q", applied["name"], "k", "a"]


def test_a_tensor_for_an_unknown_argument_is_refused() -> None:
    with pytest.raises(ValueError, match=r"Layer 'd' \(Dense\).*a tensor for `scale`"):
        converted(entry("d", ([tensor("x")], {"scale": tensor("y")})))


def test_a_class_of_the_users_takes_tensors_by_place_and_name() -> None:
    given = ([tensor("x"), tensor("y")], {"further": [tensor("z", 1)], "factor": 2.0})
    [layer] = converted(entry("d", given, class_name="Own"))["layers"]
    arguments = {"further": [["z", 1, 0]], "factor": 2.0, "*args": [["y", 0, 0]]}
    assert layer["inbound_nodes"] == [[["x", 0, 0, arguments]]]


def test_a_call_on_no_tensor_is_refused() -> None:
    with pytest.raises(ValueError, match="Layer 'd' is called on no tensor"):
        converted(entry("d", ([1.0], {})))


@pytest.mark.parametrize(
    ("version", "name"), [("3.5.0", "hard_sigmoid_v3"), ("2.15.0", "hard_sigmoid"), (None, None)]
)
def test_the_hard_sigmoid_of_keras_3_is_another_function(
    version: str | None, name: str | None
) -> None:
    cell = entry("c", recurrent_activation="hard_sigmoid", activation="tanh")
    found = to_keras_2({"class_name": "RNN", "config": {"cell": cell}}, version)
    inner = found["config"]["cell"]["config"]
    assert inner["recurrent_activation"] == (name or "hard_sigmoid")
    assert inner["activation"] == "tanh"


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
