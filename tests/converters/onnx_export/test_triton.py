"""Model repositories for the Triton server."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from konnx.converters import export_triton
from konnx.layers import LSTM, Dense, Embedding, Input, Lambda
from konnx.models import Model, Sequential


def network() -> Model:
    words, x = Input((None,), dtype="int32", name="words"), Input((4,), name='"x"')
    y = Dense(2, activation="softmax", name="y")(x)
    total = Lambda(lambda t: t[:, 0], name="total")(x)
    return Model([words, x], [y, LSTM(3, name="z")(Embedding(5, 2)(words)), total])


def parsed(text: str) -> dict[str, Any]:
    """Protocol buffers' text format, as far as these files go: values and lists by key."""
    tokens = re.findall(r'"(?:[^"\\]|\\.)*"|[\[\]{},:]|[^\s\[\]{},:]+', text)

    def value() -> Any:
        token = tokens.pop(0)
        if token == "{":
            return message("}")
        if token == "[":
            items = []
            while tokens[0] != "]":
                items.append(value())
                if tokens[0] == ",":
                    tokens.pop(0)
            tokens.pop(0)
            return items
        return token.replace('\\"', '"')[1:-1] if token.startswith('"') else token

    def message(end: str | None) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        while tokens and tokens[0] != end:
            key = tokens.pop(0)
            if tokens[0] == ":":
                tokens.pop(0)
            fields[key] = value()
        if end:
            tokens.pop(0)
        return fields

    return message(None)


NUMPY = {"TYPE_FP32": np.float32, "TYPE_INT32": np.int32, "TYPE_FP16": np.float16}


def check_fits(config: dict[str, Any], model: onnx.ModelProto) -> None:
    """Every input and output has the type and, behind the batch, the sizes that the file says."""
    for kind, values in (("input", model.graph.input), ("output", model.graph.output)):
        assert [entry["name"] for entry in config[kind]] == [value.name for value in values]
        for entry, value in zip(config[kind], values, strict=True):
            tensor = value.type.tensor_type
            first, *rest = tensor.shape.dim
            assert NUMPY[entry["data_type"]] == onnx.helper.tensor_dtype_to_np_dtype(
                tensor.elem_type
            )
            assert first.dim_param
            sizes = [dim.dim_value if dim.HasField("dim_value") else -1 for dim in rest]
            assert [int(size) for size in entry["dims"]] == (sizes or [1])
            assert ("reshape" in entry) == (not sizes)


@pytest.mark.no_runtime
def test_a_repository_holds_the_model_its_configuration_and_labels(tmp_path: Path) -> None:
    folder = export_triton(
        network(), tmp_path / "models", name="net", max_batch_size=16, labels=["no", "yes"]
    )
    files = sorted(str(path.relative_to(tmp_path)) for path in folder.rglob("*.*"))
    assert files == ["models/net/1/model.onnx", "models/net/config.pbtxt", "models/net/labels.txt"]
    config = parsed((folder / "config.pbtxt").read_text())
    assert config["name"] == "net"
    assert config["platform"] == "onnxruntime_onnx"
    assert config["max_batch_size"] == "16"
    assert config["dynamic_batching"] == {}
    assert config["output"][0]["label_filename"] == "labels.txt"
    assert (folder / "labels.txt").read_text() == "no\nyes\n"
    check_fits(config, onnx.load(folder / "1" / "model.onnx"))


@pytest.mark.no_runtime
def test_without_batches_sizes_are_whole(tmp_path: Path) -> None:
    model = Sequential([Dense(2, batch_input_shape=(3, 4))], name="fixed")
    folder = export_triton(model, tmp_path, max_batch_size=0)
    config = parsed((folder / "config.pbtxt").read_text())
    assert config["input"][0]["dims"] == ["3", "4"]
    assert "dynamic_batching" not in config


@pytest.mark.no_runtime
def test_a_fixed_batch_is_opened_where_the_server_makes_batches(tmp_path: Path) -> None:
    model = Sequential([Dense(2, batch_input_shape=(3, 4))], name="fixed")
    folder = export_triton(model, tmp_path)
    check_fits(
        parsed((folder / "config.pbtxt").read_text()), onnx.load(folder / "1" / "model.onnx")
    )


@pytest.mark.no_runtime
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"name": "../up"}, "`name` must consist of letters"),
        ({"name": ".."}, "`name` must consist of letters"),
        ({"batch": 1}, "has 1 samples in each run.*max_batch_size=0"),
    ],
)
def test_what_the_server_cannot_serve_is_refused(
    options: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=message):
        export_triton(network(), tmp_path, **options)
    assert not list(tmp_path.rglob("*.pbtxt"))
    assert not list(tmp_path.rglob("*.onnx"))
