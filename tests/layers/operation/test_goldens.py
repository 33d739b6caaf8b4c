"""Operations read from what tf_keras and Keras 3 write compute what these do."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from konnx.graph import Tensor
from konnx.layers import Input, is_operation, operand, operation_from_config
from konnx.layers.dependence import placeholders_of
from konnx.layers.spec import as_list
from konnx.models import Model

FILE = Path(__file__).parents[2] / "goldens" / "operations.npz"

with np.load(FILE) as file:
    CASES: list[tuple[str, dict[str, Any]]] = json.loads(str(file["cases"]))


@cache
def data() -> dict[str, np.ndarray]:
    with np.load(FILE) as file:
        return {name: file[name] for name in file.files}


class Call:
    """The arguments of one call, with operands for tensors, which are gathered on the way."""

    def __init__(self, known: dict[str, list[Tensor]]) -> None:
        self.known = known
        self.tensors: list[Tensor] = []

    def read(self, value: Any) -> Any:
        if isinstance(value, dict) and value.get("class_name") == "__keras_tensor__":
            return self.place(*value["config"]["keras_history"])
        if isinstance(value, list) and value[:1] and str(value[0]) in self.known:
            return self.place(*value[:3])
        if isinstance(value, list) and value[:1] == ["_CONSTANT_VALUE"]:
            return value[2]
        if isinstance(value, list):
            return [self.read(one) for one in value]
        return value

    def place(self, name: str, call: int, output: int) -> Any:
        self.tensors.append(self.known[name][output])
        return operand(len(self.tensors) - 1)


def arguments(node: Any, call: Call) -> tuple[list[Any], dict[str, Any]]:
    """Those of a node of Keras 3, {"args", "kwargs"}, or of tf.keras, [name, 0, 0, kwargs]."""
    if isinstance(node, dict):
        return call.read(node["args"]), {k: call.read(v) for k, v in node["kwargs"].items()}
    kwargs = node[3] if isinstance(node[0], str) else node[0][3]
    return [call.read(node)], {key: call.read(value) for key, value in kwargs.items()}


def model_of(config: dict[str, Any]) -> Model:
    inputs = [Input(data()[name].shape[1:], dtype=data()[name].dtype, name=name) for name in "xyn"]
    known = {name: [tensor] for name, tensor in zip("xyn", inputs, strict=True)}
    for entry in config["layers"]:
        assert is_operation(entry)
        call = Call(known)
        args, kwargs = arguments(entry["inbound_nodes"][0], call)
        layer = operation_from_config(entry["class_name"], entry["config"])
        known[entry["name"]] = as_list(layer(call.tensors, args=args, kwargs=kwargs))
    output = config["output"]
    name, _, index = output if isinstance(output[0], str) else output[0]
    used = placeholders_of([known[name][index]])
    return Model([tensor for tensor in inputs if tensor in used], known[name][index])


@pytest.mark.parametrize("index", range(len(CASES)), ids=[name for name, _ in CASES])
def test_an_operation_computes_what_its_writer_does(index: int) -> None:
    model = model_of(CASES[index][1])
    given = [data()[name] for name in model.input_names]
    result = model.predict(given if len(given) > 1 else given[0])
    expected = data()[str(index)]
    assert result.dtype == expected.dtype
    np.testing.assert_allclose(result, expected, rtol=1e-5, atol=1e-5)
    assert Model.from_config(model.get_config()).get_config() == model.get_config()
