from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

Array = np.ndarray[Any, Any]
Golden = Callable[[str], tuple[Path, dict[str, Array]]]

NEGATION = "negation (float[N, 3] x) => (float[N, 3] y) { y = Neg(x) }"
SUM_AND_MEAN = """
two (float[N, 3] x) => (float[N, 3] file, float mean) {
    file = Add(x, x)
    mean = ReduceMean <keepdims = 0> (x)
}
"""


def saved(path: Path, array: Any) -> Path:
    np.save(path, array)
    return path


@pytest.fixture
def ones(tmp_path: Path) -> Path:
    return saved(tmp_path / "ones.npy", np.ones((4, 3), np.float32))


@pytest.fixture
def negation(save_onnx: Callable[[str], Path]) -> Path:
    return save_onnx(NEGATION)


def test_a_keras_file_predicts_as_keras_did(konnx: Any, golden: Golden, tmp_path: Path) -> None:
    model, arrays = golden("sequential_mlp_adam")
    x = saved(tmp_path / "x.npy", arrays["x_0"])
    result = konnx("run", model, "--input", x, "--output", tmp_path / "y.npy", "--device", "cpu")
    assert (result.code, result.err) == (0, "")
    assert result.out.splitlines() == [
        f"{tmp_path / 'y.npy'}: computed on cpu",
        "dense_2: float32 (4, 4)",
    ]
    np.testing.assert_allclose(np.load(tmp_path / "y.npy"), arrays["prediction_0"], atol=1e-5)


def test_the_converted_file_gives_the_same_under_any_name(
    konnx: Any, golden: Golden, tmp_path: Path
) -> None:
    model, arrays = golden("sequential_mlp_adam")
    x = saved(tmp_path / "x.npy", arrays["x_0"]).rename(tmp_path / "x")
    assert konnx("convert", model, tmp_path / "m.h5").code == 0
    result = konnx("run", tmp_path / "m.h5", "--input", x, "--output", tmp_path / "y")
    assert result.code == 0
    np.testing.assert_allclose(np.load(tmp_path / "y"), arrays["prediction_0"], atol=1e-5)


@pytest.mark.parametrize("packed", [True, False])
def test_several_inputs_come_by_name_from_one_file_or_from_several(
    konnx: Any, golden: Golden, tmp_path: Path, packed: bool
) -> None:
    model, arrays = golden("functional_two_inputs")
    inputs = {"extra": arrays["x_0"], "image": arrays["x_1"]}
    if packed:
        np.savez(tmp_path / "x.npz", **inputs)
        arguments = ["--input", tmp_path / "x.npz"]
    else:
        extra = saved(tmp_path / "a=b.npy", inputs["extra"])
        image = saved(tmp_path / "image.npy", inputs["image"])
        arguments = ["--input", f"image={image}", "--input", extra]  # the only one left
    result = konnx("run", model, *arguments, "--output", tmp_path / "y.npy")
    assert result.err == ""
    np.testing.assert_allclose(np.load(tmp_path / "y.npy"), arrays["prediction_0"], atol=1e-5)


def test_several_outputs_go_to_one_npz_by_name(konnx: Any, golden: Golden, tmp_path: Path) -> None:
    model, arrays = golden("functional_two_outputs")
    x = saved(tmp_path / "x.npy", arrays["x_0"])
    assert konnx("run", model, "--input", x, "--output", tmp_path / "y.npz").code == 0
    with np.load(tmp_path / "y.npz") as found:
        np.testing.assert_allclose(found["value"], arrays["prediction_0"], atol=1e-5)
        np.testing.assert_allclose(found["kind"], arrays["prediction_1"], atol=1e-5)


def test_several_outputs_do_not_go_to_npy(
    konnx: Any, save_onnx: Callable[[str], Path], ones: Path, tmp_path: Path
) -> None:
    model = save_onnx(SUM_AND_MEAN)
    result = konnx("run", model, "--input", ones, "--output", tmp_path / "y.npy")
    assert (result.code, result.out) == (1, "")
    assert "2 outputs (file, mean), so --output must end in .npz" in result.err
    assert not (tmp_path / "y.npy").exists()


def test_without_output_it_shows_shapes_and_some_values(
    konnx: Any, save_onnx: Callable[[str], Path], ones: Path
) -> None:
    result = konnx("run", save_onnx(SUM_AND_MEAN), "--input", ones)
    assert result.out.splitlines() == [
        "file: float32 (4, 3)",
        "  [[2. 2. 2.]",
        "   [2. 2. 2.]",
        "   [2. 2. 2.]",
        "   [2. 2. 2.]]",
        "mean: float32 ()",
        "  1.",
    ]


def test_large_outputs_are_shown_in_few_lines(
    konnx: Any, save_onnx: Callable[[str], Path], tmp_path: Path
) -> None:
    model = save_onnx("g (float[N, C, H, W] x) => (float[N, C, H, W] y) { y = Neg(x) }")
    x = saved(tmp_path / "x.npy", np.zeros((50, 3, 20, 20), np.float32))
    assert len(konnx("run", model, "--input", x).out.splitlines()) < 12


@pytest.mark.parametrize("batch_size", [1, 3, 4, 100])
def test_batches_give_what_one_run_gives(
    konnx: Any, golden: Golden, tmp_path: Path, batch_size: int
) -> None:
    model, arrays = golden("functional_two_inputs")
    np.savez(tmp_path / "x.npz", extra=arrays["x_0"], image=arrays["x_1"])
    arguments = ["--input", tmp_path / "x.npz", "--output", tmp_path / "y.npy"]
    assert konnx("run", model, *arguments, "--batch-size", batch_size).code == 0
    np.testing.assert_allclose(np.load(tmp_path / "y.npy"), arrays["prediction_0"], atol=1e-5)


def test_no_samples_give_no_rows(konnx: Any, negation: Path, tmp_path: Path) -> None:
    x = saved(tmp_path / "x.npy", np.zeros((0, 3), np.float32))
    arguments = ["--input", x, "--output", tmp_path / "y.npy", "--batch-size", 2]
    assert konnx("run", negation, *arguments).err == ""
    assert np.load(tmp_path / "y.npy").shape == (0, 3)


def test_an_output_without_rows_cannot_be_put_together_from_batches(
    konnx: Any, save_onnx: Callable[[str], Path], ones: Path, tmp_path: Path
) -> None:
    arguments = ["--input", ones, "--output", tmp_path / "y.npz", "--batch-size", 2]
    result = konnx("run", save_onnx(SUM_AND_MEAN), *arguments)
    assert result.code == 1
    assert "Output 'mean' has no row for each sample" in result.err
    assert not (tmp_path / "y.npz").exists()


def test_an_input_with_a_default_may_be_left_out_or_given(
    konnx: Any, save_onnx: Callable[[str], Path], ones: Path, tmp_path: Path
) -> None:
    path = save_onnx("g (float[N, 3] x, float[1] b) => (float[N, 3] y) { y = Add(x, b) }")
    model = onnx.load(path)
    model.graph.initializer.append(onnx.numpy_helper.from_array(np.float32([10]), "b"))
    onnx.save(model, path)
    assert "[[11. 11. 11.]" in konnx("run", path, "--input", ones).out
    b = saved(tmp_path / "b.npy", np.float32([5]))
    result = konnx("run", path, "--input", ones, "--input", f"b={b}")
    assert "[[6. 6. 6.]" in result.out


def test_texts_go_in_and_out(konnx: Any, save_onnx: Callable[[str], Path], tmp_path: Path) -> None:
    model = save_onnx("g (string[N] x) => (string[N] y) { y = Identity(x) }")
    x = saved(tmp_path / "x.npy", np.array(["a", "bc"]))
    result = konnx("run", model, "--input", x, "--output", tmp_path / "y.npy")
    assert result.err == ""
    assert np.load(tmp_path / "y.npy").tolist() == ["a", "bc"]


def test_an_output_file_is_replaced_only_by_a_complete_one(
    konnx: Any, negation: Path, ones: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    y = saved(tmp_path / "y.npy", np.zeros(2))
    before = sorted(os.listdir(tmp_path))

    def fill_the_disk(stream: Any, *_: object, **__: object) -> None:
        stream.write(b"half of it")
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(np, "save", fill_the_disk)
        assert konnx("run", negation, "--input", ones, "--output", y).code == 1
    assert np.load(y).shape == (2,)
    assert sorted(os.listdir(tmp_path)) == before
    assert konnx("run", negation, "--input", ones, "--output", y).code == 0
    assert np.load(y).shape == (4, 3)


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (np.zeros((4, 2), np.float32), "expected float32 (N, 3). Received: float32 (4, 2)."),
        (np.zeros(3, np.float32), "If it is one sample, add the batch axis: x[None]."),
        (np.zeros((4, 3), np.complex64), "expected float32. Received: complex64 (4, 3)"),
        (np.array([["a", "b", "c"]]), "expected float32. Received: <U1 (1, 3)"),
    ],
)
def test_a_wrong_shape_or_dtype_names_the_input_and_the_file(
    konnx: Any, negation: Path, tmp_path: Path, array: Array, said: str
) -> None:
    x = saved(tmp_path / "x.npy", array)
    result = konnx("run", negation, "--input", x, "--output", tmp_path / "y.npy")
    assert (result.code, result.out) == (1, "")
    assert result.err.startswith(f"konnx: input 'x' from '{x}': ")
    assert said in result.err
    assert not (tmp_path / "y.npy").exists()


@pytest.mark.parametrize("device", ["gpu", "cuda:x", "CPU"])
def test_an_unknown_device_is_refused(konnx: Any, negation: Path, ones: Path, device: str) -> None:
    result = konnx("run", negation, "--input", ones, "--device", device)
    assert (result.code, f"Received: '{device}'" in result.err) == (1, True)


def test_an_operator_that_no_runtime_knows_is_named(
    konnx: Any, save_onnx: Callable[[str], Path], ones: Path, tmp_path: Path
) -> None:
    model = save_onnx("g (float[N, 3] x) => (float[N, 3] y) { y = other.Unheard(x) }")
    result = konnx("run", model, "--input", ones, "--output", tmp_path / "y.npy")
    assert (result.code, result.err.count("\n"), "Unheard" in result.err) == (1, 1, True)
    assert not (tmp_path / "y.npy").exists()


def test_a_folder_that_does_not_exist_is_named_before_anything_is_computed(
    konnx: Any, negation: Path, ones: Path, tmp_path: Path
) -> None:
    result = konnx("run", negation, "--input", ones, "--output", tmp_path / "no" / "y.npy")
    assert (result.code, "does not exist" in result.err) == (1, True)


def test_weights_beside_the_model_are_found_from_anywhere(
    konnx: Any, save_onnx: Callable[[str], Path], ones: Path, tmp_path: Path
) -> None:
    path = with_weights_beside(save_onnx, "weights.bin")
    result = konnx("run", path, "--input", ones)
    assert (result.err, "[[4. 4. 4.]" in result.out) == ("", True)


@pytest.mark.parametrize("location", ["../secret.bin", "absent.bin", "/etc/hostname"])
def test_weights_elsewhere_are_refused(
    konnx: Any, save_onnx: Callable[[str], Path], ones: Path, tmp_path: Path, location: str
) -> None:
    path = with_weights_beside(save_onnx, "weights.bin")
    (tmp_path.parent / "secret.bin").write_bytes(b"\0" * 12)
    model = onnx.load(path, load_external_data=False)
    model.graph.initializer[0].external_data[0].value = location
    path.write_bytes(model.SerializeToString())
    result = konnx("run", path, "--input", ones)
    assert (result.code, result.out) == (1, "")
    assert f"{path}: external data: the weights in '{location}' cannot be used" in result.err


def with_weights_beside(save_onnx: Callable[[str], Path], location: str) -> Path:
    path = save_onnx("g (float[N, 3] x) => (float[N, 3] y) { y = Add(x, b) }")
    model = onnx.load(path)
    model.graph.initializer.append(onnx.numpy_helper.from_array(np.full(3, 3, np.float32), "b"))
    onnx.save(model, path, save_as_external_data=True, location=location, size_threshold=0)
    return path


@pytest.mark.no_runtime
@pytest.mark.usefixtures("without_runtime")
def test_without_a_runtime_it_names_the_three_commands_that_install_one(
    konnx: Any, negation: Path, ones: Path, tmp_path: Path
) -> None:
    result = konnx("run", negation, "--input", ones, "--output", tmp_path / "y.npy")
    assert (result.code, result.out, result.err.count("\n")) == (1, "", 1)
    for extra in ("gpu", "cpu", "training"):
        assert f'pip install "konnx[{extra}]"' in result.err
    assert not (tmp_path / "y.npy").exists()


@pytest.mark.no_runtime
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "an empty file. Get the file again: it was not written to the end. It is no ONNX"),
        (b"some text", "Received: text. It is no ONNX model either."),
        (b"\x08\x08\x12\x05konnx", "perhaps an ONNX model"),
    ],
)
def test_a_file_that_is_no_model_is_refused(
    konnx: Any, tmp_path: Path, content: bytes, said: str
) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    result = konnx("run", path)
    assert (result.code, result.out, said in result.err) == (1, "", True)


@pytest.mark.no_runtime
def test_a_damaged_onnx_file_is_refused(konnx: Any, negation: Path) -> None:
    negation.write_bytes(negation.read_bytes()[:-10])
    result = konnx("run", negation)
    assert (result.code, "It is no ONNX model either" in result.err) == (1, True)
