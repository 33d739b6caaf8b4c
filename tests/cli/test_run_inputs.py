from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

Array = np.ndarray[Any, Any]

TWO = """
two (float[N, 3] x, int64[N, 2] i) => (float[N, 3] y, int64[N, 2] j) {
    y = Identity(x)
    j = Identity(i)
}
"""


@pytest.fixture
def outputs(
    konnx: Any, save_onnx: Callable[[str], Path], tmp_path: Path
) -> Callable[..., dict[str, Array]]:
    """Run the model that gives back its two inputs, and return them."""
    model = save_onnx(TWO)

    def run(*arguments: object) -> dict[str, Array]:
        result = konnx("run", model, *arguments, "--output", tmp_path / "y.npz")
        assert (result.code, result.err) == (0, "")
        with np.load(tmp_path / "y.npz") as arrays:
            return dict(arrays)

    return run


def test_random_inputs_are_the_same_for_the_same_seed(
    outputs: Callable[..., dict[str, Array]],
) -> None:
    first, second = (outputs("--input", "random:3") for _ in range(2))
    other = outputs("--input", "random:4")
    assert first["y"].shape == (1, 3)
    assert first["j"].shape == (1, 2)
    np.testing.assert_array_equal(first["y"], second["y"])
    assert not np.array_equal(first["y"], other["y"])


def test_the_shape_of_a_random_input_can_be_given(
    outputs: Callable[..., dict[str, Array]],
) -> None:
    found = outputs("--input", "random", "--input-shape", "x:5,3", "--input-shape", "i:5,2")
    assert (found["y"].shape, found["j"].shape) == ((5, 3), (5, 2))


def test_json_gives_inputs_by_name_or_one(
    outputs: Callable[..., dict[str, Array]], tmp_path: Path
) -> None:
    both, one = tmp_path / "both.json", tmp_path / "one.json"
    both.write_text(json.dumps({"x": [[1, 2, 3]], "i": [[4, 5]]}))
    one.write_text("[[1.5, 2, 3]]")
    np.testing.assert_array_equal(outputs("--input", both)["y"], [[1, 2, 3]])
    np.testing.assert_array_equal(outputs("--input", both)["j"], [[4, 5]])
    found = outputs("--input", f"x={one}", "--input", "i=random")
    np.testing.assert_array_equal(found["y"], [[1.5, 2, 3]])


@pytest.mark.parametrize("head", ["", "a,b,c\n"])
def test_csv_gives_a_sample_for_each_line_after_the_names(
    outputs: Callable[..., dict[str, Array]], tmp_path: Path, head: str
) -> None:
    table = tmp_path / "x.csv"
    table.write_text(f"{head}1,2,3\n4,5,6.5\n")
    shape = ("--input-shape", "i:2,2")
    found = outputs("--input", f"x={table}", "--input", "i=random:1", *shape)
    np.testing.assert_array_equal(found["y"], [[1, 2, 3], [4, 5, 6.5]])


def test_csv_rows_are_put_into_the_shape_of_a_sample(
    konnx: Any, save_onnx: Callable[[str], Path], tmp_path: Path
) -> None:
    model = save_onnx("m (float[N, 2, 2] x) => (float[N, 2, 2] y) { y = Neg(x) }")
    (tmp_path / "x.csv").write_text("1,2,3,4\n")
    konnx("run", model, "--input", tmp_path / "x.csv", "--output", tmp_path / "y.npy")
    np.testing.assert_array_equal(np.load(tmp_path / "y.npy"), [[[-1, -2], [-3, -4]]])


BAD = {
    "x.json": ("{", "cannot be read as JSON"),
    "y.json": ("[[1, 2], [3]]", "lists of equal lengths"),
    "z.json": ('"text"', "nested lists"),
    "o.json": ('[{"a": 1}]', "nested lists"),
    "x.csv": ("1,2,3\n4,5\n", "equally many numbers"),
    "y.csv": ("1,2,3\n4,5,six\n", "equally many numbers"),
}


@pytest.mark.parametrize("name", BAD)
def test_texts_that_hold_no_arrays_are_refused(
    konnx: Any, save_onnx: Callable[[str], Path], tmp_path: Path, name: str
) -> None:
    text, reason = BAD[name]
    (tmp_path / name).write_text(text)
    model = save_onnx("m (float[N, 3] x) => (float[N, 3] y) { y = Neg(x) }")
    result = konnx("run", model, "--input", tmp_path / name)
    assert (result.code, reason in result.err) == (1, True), result.err


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--input", "random:x"], "needs a whole number"),
        (["--input", "random", "--input-shape", "x:2,4"], "takes float32 (N, 3)"),
        (["--input", "random", "--input-shape", "2,4"], "may be for any input"),
    ],
)
def test_random_inputs_that_cannot_be_made_say_why(
    konnx: Any, save_onnx: Callable[[str], Path], arguments: list[str], reason: str
) -> None:
    result = konnx("run", save_onnx(TWO), *arguments)
    assert (result.code, reason in result.err) == (1, True), result.err


# What the model carries -----------------------------------------------------------------------


@pytest.fixture
def classifier(konnx: Any, tmp_path: Path) -> Path:
    """A model that gives the mean of each colour, with labels and a preprocessing."""
    from konnx.layers import GlobalAveragePooling2D
    from konnx.models import Sequential

    model = Sequential([GlobalAveragePooling2D(input_shape=(2, 2, 3))])
    path = tmp_path / "colours.onnx"
    model.export(path, labels=["rot", "grün", "blau"], preprocessing="caffe")
    return path


def test_images_are_prepared_and_classes_named_as_the_model_says(
    konnx: Any, classifier: Path, tmp_path: Path
) -> None:
    image = pytest.importorskip("PIL.Image")
    pixels = np.full((2, 2, 3), (200, 100, 50), np.uint8)
    image.fromarray(pixels).save(tmp_path / "x.png")
    result = konnx("run", classifier, "--input", tmp_path / "x.png", "--top", 2)
    assert (result.code, result.err) == (0, "")
    # 200 - 123.68 in red, which is the last channel there, and 50 - 103.939 in blue
    assert result.out.splitlines()[-1] == "  sample 0: blau 76.32, grün -16.78"


def test_a_scale_of_the_caller_takes_the_place_of_the_models_preprocessing(
    konnx: Any, classifier: Path, tmp_path: Path
) -> None:
    image = pytest.importorskip("PIL.Image")
    image.new("RGB", (2, 2), (200, 100, 50)).save(tmp_path / "x.png")
    result = konnx("run", classifier, "--input", tmp_path / "x.png", "--scale", 0.01, "--top", 1)
    assert result.out.splitlines()[-1] == "  sample 0: rot 2"


def test_metadata_that_makes_no_sense_is_named(konnx: Any, classifier: Path) -> None:
    model = onnx.load(classifier)
    onnx.helper.set_model_props(model, {"preprocessing": "[", "labels": "{"})
    onnx.save(model, classifier)
    result = konnx("run", classifier, "--input", "random")
    assert (result.code, "'preprocessing' cannot be understood" in result.err) == (1, True)
    assert konnx("run", classifier, "--input", "random", "--scale", 1).code == 0
