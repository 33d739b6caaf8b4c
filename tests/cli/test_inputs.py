from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from konnx.cli.inputs import read_inputs
from konnx.cli.onnx_files import Value

pytestmark = pytest.mark.no_runtime

A = Value("a", "float32", (None, 2))
B = Value("b=c", "int64", ("batch",))
SCALE = Value("scale", "float32", (), optional=True)
ROWS = np.arange(6, dtype=np.float32).reshape(3, 2)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with one file of each kind."""
    np.save(tmp_path / "rows.npy", ROWS)
    np.save(tmp_path / "doubles.npy", np.asfortranarray(ROWS.astype(np.float64)))
    np.save(tmp_path / "numbers.npy", np.array([1, 2, 3], np.int32))
    np.save(tmp_path / "objects.npy", np.array([{}, []], dtype=object), allow_pickle=True)
    np.savez(tmp_path / "one.npz", anything=ROWS)
    np.savez(tmp_path / "named.npz", **{"a": ROWS, "b=c": np.array([1, 2, 3])})
    np.savez(tmp_path / "more.npz", a=ROWS, other=ROWS)
    np.savez(tmp_path / "none.npz")
    (tmp_path / "half.npy").write_bytes((tmp_path / "rows.npy").read_bytes()[:-4])
    (tmp_path / "half.npz").write_bytes((tmp_path / "named.npz").read_bytes()[:-4])
    with zipfile.ZipFile(tmp_path / "words.npz", "w") as container:
        container.writestr("readme.txt", "no array")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("arguments", "values", "names"),
    [
        (["rows.npy"], [A], ["a"]),
        (["a=rows.npy"], [A], ["a"]),
        (["one.npz"], [A], ["a"]),
        (["a=more.npz"], [A], ["a"]),
        (["rows.npy"], [A, SCALE], ["a"]),
        (["named.npz"], [A, B], ["a", "b=c"]),
        (["b=c=numbers.npy", "rows.npy"], [A, B], ["b=c", "a"]),
        (["b=c=numbers.npy", "one.npz"], [A, B], ["b=c", "a"]),
        ([], [], []),
    ],
)
def test_files_are_matched_with_inputs(
    arguments: list[str], values: list[Value], names: list[str]
) -> None:
    feeds = read_inputs(arguments, values)
    assert list(feeds) == names
    for name, array in feeds.items():
        np.testing.assert_array_equal(array, ROWS if name == "a" else [1, 2, 3])


@pytest.mark.usefixtures("folder")
def test_arrays_get_the_dtype_and_the_layout_that_the_model_needs() -> None:
    array = read_inputs(["doubles.npy"], [A])["a"]
    assert (array.dtype, array.flags.c_contiguous) == (np.float32, True)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("arguments", "values", "said"),
    [
        ([], [A, B], "No data for the inputs 'a', 'b=c'. Give each with --input NAME=FILE."),
        (["a=rows.npy"], [A, B], "No data for the inputs 'b=c'."),
        (["z=rows.npy"], [A], "no input 'z'. The model takes: 'a' float32 (?, 2)."),
        (["rows.npy"], [A, B], "'rows.npy' may be for any input. Say which with --input NAME=FILE"),
        (["rows.npy", "rows.npy"], [A], "All inputs are given already"),
        (["rows.npy"], [], "The model takes no input."),
        (["a=rows.npy", "a=rows.npy"], [A], "Input 'a' is given twice, also by 'rows.npy'."),
        (["a=rows.npy", "named.npz"], [A, B], "Input 'a' is given twice, also by 'named.npz'."),
        (["more.npz"], [A], "'more.npz' holds the arrays ['a', 'other']. The model takes: 'a'"),
        (["b=c=more.npz"], [A, B], "'more.npz' holds the arrays ['a', 'other']. Wanted: 'b=c'."),
        (["none.npz"], [A], "'none.npz' must hold arrays, as numpy.savez writes them."),
        (["words.npz"], [A], "cannot be read as arrays: 'readme.txt' is no array: "),
        (["half.npy"], [A], "'half.npy' cannot be read as an array: "),
        (["half.npz"], [A], "'half.npz' cannot be read as arrays: "),
        (["objects.npy"], [B], "'objects.npy' cannot be read as an array: it holds Python objects"),
    ],
)
def test_what_does_not_fit_is_refused(arguments: list[str], values: list[Value], said: str) -> None:
    with pytest.raises(ValueError) as refusal:
        read_inputs(arguments, values)
    assert said in str(refusal.value)


@pytest.mark.usefixtures("folder")
def test_a_file_that_is_absent_is_named() -> None:
    with pytest.raises(FileNotFoundError, match=r"absent\.npy"):
        read_inputs(["a=absent.npy"], [A])


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("dtype", ["sequence", "bfloat16x", "type 99"])
def test_an_input_that_no_file_can_give_is_named(dtype: str) -> None:
    with pytest.raises(TypeError, match="Input 'a' is of type"):
        read_inputs(["rows.npy"], [Value("a", dtype, None)])


@pytest.mark.parametrize("name", ["x.csv", "x.json"])
@pytest.mark.parametrize("content", [b"\xff\xfe1", b'"' + b"9" * 200_000], ids=["bytes", "long"])
def test_a_text_that_is_none_is_refused_by_the_name_of_its_file(
    name: str, content: bytes, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=name):
        read_inputs([str(tmp_path / name)], [A])


def test_nothing_in_a_pickled_array_is_run(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[Any, tuple[str, str]]:
            return (open, (str(tmp_path / "trap"), "w"))

    np.save(tmp_path / "x.npy", np.array([Trap()], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match="Python objects, which are never loaded"):
        read_inputs([str(tmp_path / "x.npy")], [A])
    assert not (tmp_path / "trap").exists()
