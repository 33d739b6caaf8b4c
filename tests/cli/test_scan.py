from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import onnx
import pytest

pytestmark = pytest.mark.no_runtime

ARCHIVES = Path(__file__).parents[1] / "goldens" / "keras_v3" / "keras315"

NEG = "g (float[N, 3] x) => (float[N, 3] y) { y = Neg(x) }"
DANGERS = {
    "other domain": (
        "g (float[N] x) => (float[N] y) { y = other.Run(x) }",
        "other.Run needs a library with native code",
    ),
    "program of a provider": (
        "g (float[N] x) => (float[N] y) { y = other.EPContext(x) }",
        "holds a program for one execution provider",
    ),
    "bomb": (
        """g (float[N] x) => (float y) {
            s = Constant<value = int64[3] {1024, 1024, 1024}>()
            z = ConstantOfShape(s)
            y = ReduceSum<keepdims = 0>(z)
        }""",
        "ConstantOfShape makes a tensor of 1,073,741,824 elements out of nothing",
    ),
}


def test_honest_files_hold_nothing_suspicious(
    konnx: Any, mlp: Path, save_onnx: Callable[..., Path]
) -> None:
    for file in (mlp, save_onnx(NEG), ARCHIVES / "mlp_adam.keras"):
        result = konnx("inspect", file, "--scan")
        assert (result.code, result.out) == (0, f"{file}: nothing suspicious\n")


@pytest.mark.parametrize("name", DANGERS)
def test_what_an_onnx_file_could_do_is_named(
    konnx: Any, save_onnx: Callable[..., Path], name: str
) -> None:
    text, expected = DANGERS[name]
    result = konnx("inspect", save_onnx(text), "--scan", "--json")
    (found,) = json.loads(result.out)
    assert (result.code, found["severity"]) == (1, "danger")
    assert expected in found["what"]


@pytest.mark.parametrize(
    ("location", "severity"), [("w.bin", "note"), ("../w.bin", "danger"), ("/etc/passwd", "danger")]
)
def test_weights_outside_the_folder_are_a_danger(
    konnx: Any, save_onnx: Callable[..., Path], location: str, severity: str
) -> None:
    path = save_onnx(NEG)
    model = onnx.load(path)
    tensor = model.graph.initializer.add(name="w", data_type=1, dims=[1])
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=location)
    path.write_bytes(model.SerializeToString())
    (found,) = json.loads(konnx("inspect", path, "--scan", "--json").out)
    assert found["severity"] == severity


@pytest.mark.parametrize("link", [os.symlink, os.link])
def test_links_to_other_files_are_a_danger(
    konnx: Any, save_onnx: Callable[..., Path], tmp_path: Path, link: Any
) -> None:
    (tmp_path / "secret").write_text("x")
    link(tmp_path / "secret", tmp_path / "w.bin")
    path = save_onnx(NEG)
    model = onnx.load(path)
    tensor = model.graph.initializer.add(name="w", data_type=1, dims=[1])
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="w.bin")
    path.write_bytes(model.SerializeToString())
    assert konnx("inspect", path, "--scan").code == 1


def test_code_in_a_keras_file_is_a_danger(konnx: Any, with_layers: Callable[..., Path]) -> None:
    path = with_layers(
        ("Lambda", {"function": ["4wEAAA==", None, None]}),
        ("StringLookup", {"vocabulary": "/etc/passwd"}),
    )
    result = konnx("inspect", path, "--scan")
    assert result.code == 1
    assert result.out.splitlines() == [
        "danger: Lambda 'odd_0': holds Python code; konnx never runs it, other readers may",
        "danger: StringLookup 'odd_1': reads the file '/etc/passwd'",
    ]


def test_a_module_that_a_config_names_is_a_danger(konnx: Any, tmp_path: Path) -> None:
    path = tmp_path / "odd.keras"
    with zipfile.ZipFile(ARCHIVES / "mlp_adam.keras") as source:
        members = {name: source.read(name) for name in source.namelist()}
    config = json.loads(members["config.json"])
    config["config"]["layers"][1].update(module="subprocess", class_name="Popen")
    members["config.json"] = json.dumps(config).encode()
    members["assets/words.txt"] = b"a"
    with zipfile.ZipFile(path, "w") as target:
        for name, content in members.items():
            target.writestr(name, content)
    result = konnx("inspect", path, "--scan")
    assert (result.code, "names code in the module 'subprocess'" in result.out) == (1, True)
    assert "note: assets/words.txt" in result.out


def test_a_link_out_of_an_hdf5_file_is_a_danger(konnx: Any, mlp: Path, tmp_path: Path) -> None:
    path = tmp_path / "linked.h5"
    path.write_bytes(mlp.read_bytes())
    with h5py.File(path, "a") as file:
        del file["model_weights/dense_1/dense_1/kernel:0"]
        file["model_weights/dense_1/dense_1/kernel:0"] = h5py.ExternalLink("other.h5", "/secret")
    result = konnx("inspect", path, "--scan")
    assert (result.code, result.out.startswith("danger: ")) == (1, True)


def test_scanning_takes_one_file(konnx: Any, mlp: Path) -> None:
    result = konnx("inspect", mlp, mlp, "--scan")
    assert (result.code, "--scan takes one file" in result.err) == (2, True)
