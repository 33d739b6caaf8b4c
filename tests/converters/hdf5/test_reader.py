"""The reader finds the same content in every way in which Keras and other programs store it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from konnx.converters.errors import FileFormatError
from konnx.converters.hdf5 import KerasFile, read_hdf5

KERNEL = np.arange(12, dtype="float32").reshape(3, 4)
Change = Callable[[Any], None]


def kernel_of(content: KerasFile) -> Any:
    return content.layers[1].weights[0][1]


def test_a_whole_model_is_read_with_all_its_parts(keras_file: Path) -> None:
    content = read_hdf5(keras_file)
    assert content.kind == "model"
    assert content.model_config is not None
    assert content.model_config["class_name"] == "Sequential"
    assert content.training_config is not None
    assert content.training_config["loss"] == "mse"
    assert [layer.name for layer in content.layers] == ["input_1", "dense_1"]
    assert list(content.layers[0].weights) == []
    names = [name for name, _ in content.layers[1].weights]
    assert names == ["dense_1/kernel:0", "dense_1/bias:0"]
    np.testing.assert_array_equal(kernel_of(content), KERNEL)
    assert content.optimizer_weights is not None
    assert [name for name, _ in content.optimizer_weights] == ["SGD/iterations:0", "moment:0"]
    assert content.optimizer_weights[0][1].shape == ()
    assert content.optimizer_weights[0][1] == 7


def test_the_optimizer_state_can_be_left_unread(edited: Callable[[Change], Path]) -> None:
    def damage(file: Any) -> None:
        del file["optimizer_weights/moment:0"]

    path = edited(damage)
    assert read_hdf5(path, optimizer=False).optimizer_weights is None
    with pytest.raises(FileFormatError, match="moment:0"):
        read_hdf5(path)


def test_the_name_of_the_file_does_not_matter(keras_file: Path) -> None:
    path = keras_file.rename(keras_file.with_name("model.keras"))
    assert read_hdf5(path).kind == "model"
    assert read_hdf5(str(path)).kind == "model"


def test_versions_of_the_root_and_of_the_weights_are_told_apart(
    edited: Callable[[Change], Path],
) -> None:
    def change(file: Any) -> None:
        file.attrs["keras_version"] = b"1.2.2"
        file.attrs["backend"] = b"theano"
        del file["model_weights"].attrs["keras_version"]
        del file["model_weights"].attrs["backend"]

    content = read_hdf5(edited(change))
    assert (content.keras_version, content.backend) == (None, None)
    assert (content.root_keras_version, content.root_backend) == ("1.2.2", "theano")


def weights_at_root(file: Any) -> None:
    for name in ("model_config", "training_config"):
        del file.attrs[name]
    del file["optimizer_weights"]
    file.attrs["layer_names"] = [b"input_1", b"dense_1"]
    file.move("model_weights/input_1", "input_1")
    file.move("model_weights/dense_1", "dense_1")
    del file["model_weights"]


def model_weights_alone(file: Any) -> None:
    del file.attrs["model_config"]
    del file.attrs["training_config"]


@pytest.mark.parametrize("change", [weights_at_root, model_weights_alone])
def test_weights_alone_are_told_from_a_model(
    change: Change, edited: Callable[[Change], Path]
) -> None:
    content = read_hdf5(edited(change))
    assert content.kind == "weights"
    assert content.model_config is None
    assert content.keras_version == "2.1.6"
    np.testing.assert_array_equal(kernel_of(content), KERNEL)


def names_in_pieces(file: Any) -> None:
    group = file["model_weights"]
    del group.attrs["layer_names"]
    group.attrs["layer_names0"] = [b"input_1"]
    group.attrs["layer_names1"] = [b"dense_1"]
    del group["dense_1"].attrs["weight_names"]
    group["dense_1"].attrs["weight_names0"] = [b"dense_1/kernel:0"]
    group["dense_1"].attrs["weight_names1"] = [b"dense_1/bias:0"]


def texts_of_variable_length(file: Any) -> None:
    file["model_weights"].attrs["layer_names"] = ["input_1", "dense_1"]
    file["model_weights/dense_1"].attrs["weight_names"] = ["dense_1/kernel:0", "dense_1/bias:0"]
    file.attrs["model_config"] = '{"class_name": "Sequential"}'


def texts_of_fixed_length(file: Any) -> None:
    for name in ("keras_version", "backend", "model_config"):
        file.attrs[name] = np.bytes_(file.attrs[name].encode())
    file["model_weights"].attrs["keras_version"] = np.array([b"2.1.6"])


def empty_names_as_empty_texts(file: Any) -> None:
    file["model_weights/input_1"].attrs["weight_names"] = np.array([], "S1")


def empty_names_as_a_null_dataspace(file: Any) -> None:
    file["model_weights/input_1"].attrs["weight_names"] = h5py.Empty("f4")


def big_endian(file: Any) -> None:
    replace_kernel(file, data=KERNEL.astype(">f4"))


def gzip(file: Any) -> None:
    replace_kernel(file, data=KERNEL, compression="gzip", shuffle=True, fletcher32=True)


def lzf(file: Any) -> None:
    replace_kernel(file, data=KERNEL, compression="lzf", chunks=(2, 3))


def chunks_without_filters(file: Any) -> None:
    replace_kernel(file, data=KERNEL, chunks=(2, 3), maxshape=(None, None))


def hard_link(file: Any) -> None:
    file["elsewhere"] = file["model_weights/dense_1"]
    del file["model_weights/dense_1"]
    file["model_weights/dense_1"] = file["elsewhere"]


def replace_kernel(file: Any, **options: Any) -> None:
    group = file["model_weights/dense_1"]
    del group["dense_1/kernel:0"]
    group.create_dataset("dense_1/kernel:0", **options)


@pytest.mark.parametrize(
    "change",
    [
        names_in_pieces,
        texts_of_variable_length,
        texts_of_fixed_length,
        empty_names_as_empty_texts,
        empty_names_as_a_null_dataspace,
        big_endian,
        gzip,
        lzf,
        chunks_without_filters,
        hard_link,
    ],
)
def test_other_ways_to_store_the_same_give_the_same(
    change: Change, edited: Callable[[Change], Path]
) -> None:
    content = read_hdf5(edited(change))
    assert content.model_config is not None
    assert content.model_config["class_name"] == "Sequential"
    assert content.keras_version == "2.1.6"
    assert [layer.name for layer in content.layers] == ["input_1", "dense_1"]
    assert [name for name, _ in content.layers[1].weights] == ["dense_1/kernel:0", "dense_1/bias:0"]
    assert kernel_of(content).dtype == np.dtype("float32")
    np.testing.assert_array_equal(kernel_of(content), KERNEL)


@pytest.mark.parametrize("options", [{"libver": "latest"}, {"userblock_size": 1024}])
def test_other_forms_of_hdf5_are_read(
    options: dict[str, Any], make_file: Callable[..., Path]
) -> None:
    np.testing.assert_array_equal(kernel_of(read_hdf5(make_file(**options))), KERNEL)


@pytest.mark.parametrize(
    "dtype", ["float16", "float32", "float64", "int8", "int64", "uint8", "uint64", "bool"]
)
def test_weights_keep_their_type(dtype: str, edited: Callable[[Change], Path]) -> None:
    values = np.array([[0, 1], [1, 0]], dtype)
    array = kernel_of(read_hdf5(edited(lambda file: replace_kernel(file, data=values))))
    assert array.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(array, values)


def test_layer_names_may_hold_slashes_and_other_alphabets(
    edited: Callable[[Change], Path],
) -> None:
    def rename(file: Any) -> None:
        file["model_weights"].attrs["layer_names"] = ["block/größe".encode()]
        file.move("model_weights/dense_1", "model_weights/block/größe")

    assert read_hdf5(edited(rename)).layers[0].name == "block/größe"


def no_layer_group(file: Any) -> None:
    del file["model_weights/dense_1"]


def no_weight_names(file: Any) -> None:
    del file["model_weights/dense_1"].attrs["weight_names"]


def no_dataset(file: Any) -> None:
    del file["model_weights/dense_1/dense_1/bias:0"]


def no_layer_names(file: Any) -> None:
    del file["model_weights"].attrs["layer_names"]


def no_weights(file: Any) -> None:
    del file["model_weights"]


def layer_twice(file: Any) -> None:
    file["model_weights"].attrs["layer_names"] = [b"dense_1", b"dense_1"]


def weight_twice(file: Any) -> None:
    names = [b"dense_1/bias:0", b"dense_1/bias:0"]
    file["model_weights/dense_1"].attrs["weight_names"] = names


def dataset_as_layer(file: Any) -> None:
    no_layer_group(file)
    file["model_weights/dense_1"] = KERNEL


def group_as_weight(file: Any) -> None:
    no_dataset(file)
    file.create_group("model_weights/dense_1/dense_1/bias:0")


def type_as_weight(file: Any) -> None:
    no_dataset(file)
    file["model_weights/dense_1/dense_1/bias:0"] = np.dtype("float32")


def weight_below_a_weight(file: Any) -> None:
    file["model_weights/dense_1"].attrs["weight_names"] = [b"dense_1/bias:0/more"]


def numbers_as_names(file: Any) -> None:
    file["model_weights/dense_1"].attrs["weight_names"] = [1, 2]


def two_configs(file: Any) -> None:
    file.attrs["model_config"] = [b"{}", b"{}"]


def before_keras_1(file: Any) -> None:
    weights_at_root(file)
    del file.attrs["layer_names"]
    file.attrs["nb_layers"] = 2


def keras_3_weights(file: Any) -> None:
    weights_at_root(file)
    del file.attrs["layer_names"]
    file["layers/dense/vars/0"] = KERNEL


def something_else(file: Any) -> None:
    weights_at_root(file)
    del file.attrs["layer_names"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (no_layer_group, ["'layer_names' lists 'dense_1'", "no such group"]),
        (no_weight_names, ["layer 'dense_1'", "'weight_names' is missing"]),
        (no_dataset, ["layer 'dense_1'", "'dense_1/bias:0'", "no such dataset"]),
        (no_layer_names, ["'model_weights'", "'layer_names' is missing"]),
        (no_weights, ["model_config", "no group 'model_weights'"]),
        (layer_twice, ["lists 'dense_1' twice"]),
        (weight_twice, ["layer 'dense_1'", "lists 'dense_1/bias:0' twice"]),
        (dataset_as_layer, ["layer 'dense_1'", "not an HDF5 group"]),
        (group_as_weight, ["weight 'dense_1/bias:0'", "not an HDF5 dataset"]),
        (type_as_weight, ["weight 'dense_1/bias:0'", "not an HDF5 dataset"]),
        (weight_below_a_weight, ["'dense_1/bias:0/more'", "no such dataset"]),
        (numbers_as_names, ["layer 'dense_1'", "'weight_names' does not hold text"]),
        (two_configs, ["'model_config' holds 2 texts", "one text"]),
        (before_keras_1, ["counts 'layer_0'", "no such group"]),
        (keras_3_weights, ["only weights", "layout of Keras 3", "model.load_weights"]),
        (something_else, ["no Keras file", "'layer_names'"]),
    ],
)
def test_what_is_missing_or_wrong_is_named(
    change: Change, words: list[str], edited: Callable[[Change], Path]
) -> None:
    path = edited(change)
    with pytest.raises(FileFormatError) as caught:
        read_hdf5(path)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert [word for word in words if word not in message] == []


def test_a_file_that_is_not_there_is_no_format_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="absent"):
        read_hdf5(tmp_path / "absent.h5")
