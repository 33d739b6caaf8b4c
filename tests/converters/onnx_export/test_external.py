"""Weights in a second file beside the model."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest

from konnx.converters import export_onnx
from konnx.converters.onnx_export import external
from konnx.layers import Dense
from konnx.models import Sequential


def network() -> Sequential:
    return Sequential([Dense(64, input_shape=(40,), name="first"), Dense(3, name="last")])


@pytest.mark.no_runtime
def test_large_weights_go_to_a_file_beside_the_model_and_come_back(tmp_path: Path) -> None:
    model = network()
    export_onnx(model, tmp_path / "m.onnx", external_data=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["m.onnx", "m.onnx.data"]
    assert (tmp_path / "m.onnx").stat().st_size < 3000
    onnx.checker.check_model(tmp_path / "m.onnx", full_check=True)
    read = {
        t.name: onnx.numpy_helper.to_array(t)
        for t in onnx.load(tmp_path / "m.onnx").graph.initializer
    }
    np.testing.assert_array_equal(read["first/kernel"], model.get_weights()[0])
    stored = onnx.load(tmp_path / "m.onnx", load_external_data=False).graph.initializer
    offsets = [int(e.value) for t in stored for e in t.external_data if e.key == "offset"]
    assert offsets
    assert all(offset % 4096 == 0 for offset in offsets)


def test_the_two_files_run_wherever_they_are_together(tmp_path: Path) -> None:
    runtime = pytest.importorskip("onnxruntime")
    model = network()
    export_onnx(model, tmp_path / "m.onnx", external_data=True)
    other = tmp_path / "elsewhere"
    other.mkdir()
    for file in ("m.onnx", "m.onnx.data"):
        shutil.move(tmp_path / file, other / file)
    x = np.ones((2, 40), np.float32)
    session = runtime.InferenceSession(other / "m.onnx", providers=["CPUExecutionProvider"])
    [received] = session.run(None, {"first_input": x})
    np.testing.assert_allclose(received, model.predict(x), rtol=1e-5)


@pytest.mark.no_runtime
def test_a_model_too_large_for_one_file_is_split_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(external, "_LARGEST", 10_000)
    export_onnx(network(), tmp_path / "m.onnx")
    assert (tmp_path / "m.onnx.data").exists()
    export_onnx(network(), tmp_path / "one.onnx", external_data=False)
    assert not (tmp_path / "one.onnx.data").exists()


@pytest.mark.no_runtime
def test_neither_file_is_written_where_one_of_them_exists(tmp_path: Path) -> None:
    (tmp_path / "m.onnx.data").write_bytes(b"other")
    with pytest.raises(FileExistsError, match=r"m\.onnx\.data"):
        export_onnx(network(), tmp_path / "m.onnx", external_data=True, overwrite=False)
    assert [path.name for path in tmp_path.iterdir()] == ["m.onnx.data"]
    assert (tmp_path / "m.onnx.data").read_bytes() == b"other"


@pytest.mark.no_runtime
def test_equal_models_give_equal_files(tmp_path: Path) -> None:
    model = network()
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        export_onnx(model, tmp_path / folder / "m.onnx", external_data=True)
    for name in ("m.onnx", "m.onnx.data"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
