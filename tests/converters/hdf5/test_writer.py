"""The writer makes the layout of Keras 2.1, the same bytes for the same content, or nothing."""

from __future__ import annotations

import dataclasses
import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from konnx.converters.hdf5 import KerasFile, LayerWeights, read_hdf5, write_hdf5
from konnx.converters.hdf5.writer import _Sink

KERNEL = np.arange(12, dtype="float32").reshape(3, 4)
CONFIG = {"class_name": "Sequential", "config": [{"class_name": "Dense", "config": {"units": 4}}]}
DENSE = LayerWeights(
    "dense_1", [("dense_1/kernel:0", KERNEL), ("dense_1/bias:0", np.ones(4, "float32"))]
)
MODEL = KerasFile(
    "model",
    [LayerWeights("input_1"), DENSE],
    model_config=CONFIG,
    training_config={"loss": "mse"},
    keras_version="2.1.6",
    backend="tensorflow",
    optimizer_weights=[("SGD/iterations:0", np.array(7)), ("moment:0", np.zeros((3, 4)))],
)
WEIGHTS = KerasFile("weights", [DENSE], keras_version="2.1.6", backend="tensorflow")


def one_layer(*weights: tuple[str, Any]) -> KerasFile:
    return KerasFile("weights", [LayerWeights("layer", weights)])


def same(first: Any, second: Any) -> None:
    """Compare all fields, arrays by type and value."""
    for field in dataclasses.fields(KerasFile):
        if field.name not in ("layers", "optimizer_weights"):
            assert getattr(first, field.name) == getattr(second, field.name), field.name
    assert [layer.name for layer in first.layers] == [layer.name for layer in second.layers]
    pairs = [
        (a, b)
        for x, y in zip(first.layers, second.layers, strict=True)
        for a, b in zip(x.weights, y.weights, strict=True)
    ]
    pairs += zip(first.optimizer_weights or (), second.optimizer_weights or (), strict=True)
    for (name, array), (other_name, other) in pairs:
        assert name == other_name
        assert np.asarray(array).dtype == other.dtype
        np.testing.assert_array_equal(array, other)


@pytest.mark.parametrize(
    "content",
    [
        dataclasses.replace(MODEL, root_keras_version="2.1.6", root_backend="tensorflow"),
        dataclasses.replace(MODEL, root_keras_version="1.2", root_backend="theano"),
        dataclasses.replace(
            WEIGHTS, root_keras_version="2.1.6", root_backend="tensorflow", layers=[]
        ),
        dataclasses.replace(WEIGHTS, root_keras_version="2.1.6", root_backend="tensorflow"),
        KerasFile("weights", [LayerWeights("a/b", [("c", KERNEL)]), LayerWeights("a")]),
        KerasFile("weights", [LayerWeights("größe", [("größe/x", KERNEL)])]),
    ],
)
def test_what_is_written_is_read_again(content: KerasFile, tmp_path: Path) -> None:
    path = tmp_path / "file.h5"
    write_hdf5(path, content)
    same(content, read_hdf5(path))


@pytest.mark.parametrize(
    "array",
    [
        np.float32(3.5),
        np.int64(-1),
        np.zeros((0, 4), "float32"),
        np.array([True, False]),
        np.array([1.5, np.nan, -np.inf], "float16"),
        np.arange(4, dtype="uint8"),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.arange(12.0)[::2],
    ],
)
def test_every_kind_of_array_comes_back(array: Any, tmp_path: Path) -> None:
    path = tmp_path / "file.h5"
    write_hdf5(path, one_layer(("w", array)))
    back = read_hdf5(path).layers[0].weights[0][1]
    assert (back.dtype, back.shape) == (array.dtype, array.shape)
    np.testing.assert_array_equal(back, array)


def test_big_endian_arrays_keep_their_values(tmp_path: Path) -> None:
    write_hdf5(tmp_path / "file.h5", one_layer(("w", KERNEL.astype(">f4"))))
    np.testing.assert_array_equal(read_hdf5(tmp_path / "file.h5").layers[0].weights[0][1], KERNEL)


def is_variable_text(file: Any, name: str) -> bool:
    stored = file.attrs.get_id(name)
    return bool(stored.shape == () and stored.get_type().is_variable_str())


def test_a_model_has_the_layout_of_keras(tmp_path: Path) -> None:
    path = tmp_path / "model.h5"
    write_hdf5(path, MODEL)
    with h5py.File(path) as file:
        texts = ["keras_version", "backend", "model_config", "training_config"]
        assert sorted(file.attrs) == sorted(texts)
        assert [name for name in texts if not is_variable_text(file, name)] == []
        assert file.attrs["keras_version"] == "2.1.6"
        assert file.attrs["backend"] == "tensorflow"
        assert json.loads(file.attrs["model_config"]) == CONFIG
        assert sorted(file) == ["model_weights", "optimizer_weights"]
        weights = file["model_weights"]
        assert sorted(weights.attrs) == ["backend", "keras_version", "layer_names"]
        assert weights.attrs["layer_names"].dtype == np.dtype("S7")
        assert list(weights.attrs["layer_names"]) == [b"input_1", b"dense_1"]
        assert weights["input_1"].attrs["weight_names"].dtype == np.dtype("float64")
        assert list(weights["dense_1"].attrs["weight_names"]) == [
            b"dense_1/kernel:0",
            b"dense_1/bias:0",
        ]
        kernel = weights["dense_1/dense_1/kernel:0"]
        assert kernel.id.get_create_plist().get_layout() == h5py.h5d.CONTIGUOUS
        assert kernel.dtype == np.dtype("float32")
        assert file["optimizer_weights/SGD/iterations:0"].shape == ()


def test_weights_alone_stand_at_the_root(tmp_path: Path) -> None:
    path = tmp_path / "weights.h5"
    write_hdf5(path, WEIGHTS)
    with h5py.File(path) as file:
        assert sorted(file.attrs) == ["backend", "keras_version", "layer_names"]
        assert sorted(file) == ["dense_1"]


@pytest.mark.parametrize(("state", "present"), [(None, False), ([], False), ([("i", 1)], True)])
def test_an_empty_optimizer_state_is_left_out(state: Any, present: bool, tmp_path: Path) -> None:
    path = tmp_path / "model.h5"
    write_hdf5(path, dataclasses.replace(MODEL, optimizer_weights=state))
    with h5py.File(path) as file:
        assert ("optimizer_weights" in file) is present


def test_long_lists_of_names_are_stored_in_pieces(tmp_path: Path) -> None:
    names = [f"{'n' * 300}_{index}" for index in range(1000)]
    layers = [LayerWeights(name) for name in names[:500]]
    layers.append(LayerWeights("many", [(name, np.ones((), "float32")) for name in names]))
    path = tmp_path / "weights.h5"
    write_hdf5(path, KerasFile("weights", layers))
    with h5py.File(path) as file:
        assert "layer_names" not in file.attrs
        pieces = [file.attrs[f"layer_names{index}"] for index in range(3)]
        assert max(piece.nbytes for piece in pieces) <= 64512
        assert "weight_names0" in file["many"].attrs
    content = read_hdf5(path)
    assert [layer.name for layer in content.layers] == [layer.name for layer in layers]
    assert [name for name, _ in content.layers[-1].weights] == names


def test_pieces_fit_even_where_the_names_do_not_divide_evenly(tmp_path: Path) -> None:
    names = [f"{'n' * 4094}{index:02}" for index in range(31)]
    path = tmp_path / "weights.h5"
    write_hdf5(path, KerasFile("weights", [LayerWeights(name) for name in names]))
    assert [layer.name for layer in read_hdf5(path).layers] == names


def test_hdf5_can_read_back_what_it_has_written(tmp_path: Path) -> None:
    path = tmp_path / "file.h5"
    path.touch()
    with _Sink(path) as sink:
        assert sink.write(b"0123456789") == 10
        assert sink.truncate(8) == 8
        assert sink.seek(2) == 2
        back = bytearray(4)
        assert sink.readinto(back) == 4
    assert bytes(back) == b"2345"
    assert path.read_bytes() == b"01234567"


def test_equal_content_gives_equal_bytes(tmp_path: Path) -> None:
    first, second = tmp_path / "first.h5", tmp_path / "second.h5"
    write_hdf5(first, MODEL)
    write_hdf5(second, read_hdf5(first))
    assert first.read_bytes() == second.read_bytes()


def test_no_time_of_writing_is_stored(tmp_path: Path) -> None:
    begin = int(time.time())
    write_hdf5(tmp_path / "ours.h5", MODEL)
    with h5py.File(tmp_path / "timed.h5", "w") as file:
        file.create_dataset("w", data=KERNEL, track_times=True)
    # A modification time: version, padding, seconds.
    seconds = range(begin, int(time.time()) + 1)
    times = [b"\x01\0\0\0" + second.to_bytes(4, "little") for second in seconds]
    timed, ours = (tmp_path / "timed.h5").read_bytes(), (tmp_path / "ours.h5").read_bytes()
    assert any(text in timed for text in times)
    assert not any(text in ours for text in times)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (KerasFile("model", [DENSE]), ["model_config"]),
        (dataclasses.replace(MODEL, model_config={"a": {1}}), ["`model_config`", "JSON"]),
        (dataclasses.replace(MODEL, training_config={"a": KERNEL}), ["`training_config`", "JSON"]),
        (KerasFile("weights", [DENSE, DENSE]), ["layer 'dense_1'", "used twice"]),
        (one_layer(("w", KERNEL), ("w", KERNEL)), ["weight 'w'", "used twice"]),
        (one_layer(("w", KERNEL), ("w/x", KERNEL)), ["weight 'w/x'", "leads through"]),
        (one_layer(("../w", KERNEL)), ["layer 'layer', weight '../w'", "'..'"]),
        (one_layer(("", KERNEL)), ["weight ''", "cannot be stored"]),
        (KerasFile("weights", [LayerWeights("a\nb")]), ["cannot be printed"]),
        (one_layer(("w", np.array([None]))), ["weight 'w'", "dtype=object"]),
        (one_layer(("w", np.array(["a"]))), ["weight 'w'", "dtype=<U1"]),
        (one_layer(("w", KERNEL.astype("complex64"))), ["dtype=complex64"]),
        (
            KerasFile("weights", [LayerWeights("a", [("b", KERNEL)]), LayerWeights("a/b")]),
            ["layer 'a", "used twice"],
        ),
        (
            dataclasses.replace(MODEL, optimizer_weights=[("m", KERNEL), ("m", KERNEL)]),
            ["optimizer weight 'm'", "used twice"],
        ),
    ],
)
def test_content_that_cannot_be_stored_is_refused_before_writing(
    content: KerasFile, words: list[str], tmp_path: Path
) -> None:
    with pytest.raises(ValueError) as caught:
        write_hdf5(tmp_path / "file.h5", content)
    assert [word for word in words if word not in str(caught.value)] == []
    assert list(tmp_path.iterdir()) == []


def test_an_existing_file_is_replaced_only_if_allowed(tmp_path: Path) -> None:
    path = tmp_path / "file.h5"
    write_hdf5(path, MODEL)
    with pytest.raises(FileExistsError, match="overwrite=True"):
        write_hdf5(path, WEIGHTS, overwrite=False)
    assert read_hdf5(path).kind == "model"
    write_hdf5(path, WEIGHTS)
    assert read_hdf5(path).kind == "weights"


@pytest.fixture
def file_size_limit() -> Iterator[Callable[[int], None]]:
    """Let no file grow beyond a size, as on a full disk."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def limit(size: int) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))

    yield limit
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def open_files() -> int:
    folder = Path("/proc/self/fd")
    return len(list(folder.iterdir())) if folder.exists() else 0


@pytest.mark.parametrize("size", [0, 50, 3000, 150_000, 205_000])
def test_a_full_disk_leaves_what_was_there(
    size: int, file_size_limit: Callable[[int], None], tmp_path: Path
) -> None:
    path = tmp_path / "file.h5"
    write_hdf5(path, WEIGHTS)
    before, opened = path.read_bytes(), open_files()
    large = one_layer(*((f"w{index}", np.ones(5000, "float32")) for index in range(10)))
    file_size_limit(size)
    with pytest.raises(OSError, match=r"Cannot write '.*file\.h5'"):
        write_hdf5(path, large)
    file_size_limit(10_000_000)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["file.h5"]
    assert open_files() == opened
    write_hdf5(path, large)
    assert len(read_hdf5(path).layers[0].weights) == 10


def fail_with(error: BaseException) -> Callable[..., None]:
    def fail(*_: object, **__: object) -> None:
        raise error

    return fail


def test_what_a_full_disk_leads_to_is_not_what_is_reported(
    file_size_limit: Callable[[int], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(h5py.Group, "create_dataset", fail_with(RuntimeError("consequence")))
    file_size_limit(0)
    with pytest.raises(OSError, match=r"Cannot write '.*file\.h5'"):
        write_hdf5(tmp_path / "file.h5", MODEL)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("error", [KeyboardInterrupt(), RuntimeError("no memory")])
def test_an_interruption_leaves_what_was_there(
    error: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file.h5"
    write_hdf5(path, WEIGHTS)
    before = path.read_bytes()
    monkeypatch.setattr(h5py.Group, "create_dataset", fail_with(error))
    with pytest.raises(type(error)):
        write_hdf5(path, MODEL)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["file.h5"]
