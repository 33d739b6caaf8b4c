from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import onnx
import pytest

pytestmark = [pytest.mark.no_runtime, pytest.mark.usefixtures("without_runtime")]

ARCHIVES = Path(__file__).parents[1] / "goldens" / "keras_v3" / "keras315"

NESTED = """
choice (bool[1] flag, float[N, 3] x) => (float[N, 3] y) {
    y = If (flag) <
        then_branch = yes () => (float[N, 3] a) { a = Neg(x) },
        else_branch = no () => (float[N, 3] b) { b = other.Unheard(x) }
    >
}
"""


def test_an_onnx_file_is_described(konnx: Any, mlp: Path, tmp_path: Path) -> None:
    path = tmp_path / "model.h5"  # the content counts
    konnx("convert", mlp, path)
    result = konnx("inspect", path)
    size = path.stat().st_size
    assert (result.code, result.err) == (0, "")
    assert result.out.splitlines() == [
        f"{path}: ONNX model, {size:,} bytes",
        "  name        sequential_1",
        "  producer    konnx 0.1.0",
        "  versions    opset ai.onnx 18; IR 8",
        "  metadata    source: sequential_mlp_adam.h5",
        "  metadata    framework: keras",
        "  parameters  92",
        "  operations  184 floating-point operations a sample",
        "inputs",
        "  dense_1_input  float32  (batch, 6)",
        "outputs",
        "  dense_2  float32  (batch, 4)",
        "nodes  4: Gemm 2, Relu 1, Softmax 1",
    ]


def test_an_onnx_file_is_described_in_json(konnx: Any, save_onnx: Callable[..., Path]) -> None:
    path = save_onnx(NESTED)
    found = json.loads(konnx("inspect", path, "--json").out)
    assert found == {
        "file": str(path),
        "format": "ONNX",
        "kind": "model",
        "bytes": path.stat().st_size,
        "name": "choice",
        "ir_version": 8,
        "opsets": {"ai.onnx": 18, "other": 1},
        "producer": "",
        "metadata": {},
        "inputs": [
            {"name": "flag", "dtype": "bool", "shape": [1]},
            {"name": "x", "dtype": "float32", "shape": ["N", 3]},
        ],
        "outputs": [{"name": "y", "dtype": "float32", "shape": ["N", 3]}],
        "parameters": 0,
        "operations": 3,
        "nodes": 3,
        "operators": {"If": 1, "Neg": 1, "other.Unheard": 1},
        "external_files": [],
    }


def test_weights_elsewhere_are_named_and_not_opened(
    konnx: Any, save_onnx: Callable[..., Path]
) -> None:
    path = save_onnx("g (float[3] x) => (float[3] y) { y = Add(x, b) }")
    model = onnx.load(path)
    model.graph.initializer.append(onnx.numpy_helper.from_array(np.zeros(3, np.float32), "b"))
    onnx.save(model, path, save_as_external_data=True, location="w.bin", size_threshold=0)
    path.with_name("w.bin").unlink()
    found = json.loads(konnx("inspect", path, "--json").out)
    assert (found["external_files"], found["parameters"]) == (["w.bin"], 3)


def test_a_keras_model_is_described(konnx: Any, mlp: Path) -> None:
    result = konnx("inspect", mlp)
    assert (result.code, result.err) == (0, "")
    assert result.out.splitlines() == [
        f"{mlp}: Keras HDF5 model, {mlp.stat().st_size:,} bytes",
        "  class       Sequential",
        "  written by  Keras 2.21.0 on tensorflow",
        "  compiled    optimizer Adam, loss categorical_crossentropy",
        "  parameters  92",
        "  operations  184 floating-point operations a sample",
        "inputs",
        "  dense_1_input  float32  (?, 6)",
        "outputs",
        "  dense_2  float32  (?, 4)",
        "layers  3: name, class, parameters, shapes of weights",
        "  dense_1    Dense    56  (6, 8) (8,)",
        "  dropout_1  Dropout  0",
        "  dense_2    Dense    36  (8, 4) (4,)",
    ]


def test_a_weights_file_is_described(konnx: Any, mlp: Path) -> None:
    path = mlp.with_name("sequential_cnn_weights_only.h5")
    found = json.loads(konnx("inspect", path, "--json").out)
    assert (found["kind"], found["class"], found["inputs"]) == ("weights", None, None)
    assert found["layers"][0] == {
        "name": "conv2d_1",
        "class": None,
        "parameters": 72,
        "weights": [{"name": "conv2d_1/kernel:0", "dtype": "float32", "shape": [3, 3, 2, 4]}],
    }
    assert konnx("inspect", path).out.startswith(f"{path}: Keras HDF5 weights, ")


def test_a_model_with_unknown_layers_is_described_as_far_as_it_is_known(
    konnx: Any, with_layers: Callable[..., Path]
) -> None:
    path = with_layers(("Capsule", {}), ("Lambda", {"function": ["4wEAAA==", None, None]}))
    result = konnx("inspect", path)
    assert (result.code, result.err) == (0, "")
    (unknown,) = [line for line in result.out.splitlines() if line.startswith("  not known")]
    assert "Capsule" in unknown
    assert "dense_1    Dense    56" in result.out


@pytest.mark.parametrize("config", ["[]", '{"layers": 5}', '{"layers": [5, {"config": []}]}', "7"])
def test_an_odd_architecture_is_no_reason_to_fail(
    konnx: Any, mlp: Path, tmp_path: Path, config: str
) -> None:
    path = tmp_path / "odd.h5"
    path.write_bytes(mlp.read_bytes())
    with h5py.File(path, "a") as file:
        file.attrs["model_config"] = f'{{"class_name": "Sequential", "config": {config}}}'
    result = konnx("inspect", path)
    assert (result.code, result.err) == (0, "")
    assert "  dense_1" in result.out


def test_names_from_a_file_cannot_steer_the_terminal(
    konnx: Any, save_onnx: Callable[..., Path]
) -> None:
    path = save_onnx("g (float[N] x) => (float[N] y) { y = Neg(x) }")
    model = onnx.load(path)
    model.graph.name = "a\x1b]0;title\x07\nb"
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_param = "\x1b[31m"
    model.graph.node[0].op_type = "Neg\x1b[2J"
    model.metadata_props.add(key="\rkey", value="\u202evalue")
    path.write_bytes(model.SerializeToString())
    for arguments in (["inspect", path], ["inspect", path, "--json"]):
        result = konnx(*arguments)
        assert result.code == 0
        assert [char for char in result.out if char != "\n" and not char.isprintable()] == []


def test_what_is_no_model_is_refused(konnx: Any, tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not a model")
    result = konnx("inspect", path, "--json")
    assert (result.code, result.out) == (1, "")
    assert str(path) in result.err and "It is no ONNX model either" in result.err


# Archives -------------------------------------------------------------------------------------


def test_an_archive_is_described(konnx: Any) -> None:
    found = json.loads(konnx("inspect", ARCHIVES / "mlp_adam.keras", "--json").out)
    assert (found["format"], found["class"]) == ("Keras archive", "Sequential")
    assert found["training"]["optimizer"] == "Adam"
    assert found["parameters"] == sum(layer["parameters"] for layer in found["layers"]) > 0
    assert found["operations"] > 0
    result = konnx("inspect", ARCHIVES / "nested.keras")
    assert (result.code, result.err) == (0, "")


# Two files ------------------------------------------------------------------------------------


def test_two_files_show_in_what_they_differ(
    konnx: Any, save_onnx: Callable[..., Path], tmp_path: Path
) -> None:
    one = save_onnx("g (float[N, 3] x) => (float[N, 3] y) { y = Neg(x) }", "one.onnx")
    two = save_onnx("g (float[N, 4] x) => (float[N, 4] y) { y = Abs(x) }", "two.onnx")
    result = konnx("inspect", one, two)
    assert (result.code, result.err) == (0, "")
    assert result.out.splitlines()[:5] == [
        f"< {one}",
        f"> {two}",
        "inputs.x.shape",
        '  < ["N", 3]',
        '  > ["N", 4]',
    ]
    assert "operators.Neg\n  < 1\n" in result.out
    assert "operators.Abs\n  > 1\n" in result.out
    assert konnx("inspect", one, one).out.endswith("no difference\n")
    assert json.loads(konnx("inspect", one, one, "--json").out) == []
