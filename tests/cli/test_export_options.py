from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from konnx.layers import LSTM
from konnx.models import Sequential

pytestmark = pytest.mark.no_runtime

CNN = Path(__file__).parents[1] / "goldens" / "fer" / "emotion_model.hdf5"

Convert = Callable[..., onnx.ModelProto]


@pytest.fixture
def convert(konnx: Any, mlp: Path, tmp_path: Path) -> Convert:
    """Convert the model with these options, and return what was written."""

    def run(*options: object, source: Path = mlp) -> onnx.ModelProto:
        result = konnx("convert", source, tmp_path / "m.onnx", "--force", *options)
        assert (result.code, result.err) == (0, "")
        return onnx.load(tmp_path / "m.onnx")

    return run


def shape(value: onnx.ValueInfoProto) -> list[int | str]:
    dims = value.type.tensor_type.shape.dim
    return [dim.dim_value if dim.HasField("dim_value") else dim.dim_param for dim in dims]


def test_batch_fixes_the_number_of_samples(convert: Convert) -> None:
    assert shape(convert("--batch", 3).graph.input[0]) == [3, 6]
    assert shape(convert("--batch", "dynamic").graph.input[0]) == ["batch", 6]


@pytest.mark.parametrize("text", ["2,6", "{name}:2,6", "{name}:(2, 6)", "{name}:2,?"])
def test_a_shape_may_leave_out_the_name_of_the_only_input(convert: Convert, text: str) -> None:
    name = convert().graph.input[0].name
    assert shape(convert("--input-shape", text.format(name=name)).graph.input[0]) == [2, 6]


def test_sizes_that_vary_get_names(convert: Convert) -> None:
    assert shape(convert("--input-shape", "N,6").graph.input[0]) == ["N", 6]


def test_layouts_are_chosen_by_name_or_for_all(convert: Convert) -> None:
    name = convert(source=CNN).graph.input[0].name
    for chosen in (name, "all"):
        model = convert("--inputs-as-nchw", chosen, source=CNN)
        assert shape(model.graph.input[0]) == ["batch", 1, 64, 64]


def test_inputs_and_outputs_are_renamed(convert: Convert) -> None:
    before = convert().graph
    model = convert(
        *("--rename", f"{before.input[0].name}=x"), *("--rename", f"{before.output[0].name}=y=z")
    )
    assert [model.graph.input[0].name, model.graph.output[0].name] == ["x", "y=z"]


def test_metadata_labels_and_preprocessing_are_stored(convert: Convert, tmp_path: Path) -> None:
    lines = tmp_path / "labels.txt"
    lines.write_text("cat\nTür\n", encoding="utf-8")
    mode = tmp_path / "mode.json"
    mode.write_text('{"scale": 0.5}')
    model = convert(
        *("--meta", "author=me", "--meta", "note=a=b", "--labels", lines),
        *("--preprocessing", mode),
    )
    found = {entry.key: entry.value for entry in model.metadata_props}
    assert (found["author"], found["note"]) == ("me", "a=b")
    assert json.loads(found["labels"]) == ["cat", "Tür"]
    assert json.loads(found["preprocessing"])["scale"] == 0.5
    lines.write_text('["a", "b"]')
    found = {entry.key: entry.value for entry in convert("--labels", lines).metadata_props}
    assert json.loads(found["labels"]) == ["a", "b"]


def test_half_precision_keeps_the_interface(convert: Convert) -> None:
    model = convert("--fp16")
    kinds = {tensor.data_type for tensor in model.graph.initializer}
    assert onnx.TensorProto.FLOAT16 in kinds
    assert model.graph.input[0].type.tensor_type.elem_type == onnx.TensorProto.FLOAT


def test_weights_go_into_a_second_file(convert: Convert, tmp_path: Path) -> None:
    convert("--external-data", source=CNN)
    assert (tmp_path / "m.onnx.data").stat().st_size > 0


def test_states_become_inputs_and_outputs(convert: Convert, tmp_path: Path) -> None:
    layer = LSTM(2, stateful=True, batch_input_shape=(1, 3, 4), name="lstm")
    Sequential([layer]).save(tmp_path / "stateful.h5")
    model = convert("--states", source=tmp_path / "stateful.h5")
    assert [value.name for value in model.graph.input][1:] == ["lstm_0_in", "lstm_1_in"]
    assert [value.name for value in model.graph.output][1:] == ["lstm_0_out", "lstm_1_out"]


BAD = {
    "--batch": ("0", "--batch takes a number of samples, or 'dynamic'"),
    "--input-shape": ("x:1,a b", "--input-shape takes NAME:SIZES"),
    "--rename": ("x", "--rename takes OLD=NEW"),
    "--meta": ("=x", "--meta takes KEY=VALUE"),
    "--preprocessing": ("vgg", "--preprocessing takes one of tf, torch, caffe"),
    "--quantize": ("int8", "--quantize takes 'dynamic' or 'static'"),
    "--labels": ("missing.txt", "'missing.txt': No such file"),
    "--calibration": ("x.npz", "--calibration is for --quantize static"),
}


@pytest.mark.parametrize("option", BAD)
def test_a_value_that_makes_no_sense_is_named_with_what_to_write(
    konnx: Any, mlp: Path, tmp_path: Path, option: str
) -> None:
    value, message = BAD[option]
    result = konnx("convert", mlp, tmp_path / "m.onnx", option, value)
    assert (result.code, message in result.err) == (1, True), result.err
    assert not (tmp_path / "m.onnx").exists()


def test_static_quantization_asks_for_samples(konnx: Any, mlp: Path, tmp_path: Path) -> None:
    result = konnx("convert", mlp, tmp_path / "m.onnx", "--quantize", "static")
    assert "--quantize static needs samples: --calibration FILE.npz" in result.err


def test_a_pair_given_twice_is_refused(konnx: Any, mlp: Path, tmp_path: Path) -> None:
    result = konnx("convert", mlp, tmp_path / "m.onnx", "--meta", "a=1", "--meta", "a=2")
    assert "--meta is given twice for 'a'" in result.err


@pytest.mark.parametrize(("text", "reason"), [("[1, 2]", "a JSON list of texts"), ("[", "as JSON")])
def test_labels_that_are_none_are_refused(
    konnx: Any, mlp: Path, tmp_path: Path, text: str, reason: str
) -> None:
    (tmp_path / "labels").write_text(text)
    result = konnx("convert", mlp, tmp_path / "m.onnx", "--labels", tmp_path / "labels")
    assert (result.code, reason in result.err) == (1, True)


def test_calibration_samples_must_fit_the_inputs(konnx: Any, mlp: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "c.npy", np.zeros((4, 5), np.float32))
    options = ("--quantize", "static", "--calibration", tmp_path / "c.npy")
    result = konnx("convert", mlp, tmp_path / "m.onnx", *options)
    assert (result.code, "expected float32 (?, 6)" in result.err) == (1, True)
