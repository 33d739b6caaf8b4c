"""Calls of layers as tf.keras writes them."""

from __future__ import annotations

from typing import Any

import pytest

from konnx.converters.configs.tf_keras import with_plain_calls

pytestmark = pytest.mark.no_runtime


def network(class_name: str, *calls: Any) -> dict[str, Any]:
    layer = {"name": "l", "class_name": class_name, "config": {}, "inbound_nodes": list(calls)}
    return {"layers": [layer], "input_layers": ["x", 0, 0], "output_layers": {"b": ["l", 0, 0]}}


@pytest.mark.parametrize(
    ("call", "plain"),
    [
        ([["x", 0, 0]], [["x", 0, 0, {}]]),
        ([["x", 0, 0, {}], ["y", 1, 2, {}]], [["x", 0, 0, {}], ["y", 1, 2, {}]]),
        (["x", 0, 0, {"training": True}], [["x", 0, 0, {"training": True}]]),
        (["x", 0, 0, {"training": None}], [["x", 0, 0, {}]]),
        (
            {"q": ["x", 0, 0, {}], "a": [["y", 0, 0, {}], ["z", 0, 0, {}]]},
            [["y", 0, 0, {}], ["z", 0, 0, {}], ["x", 0, 0, {}]],
        ),
        (
            ["x", 0, 0, {"key": ["k", 0, 0], "value": ["v", 0, 0], "n": 1}],
            [["x", 0, 0, {"n": 1}], ["v", 0, 0, {"n": 1}], ["k", 0, 0, {"n": 1}]],
        ),
        (
            ["x", 0, 0, {"initial_state": [["h", 0, 0], ["c", 0, 1]]}],
            [["x", 0, 0, {}], ["h", 0, 0, {}], ["c", 0, 1, {}]],
        ),
    ],
)
def test_each_tensor_of_a_call_has_an_entry(call: Any, plain: Any) -> None:
    found = with_plain_calls(network("Dense", call))
    assert found["layers"][0]["inbound_nodes"] == [plain]
    assert (found["input_layers"], found["output_layers"]) == ([["x", 0, 0]], [["l", 0, 0]])


@pytest.mark.parametrize("keys", [{}, {"key": None}, {"key": ["k", 0, 0]}])
def test_attention_with_a_mask_has_a_key(keys: dict[str, Any]) -> None:
    call = ["q", 0, 0, {"value": ["v", 0, 0], **keys, "attention_mask": ["m", 0, 0]}]
    [places] = with_plain_calls(network("MultiHeadAttention", call))["layers"][0]["inbound_nodes"]
    assert [place[0] for place in places] == ["q", "v", "k" if keys.get("key") else "v", "m"]


def test_a_class_of_the_users_takes_tensors_by_name() -> None:
    call = ["x", 0, 0, {"by": ["y", 0, 0], "further": [["z", 1, 0], ["_CONSTANT_VALUE", -1, 2.0]]}]
    [places] = with_plain_calls(network("Own", call))["layers"][0]["inbound_nodes"]
    assert places == [["x", 0, 0, {"by": ["y", 0, 0], "further": [["z", 1, 0], 2.0]}]]


def operand(index: int) -> dict[str, Any]:
    return {"class_name": "__operand__", "config": {"index": index}}


@pytest.mark.parametrize(
    ("call", "args", "kwargs"),
    [
        (["x", 0, 0, {"y": 2.0, "name": None}], [operand(0)], {"y": 2.0}),
        (["_CONSTANT_VALUE", -1, 2.0, {"y": ["x", 0, 0]}], [2.0], {"y": operand(0)}),
        (
            [["x", 0, 0, {"axis": -1}], ["_CONSTANT_VALUE", -1, [1.0], {"axis": -1}]],
            [[operand(0), [1.0]]],
            {"axis": -1},
        ),
        (
            ["x", 0, 0, {"slice_spec": [{"start": ["x", 1, 0], "stop": None, "step": None}]}],
            [operand(0)],
            {"slice_spec": [{"start": operand(1), "stop": None, "step": None}]},
        ),
    ],
)
def test_an_operation_has_the_numbers_of_its_tensors(call: Any, args: Any, kwargs: Any) -> None:
    [made] = with_plain_calls(network("TFOpLambda", call))["layers"][0]["inbound_nodes"]
    assert made[0] == ["x", 0, 0, {"args": args, "kwargs": kwargs}]


def test_a_mask_that_is_given_is_applied_by_a_layer() -> None:
    call = ["x", 0, 0, {"mask": ["m", 0, 0], "training": False}]
    mask, layer = with_plain_calls(network("LSTM", call))["layers"]
    assert mask["class_name"] == "ApplyMask"
    assert mask["inbound_nodes"] == [[["x", 0, 0, {}], ["m", 0, 0, {}]]]
    assert layer["inbound_nodes"] == [[[mask["name"], 0, 0, {"training": False}]]]


@pytest.mark.parametrize(
    ("class_name", "message"), [("Dense", "called on a constant"), ("TFOpLambda", "no tensor")]
)
def test_a_call_without_tensors_is_refused(class_name: str, message: str) -> None:
    with pytest.raises(ValueError, match=f"Layer 'l' is .*{message}.*Received"):
        with_plain_calls(network(class_name, ["_CONSTANT_VALUE", -1, 2.0, {}]))
