from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from konnx.cli.comparison import Tolerance, difference

Golden = Callable[[str], tuple[Path, dict[str, Any]]]
FER = Path(__file__).parents[1] / "goldens" / "fer" / "emotion_model.hdf5"


def test_a_converted_model_is_equal_to_its_source(
    konnx: Any, golden: Golden, tmp_path: Path
) -> None:
    source, _ = golden("sequential_mlp_adam")
    konnx("convert", source, tmp_path / "m.onnx")
    result = konnx("run", tmp_path / "m.onnx", "--input", "random:1", "--compare", source)
    assert (result.code, result.err) == (0, "")
    assert "  dense_2: equal, max abs 0, max rel 0, cosine 1.0000000" in result.out


def test_expected_outputs_come_from_arrays(konnx: Any, golden: Golden, tmp_path: Path) -> None:
    source, arrays = golden("sequential_mlp_adam")
    np.save(tmp_path / "x.npy", arrays["x_0"])
    np.save(tmp_path / "y.npy", arrays["prediction_0"])
    np.savez(tmp_path / "good.npz", dense_2=arrays["prediction_0"])
    np.savez(tmp_path / "bad.npz", dense_2=arrays["prediction_0"] + 0.1)
    run = ("run", source, "--input", tmp_path / "x.npy", "--compare")
    assert konnx(*run, tmp_path / "y.npy").code == 0
    assert konnx(*run, tmp_path / "good.npz").code == 0
    bad = konnx(*run, tmp_path / "bad.npz")
    assert (bad.code, "dense_2: DIFFERENT, max abs 0.1," in bad.out) == (1, True)
    assert konnx(*run, tmp_path / "bad.npz", "--atol", 0.2).code == 0


def test_layer_by_layer_shows_where_two_models_part(
    konnx: Any, golden: Golden, tmp_path: Path
) -> None:
    konnx("convert", FER, tmp_path / "m.onnx")
    model = onnx.load(tmp_path / "m.onnx")
    node = next(node for node in model.graph.node if node.name == "conv2d_3/Conv")
    weight = next(tensor for tensor in model.graph.initializer if tensor.name == node.input[1])
    changed = numpy_helper.to_array(weight) * np.float32(1.5)
    weight.CopyFrom(numpy_helper.from_array(changed, weight.name))
    onnx.save(model, tmp_path / "changed.onnx")
    options = ("--input", "random:1", "--compare", FER, "--layers")
    result = konnx("run", tmp_path / "changed.onnx", *options)
    lines = result.out.partition("layer by layer:\n")[2].splitlines()
    layers = {line.partition(":")[0].strip(): "DIFFERENT" in line for line in lines}
    assert result.code == 1
    assert [layers["conv2d_1"], layers["max_pooling2d_1"]] == [False, False]
    assert [layers["conv2d_3"], layers["add_1"]] == [True, True]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("m (float[N, 3] a) => (float[N, 4] y) { y = Pad(a) }", "dense_2"),
        ("m (float[N, 6] a, float b) => (float[N, 6] y) { y = Add(a, b) }", "takes the inputs"),
    ],
)
def test_a_model_that_cannot_be_compared_says_why(
    konnx: Any, mlp: Path, save_onnx: Callable[[str], Path], text: str, reason: str
) -> None:
    result = konnx("run", mlp, "--input", "random", "--compare", save_onnx(text))
    assert result.code == 1
    assert result.err.startswith("konnx: ")


def test_outputs_of_another_shape_are_refused(konnx: Any, mlp: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "y.npy", np.zeros((2, 2), np.float32))
    result = konnx("run", mlp, "--input", "random", "--compare", tmp_path / "y.npy")
    assert (result.code, "has the shape (1, 4)" in result.err) == (1, True)


def test_differences_are_measured_in_three_ways() -> None:
    found = difference("y", np.array([1.0, 3.0]), np.array([1.0, 2.0]), Tolerance())
    assert (found.equal, found.absolute, found.relative) == (False, 1.0, 0.5)
    assert found.cosine == pytest.approx(7 / np.sqrt(50))
    nan = np.array([np.nan, 1.0])
    assert difference("y", nan, nan, Tolerance()).equal
    assert difference("y", np.zeros(2), np.zeros(2), Tolerance()).cosine == 1.0
