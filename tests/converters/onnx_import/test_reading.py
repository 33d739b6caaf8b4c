"""Weights beside a file, and files that mean harm."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, numpy_helper, parser

from konnx.converters import FileFormatError, from_onnx

WEIGHT = np.arange(12, dtype="float32").reshape(3, 4)


def model_with(**entries: str) -> onnx.ModelProto:
    """A model whose weight lies in another file, as `entries` say."""
    model = parser.parse_model(
        '<ir_version: 8, opset_import: ["" : 17]> '
        "g (float[N, 3] x) => (float[N, 4] y) {y = MatMul(x, w)}"
    )
    weight = numpy_helper.from_array(WEIGHT, "w")
    weight.ClearField("raw_data")
    weight.data_location = TensorProto.EXTERNAL
    for key, value in entries.items():
        weight.external_data.add(key=key, value=value)
    model.graph.initializer.append(weight)
    return model


def write(folder: Path, model: onnx.ModelProto) -> Path:
    path = folder / "model.onnx"
    path.write_bytes(model.SerializeToString())
    return path


def test_weights_beside_the_model_are_read(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "w.bin").write_bytes(b"12345678" + WEIGHT.tobytes())
    model = model_with(location="data/w.bin", offset="8", length="48")
    [weight] = from_onnx(write(tmp_path, model)).get_weights()
    np.testing.assert_array_equal(weight, WEIGHT)


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({"location": "/etc/hostname"}, "is no relative path"),
        ({"location": "../w.bin"}, "leads out of the folder"),
        ({"location": "data/../../w.bin"}, "leads out of the folder"),
        ({"location": "./w.bin"}, "leads out of the folder"),
        ({"location": "C:\\w.bin"}, "is no relative path"),
        ({"location": ""}, "leads out of the folder"),
        ({}, "does not say properly where"),
        ({"location": "w.bin", "basepath": "/etc"}, "does not say properly where"),
        ({"location": "w.bin", "offset": "8"}, "ends at byte 56 of a file of 48"),
        ({"location": "w.bin", "offset": "-8"}, "48 bytes from -8 on are not the 48"),
        ({"location": "w.bin", "length": "4"}, "4 bytes from 0 on are not the 48"),
        ({"location": "w.bin", "offset": "x"}, "invalid literal"),
        ({"location": "missing.bin"}, "No such file"),
        ({"location": "data"}, "directory|no ordinary file|denied"),
        ({"location": "link.bin"}, "is a link"),
        ({"location": "linked/w.bin"}, "is a link"),
        ({"location": "hard.bin"}, "hard link"),
    ],
)
def test_weights_elsewhere_are_refused(
    entries: dict[str, str], message: str, tmp_path: Path
) -> None:
    folder = tmp_path / "model"
    (folder / "data").mkdir(parents=True)
    (tmp_path / "w.bin").write_bytes(WEIGHT.tobytes())
    (folder / "w.bin").write_bytes(WEIGHT.tobytes())
    (folder / "link.bin").symlink_to(tmp_path / "w.bin")
    (folder / "linked").symlink_to(tmp_path)
    os.link(tmp_path / "w.bin", folder / "hard.bin")
    with pytest.raises(FileFormatError, match=message):
        from_onnx(write(folder, model_with(**entries)))


def test_a_tensor_larger_than_its_file_takes_no_memory(tmp_path: Path) -> None:
    (tmp_path / "w.bin").write_bytes(WEIGHT.tobytes())
    model = model_with(location="w.bin")
    model.graph.initializer[0].dims[:] = [2**31, 2**31]
    with pytest.raises(FileFormatError, match="of a file of 48"):
        from_onnx(write(tmp_path, model))


def test_a_model_without_a_path_cannot_have_weights_elsewhere() -> None:
    for source in (model_with(location="w.bin"), model_with(location="w.bin").SerializeToString()):
        with pytest.raises(FileFormatError, match="give the path of the model instead"):
            from_onnx(source)


@pytest.mark.parametrize("content", [b"", b"no model", b"\x08\x08", "cut"])
def test_what_is_no_model_is_refused(content: Any, tmp_path: Path) -> None:
    if content == "cut":
        content = write(tmp_path, model_with(location="w.bin")).read_bytes()[:60]
    with pytest.raises(FileFormatError, match="no ONNX model"):
        from_onnx(content)


def test_names_in_a_file_cannot_lead_out_of_the_tree_of_an_hdf5_file(tmp_path: Path) -> None:
    model = model_with(location="w.bin")
    model.graph.initializer[0].CopyFrom(numpy_helper.from_array(WEIGHT, "/../model_weights\x1b"))
    model.graph.node[0].input[1] = "/../model_weights\x1b"
    model.graph.node[0].name = "/../../top"
    read = from_onnx(model)
    assert [weight.name for weight in read.weights] == ["model_weights_"]
    read.save(tmp_path / "model.h5")


GOLDEN = Path(__file__).parents[2] / "goldens" / "torch_onnx" / "lstm_17.onnx"


@pytest.mark.parametrize("seed", range(60))
def test_a_file_with_flipped_bytes_is_read_or_refused(seed: int) -> None:
    random = np.random.default_rng(seed)
    content = bytearray(GOLDEN.read_bytes())
    for place in random.integers(0, len(content), 1 + seed % 4):
        content[place] = random.integers(0, 256)
    with suppress(ValueError):  # any other error would be one of konnx
        from_onnx(bytes(content))


def test_a_name_that_is_no_text_is_refused() -> None:
    content = model_with(location="w.bin").SerializeToString()
    with pytest.raises(FileFormatError, match="a name in it is no text"):
        from_onnx(content.replace(b"MatMul", b"MatM\xff\xff"))
