from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnx
import pytest

from konnx.layers import Conv2D
from konnx.models import Sequential

pytestmark = pytest.mark.no_runtime

FER = Path(__file__).parents[1] / "goldens" / "fer" / "emotion_model.hdf5"


def test_it_writes_a_sound_model_and_sums_it_up(konnx: Any, tmp_path: Path) -> None:
    target = tmp_path / "emotion.onnx"
    result = konnx("convert", FER, target)
    assert (result.code, result.err) == (0, "")
    model = onnx.load(target)
    onnx.checker.check_model(model, full_check=True)
    assert len(model.graph.node) <= 49
    size = target.stat().st_size
    head, *values, nodes = result.out.splitlines()
    assert head.startswith(f"{target}: {size:,} bytes, ")
    assert head.endswith(f" parameters, {len(model.graph.node)} nodes, opset 18")
    assert values == [
        "  input   input_1      float32 (batch, 64, 64, 1)",
        "  output  predictions  float32 (batch, 7)",
    ]
    assert nodes.startswith("  nodes   Conv ")


def test_without_a_target_the_result_stands_beside_the_source(
    konnx: Any, mlp: Path, tmp_path: Path
) -> None:
    source = written(tmp_path / "my model.h5", mlp.read_bytes())
    assert konnx("convert", source).code == 0
    assert onnx.load(tmp_path / "my model.onnx").producer_name == "konnx"
    assert "the file exists" in konnx("convert", source).err
    assert "Expected SOURCE [TARGET], two files" in konnx("convert", tmp_path).err


def test_the_source_is_told_by_its_content_and_named_in_the_metadata(
    konnx: Any, mlp: Path, tmp_path: Path
) -> None:
    source = tmp_path / "model.onnx.txt"
    source.write_bytes(mlp.read_bytes())
    assert konnx("convert", source, tmp_path / "m.onnx").code == 0
    metadata = {p.key: p.value for p in onnx.load(tmp_path / "m.onnx").metadata_props}
    assert metadata["source"] == "model.onnx.txt"


def test_opset_chooses_the_opset(konnx: Any, mlp: Path, tmp_path: Path) -> None:
    assert konnx("convert", mlp, tmp_path / "m.onnx", "--opset", 15).code == 0
    assert onnx.load(tmp_path / "m.onnx").opset_import[0].version == 15


def test_a_target_that_exists_is_replaced_by_force_only(
    konnx: Any, mlp: Path, tmp_path: Path
) -> None:
    target = tmp_path / "m.onnx"
    target.write_text("precious")
    refused = konnx("convert", mlp, target)
    assert (refused.code, target.read_text()) == (1, "precious")
    assert refused.err == (
        f"konnx: Cannot write '{target}': the file exists. Use --force to replace it.\n"
    )
    assert konnx("convert", mlp, target, "--force").code == 0
    assert onnx.load(target).producer_name == "konnx"


def test_the_source_is_never_replaced(konnx: Any, mlp: Path, tmp_path: Path) -> None:
    source = tmp_path / "m.h5"
    source.write_bytes(mlp.read_bytes())
    result = konnx("convert", source, tmp_path / "." / "m.h5", "--force")
    assert (result.code, "it is the file to convert" in result.err) == (1, True)
    assert source.read_bytes() == mlp.read_bytes()


def text(mlp: Path, tmp_path: Path) -> Path:
    return written(tmp_path / "notes.h5", b"not a model\n")


def nothing(mlp: Path, tmp_path: Path) -> Path:
    return written(tmp_path / "empty.h5", b"")


def half(mlp: Path, tmp_path: Path) -> Path:
    content = mlp.read_bytes()
    return written(tmp_path / "half.h5", content[: len(content) // 2])


def already_onnx(mlp: Path, tmp_path: Path) -> Path:
    model = onnx.parser.parse_model('<ir_version: 8, opset_import: ["" : 18]> g () => () {}')
    return written(tmp_path / "already.h5", model.SerializeToString())


def weights(mlp: Path, tmp_path: Path) -> Path:
    return mlp.with_name("sequential_cnn_weights_only.h5")


def folder(mlp: Path, tmp_path: Path) -> Path:
    (tmp_path / "saved_model").mkdir()
    return tmp_path / "saved_model"


def absent(mlp: Path, tmp_path: Path) -> Path:
    return tmp_path / "absent.h5"


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (text, "the file is not HDF5. Expected: an HDF5 file that Keras 1 or 2 saved. Received: t"),
        (nothing, "Received: an empty file"),
        (half, "the HDF5 file is cut short. Expected: "),
        (already_onnx, "perhaps an ONNX model"),
        (weights, "it holds only weights, no architecture"),
        (folder, "is a directory"),
        (absent, "No such file or directory"),
    ],
)
def test_what_is_no_model_is_refused_and_nothing_is_written(
    konnx: Any, mlp: Path, tmp_path: Path, make: Callable[[Path, Path], Path], said: str
) -> None:
    source = make(mlp, tmp_path)
    before = sorted(os.listdir(tmp_path))
    result = konnx("convert", source, tmp_path / "m.onnx")
    assert (result.code, result.out) == (1, "")
    assert str(source) in result.err and said in result.err
    assert result.err.count("\n") == 1
    assert sorted(os.listdir(tmp_path)) == before


def test_all_unknown_layers_are_named_in_one_error(
    konnx: Any, with_layers: Callable[..., Path], tmp_path: Path
) -> None:
    source = with_layers(("Capsule", {}), ("Dense", {"units": 3}), ("SpatialWarp", {}))
    result = konnx("convert", source, tmp_path / "m.onnx")
    assert (result.code, result.out) == (1, "")
    assert str(source) in result.err
    assert "Capsule" in result.err and "SpatialWarp" in result.err
    assert os.listdir(tmp_path) == [source.name]


def test_a_lambda_is_refused_and_never_run(
    konnx: Any, with_layers: Callable[..., Path], tmp_path: Path
) -> None:
    trap = tmp_path / "trap"
    code = f"open({str(trap)!r}, 'w').close()"
    settings = {"function": [code, None, None], "function_type": "lambda", "arguments": {}}
    source = with_layers(("Lambda", settings))
    result = konnx("convert", source, tmp_path / "m.onnx")
    assert (result.code, "Lambda" in result.err) == (1, True)
    assert os.listdir(tmp_path) == [source.name]


def test_an_opset_out_of_range_is_refused_and_nothing_is_written(
    konnx: Any, mlp: Path, tmp_path: Path
) -> None:
    result = konnx("convert", mlp, tmp_path / "m.onnx", "--opset", 2)
    assert (result.code, "opset=2" in result.err) == (1, True)
    assert os.listdir(tmp_path) == []


def test_a_missing_folder_is_named(konnx: Any, mlp: Path, tmp_path: Path) -> None:
    result = konnx("convert", mlp, tmp_path / "no" / "m.onnx")
    assert (result.code, f"'{tmp_path / 'no'}' does not exist" in result.err) == (1, True)
    assert os.listdir(tmp_path) == []


def test_a_folder_that_is_not_writable_is_named(
    konnx: Any, mlp: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Any, *_: Any) -> int:
        raise PermissionError(13, "Permission denied", str(path))

    # Not by chmod: it does not bind the superuser, as whom containers often run the tests.
    monkeypatch.setattr("konnx.utils.files.os.open", refuse)
    result = konnx("convert", mlp, tmp_path / "m.onnx")
    assert (result.code, result.out) == (1, "")
    assert f"no permission to create files in '{tmp_path}'" in result.err
    assert os.listdir(tmp_path) == []


def test_a_full_disk_leaves_nothing_behind(
    konnx: Any, mlp: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("konnx.utils.files.os.fsync", refuse)
    result = konnx("convert", mlp, tmp_path / "m.onnx")
    assert (result.code, result.err) == (1, "konnx: No space left on device\n")
    assert os.listdir(tmp_path) == []


@pytest.mark.usefixtures("without_runtime")
def test_it_needs_no_runtime(konnx: Any, mlp: Path, tmp_path: Path) -> None:
    assert konnx("convert", mlp, tmp_path / "m.onnx").code == 0


def test_a_report_lists_what_reading_converted(konnx: Any, mlp: Path, tmp_path: Path) -> None:
    source = tmp_path / "theano.h5"
    Sequential([Conv2D(2, 3, input_shape=(4, 4, 1), name="conv")]).save(source)
    options = ("--report", "--source-backend", "theano")
    result = konnx("convert", source, tmp_path / "m.onnx", *options)
    assert result.out.splitlines()[-1] == (
        "  read    conv: kernel mirrored in space (Theano mirrors kernels)"
    )
    result = konnx("convert", source, "--dry-run", "--json", *options)
    [report] = json.loads(result.out)
    assert report["conversions"] == [
        {"layer": "conv", "what": "kernel mirrored in space", "why": "Theano mirrors kernels"}
    ]


def test_an_unknown_backend_is_named(konnx: Any, mlp: Path, tmp_path: Path) -> None:
    result = konnx("convert", mlp, tmp_path / "m.onnx", "--source-backend", "teano")
    assert result.code == 1
    assert "`source_backend` must be" in result.err


def test_weights_alone_convert_with_the_config_beside_them(konnx: Any, tmp_path: Path) -> None:
    model = Sequential([Conv2D(2, 3, input_shape=(4, 4, 1), name="conv")])
    weights, config = tmp_path / "w.h5", tmp_path / "m.json"
    model.save_weights(weights)
    config.write_text(model.to_json())
    refused = konnx("convert", weights, tmp_path / "m.onnx")
    assert all(way in refused.err for way in ("--config", "--application", "in Python"))
    assert refused.code == 1
    assert "--config FILE" in refused.err
    assert konnx("convert", weights, tmp_path / "m.onnx", "--config", config).code == 0
    onnx.checker.check_model(tmp_path / "m.onnx", full_check=True)
