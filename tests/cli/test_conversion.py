from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

GOLDENS = Path(__file__).parents[1] / "goldens" / "hdf5"


@pytest.fixture
def models(mlp: Path, tmp_path: Path) -> Path:
    """A folder of two models, one of them further down, and of what is none."""
    folder = tmp_path / "models"
    (folder / "old").mkdir(parents=True)
    (folder / "a.h5").write_bytes(mlp.read_bytes())
    (folder / "old" / "b").write_bytes(mlp.read_bytes())
    (folder / "readme.h5").write_text("no model")
    return folder


@pytest.mark.no_runtime
def test_a_folder_is_converted_into_another_by_what_files_hold(
    konnx: Any, models: Path, tmp_path: Path
) -> None:
    result = konnx("convert", models, "--output-dir", tmp_path / "out")
    assert (result.code, result.err) == (0, "")
    assert result.out.splitlines()[-1] == "2 of 2 files can be converted."
    written = sorted(path.relative_to(tmp_path / "out") for path in tmp_path.rglob("*.onnx"))
    assert written == [Path("a.onnx"), Path("old/b.onnx")]
    for path in written:
        onnx.checker.check_model(str(tmp_path / "out" / path), full_check=True)


@pytest.mark.no_runtime
def test_one_file_that_fails_does_not_stop_the_others(
    konnx: Any, models: Path, tmp_path: Path
) -> None:
    (models / "a.h5").write_bytes((models / "a.h5").read_bytes()[:2000])
    result = konnx("convert", models, "--output-dir", tmp_path / "out")
    assert (result.code, "1 of 2 files" in result.out) == (1, True)
    assert f"{models / 'a.h5'}: failed." in result.err
    assert (tmp_path / "out" / "old" / "b.onnx").exists()


@pytest.mark.no_runtime
def test_a_dry_run_names_every_unknown_layer_of_every_file_and_writes_nothing(
    konnx: Any, models: Path, with_layers: Callable[..., Path], tmp_path: Path
) -> None:
    odd = with_layers(("Sparkle", {}), ("Twinkle", {}))
    before = sorted(tmp_path.rglob("*"))
    result = konnx("convert", models, odd, "--dry-run", "--json")
    good, other, bad = json.loads(result.out)
    assert (result.code, good["ok"], other["ok"], bad["ok"]) == (1, True, True, False)
    assert bad["unknown_layers"] == {"Sparkle": ["odd_0"], "Twinkle": ["odd_1"]}
    assert good["inputs"][0]["shape"] == ["batch", 6]
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.no_runtime
def test_quiet_says_nothing_but_errors(konnx: Any, models: Path, mlp: Path, tmp_path: Path) -> None:
    assert konnx("convert", mlp, tmp_path / "m.onnx", "--quiet").out == ""
    (models / "a.h5").write_bytes((models / "a.h5").read_bytes()[:2000])
    result = konnx("convert", models, "--dry-run", "-q")
    assert (result.out, result.err.count("\n")) == ("", 1)


@pytest.mark.no_runtime
def test_the_same_file_gives_the_same_bytes(konnx: Any, mlp: Path, tmp_path: Path) -> None:
    for name in ("a.onnx", "b.onnx"):
        konnx("convert", mlp, tmp_path / name)
    assert (tmp_path / "a.onnx").read_bytes() == (tmp_path / "b.onnx").read_bytes()


@pytest.mark.no_runtime
def test_two_sources_for_one_target_are_refused(
    konnx: Any, models: Path, mlp: Path, tmp_path: Path
) -> None:
    other = tmp_path / "a.hdf5"
    other.write_bytes(mlp.read_bytes())
    result = konnx("convert", models / "a.h5", other, "--output-dir", tmp_path / "out")
    assert (result.code, "would both become" in result.err) == (1, True)


@pytest.mark.no_runtime
def test_a_folder_without_models_is_no_success(konnx: Any, tmp_path: Path) -> None:
    result = konnx("convert", tmp_path, "--dry-run")
    assert (result.code, "No Keras model in" in result.err) == (1, True)


@pytest.mark.no_runtime
@pytest.mark.parametrize("given", ["a folder", "three files"])
def test_a_folder_and_several_files_ask_for_a_folder(
    given: str, konnx: Any, tmp_path: Path
) -> None:
    paths = [tmp_path] if given == "a folder" else [tmp_path / name for name in "abc"]
    result = konnx("convert", *paths)
    assert (result.code, "--output-dir" in result.err) == (2, True)


def test_a_repository_for_triton_takes_the_place_of_the_target(
    konnx: Any, mlp: Path, tmp_path: Path
) -> None:
    labels = tmp_path / "labels.txt"
    labels.write_text("a\nb\nc\nd\n")
    result = konnx("convert", mlp, "--triton", tmp_path / "repository", "--labels", labels)
    assert (result.code, result.err) == (0, "")
    (config,) = tmp_path.glob("repository/*/config.pbtxt")
    assert "dynamic_batching" in config.read_text()
    assert (config.parent / "labels.txt").read_text() == labels.read_text()
    onnx.checker.check_model(str(config.parent / "1" / "model.onnx"))


def test_the_training_step_of_a_compiled_model_is_written(
    konnx: Any, mlp: Path, tmp_path: Path
) -> None:
    result = konnx("convert", mlp, tmp_path / "step.onnx", "--training", "--json")
    (report,) = json.loads(result.out)
    assert (result.code, sorted(report["files"])) == (0, ["evaluate", "init", "predict", "step"])
    assert any(value["name"] == "learning_rate" for value in report["inputs"])


def test_the_training_step_takes_no_options_of_the_other(
    konnx: Any, mlp: Path, tmp_path: Path
) -> None:
    result = konnx("convert", mlp, tmp_path / "m.onnx", "--training", "--fp16")
    assert (result.code, "Leave out other options" in result.err) == (1, True)


def test_custom_code_comes_from_the_caller_alone(
    konnx: Any, with_layers: Callable[..., Path], tmp_path: Path
) -> None:
    source = with_layers(("Double", {}))
    code = tmp_path / "custom.py"
    code.write_text(
        "from konnx.layers import Layer\n"
        "class Double(Layer):\n"
        "    def call(self, inputs):\n"
        "        return inputs * 2.0\n"
    )
    assert konnx("convert", source, tmp_path / "m.onnx").code == 1
    result = konnx("convert", source, tmp_path / "m.onnx", "--custom", code)
    assert (result.code, result.err) == (0, "")


@pytest.mark.parametrize("mode", ["dynamic", "static"])
def test_a_quantized_model_predicts_alike(
    konnx: Any, golden: Callable[[str], Any], tmp_path: Path, mode: str
) -> None:
    path, arrays = golden("sequential_mlp_adam")
    np.save(tmp_path / "x.npy", arrays["x_0"])
    more = ("--calibration", tmp_path / "x.npy") if mode == "static" else ()
    result = konnx("convert", path, tmp_path / "m.onnx", "--quantize", mode, *more)
    assert (result.code, result.err) == (0, "")
    options = ("--input", tmp_path / "x.npy", "--output", tmp_path / "y.npy")
    assert konnx("run", tmp_path / "m.onnx", *options).code == 0
    expected = arrays["prediction_0"]
    assert np.abs(np.load(tmp_path / "y.npy") - expected).max() < 0.2 * np.abs(expected).max()


# Verification ---------------------------------------------------------------------------------


def test_an_export_is_verified_before_it_is_written(konnx: Any, mlp: Path, tmp_path: Path) -> None:
    result = konnx("convert", mlp, tmp_path / "m.onnx", "--verify")
    assert (result.code, result.err) == (0, "")
    assert "  verified: layer by layer, largest difference " in result.out
    assert konnx("convert", mlp, tmp_path / "h.onnx", "--verify", "--fp16").code == 0


def test_an_export_that_differs_is_not_written(
    konnx: Any, mlp: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from konnx.converters.verification import plain_layers

    monkeypatch.setitem(
        plain_layers.REFERENCES, "Dense", lambda config, weights, x: x @ weights[0] + 1
    )
    result = konnx("convert", mlp, tmp_path / "m.onnx", "--verify")
    assert (result.code, "the first layer that differs is 'dense_1'" in result.err) == (1, True)
    assert list(tmp_path.iterdir()) == []


def test_an_export_is_held_against_given_outputs(
    konnx: Any, golden: Callable[[str], Any], tmp_path: Path
) -> None:
    path, arrays = golden("sequential_mlp_adam")
    names = {"dense_1_input": arrays["x_0"], "dense_2": arrays["prediction_0"]}
    np.savez(tmp_path / "good.npz", **names)
    np.savez(tmp_path / "bad.npz", **{**names, "dense_2": arrays["prediction_0"] + 1})
    np.savez(tmp_path / "half.npz", dense_2=arrays["prediction_0"])
    good = konnx("convert", path, tmp_path / "m.onnx", "--golden", tmp_path / "good.npz")
    assert (good.code, "verified: outputs of the file" in good.out) == (0, True)
    bad = konnx("convert", path, tmp_path / "n.onnx", "--golden", tmp_path / "bad.npz")
    assert (bad.code, "dense_2: DIFFERENT" in bad.err) == (1, True)
    half = konnx("convert", path, tmp_path / "n.onnx", "--golden", tmp_path / "half.npz")
    assert (half.code, "Missing: dense_1_input" in half.err) == (1, True)
    assert not (tmp_path / "n.onnx").exists()
