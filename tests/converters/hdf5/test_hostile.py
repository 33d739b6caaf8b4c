"""Files made to attack the reader are refused: none reaches out, none exhausts memory."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from konnx.converters.errors import FileFormatError
from konnx.converters.hdf5 import ReadLimits, read_hdf5

KERNEL = np.arange(12, dtype="float32").reshape(3, 4)
LAYER = "model_weights/dense_1"
WEIGHT = f"{LAYER}/dense_1/kernel:0"
Change = Callable[[Any], None]
Edit = Callable[[Change], Path]


def refusal(path: Path, **limits: int) -> str:
    with pytest.raises(FileFormatError) as caught:
        read_hdf5(path, limits=ReadLimits(**limits))
    message = str(caught.value)
    assert message.isprintable()
    return message


def link(path: str, target: Any) -> Change:
    def change(file: Any) -> None:
        file.move(path, "aside")
        file[path] = target

    return change


@pytest.mark.parametrize("path", ["model_weights", LAYER, f"{LAYER}/dense_1", WEIGHT])
@pytest.mark.parametrize(
    "target", [h5py.SoftLink("/aside"), h5py.ExternalLink("other.h5", "/aside")]
)
def test_links_are_refused_at_every_step(path: str, target: Any, edited: Edit) -> None:
    message = refusal(edited(link(path, target)))
    assert "soft or external link" in message


def test_a_linked_optimizer_state_is_refused(edited: Edit) -> None:
    change = link("optimizer_weights", h5py.ExternalLink("/etc/passwd", "/"))
    message = refusal(edited(change))
    assert "'optimizer_weights' is a soft or external link" in message


def replaced(make: Callable[[Any, str], Any]) -> Change:
    def change(file: Any) -> None:
        del file[WEIGHT]
        make(file, WEIGHT)

    return change


def created(**options: Any) -> Change:
    return replaced(lambda file, name: file.create_dataset(name, **options))


def virtual(file: Any, name: str) -> None:
    layout = h5py.VirtualLayout((3, 4), "float32")
    layout[:] = h5py.VirtualSource("other.h5", "secret", (3, 4))
    file.create_virtual_dataset(name, layout)


def test_a_virtual_dataset_is_refused_and_its_source_not_read(edited: Edit, tmp_path: Path) -> None:
    with h5py.File(tmp_path / "other.h5", "w") as other:
        other["secret"] = KERNEL
    assert "virtual dataset" in refusal(edited(replaced(virtual)))


def test_data_in_another_file_is_refused(edited: Edit, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_bytes(b"s" * 48)
    outside = [(str(secret), 0, 48)]
    message = refusal(edited(created(shape=(12,), dtype="float32", external=outside)))
    assert "lies in another file" in message


VARIABLE = h5py.vlen_dtype(np.dtype("float32"))
COLORS = h5py.enum_dtype({"RED": 0, "BLUE": 1})


@pytest.mark.parametrize(
    "options",
    [
        {"shape": (3,), "dtype": h5py.string_dtype()},
        {"data": np.array([b"pickle"])},
        {"shape": (3,), "dtype": VARIABLE},
        {"shape": (3,), "dtype": h5py.ref_dtype},
        {"shape": (3,), "dtype": COLORS},
        {"shape": (3,), "dtype": np.dtype([("a", "float32")])},
        {"shape": (3,), "dtype": np.dtype("complex64")},
        {"shape": (3,), "dtype": np.dtype((np.float32, (2,)))},
        {"data": np.array([b"ab"], "V3")},
    ],
    ids=["text", "bytes", "vlen", "reference", "enum", "compound", "complex", "array", "opaque"],
)
def test_only_numbers_are_weights(options: dict[str, Any], edited: Edit) -> None:
    message = refusal(edited(created(**options)))
    assert "weight 'dense_1/kernel:0'" in message
    assert "type that no weight has" in message


def test_a_dataset_without_data_is_refused(edited: Edit) -> None:
    assert "no data" in refusal(edited(created(data=h5py.Empty("float32"))))


HUGE = (1 << 20, 1 << 20)  # 4 TiB of float32


@pytest.mark.parametrize(
    "options",
    [
        {"shape": HUGE},
        {"shape": HUGE, "chunks": (1 << 10, 1 << 10)},
        {"shape": HUGE, "chunks": (1 << 10, 1 << 10), "compression": "gzip"},
        {"shape": (1 << 40, 1 << 30, 1 << 20), "chunks": (1, 1, 1)},
    ],
    ids=["contiguous", "chunked", "compressed", "overflowing"],
)
def test_a_shape_that_the_file_cannot_fill_is_refused(
    options: dict[str, Any], edited: Edit
) -> None:
    message = refusal(edited(created(dtype="float32", **options)))
    assert "bytes in memory" in message


@pytest.mark.parametrize("options", [{}, {"chunks": (16, 16), "compression": "gzip"}])
def test_data_that_was_never_stored_is_refused(options: dict[str, Any], edited: Edit) -> None:
    message = refusal(edited(created(shape=(64, 64), dtype="float32", **options)))
    assert "16384 bytes declared, 0 stored" in message


def test_compression_cannot_exceed_the_budget(edited: Edit) -> None:
    path = edited(created(data=np.zeros((512, 512), "float32"), compression="gzip"))
    assert read_hdf5(path).layers[1].weights[0][1].nbytes == 1 << 20
    message = refusal(path, total_bytes=500_000)
    assert "at most 500000 bytes" in message
    assert "ReadLimits(total_bytes=...)" in message


def test_many_names_for_one_dataset_cannot_exceed_the_budget(edited: Edit) -> None:
    def change(file: Any) -> None:
        names = [f"copy_{index}" for index in range(50)]
        file[LAYER].attrs["weight_names"] = [name.encode() for name in names]
        for name in names:
            file[LAYER][name] = file[WEIGHT]

    path = edited(change)
    assert len(read_hdf5(path).layers[1].weights) == 50
    assert "bytes in memory" in refusal(path, total_bytes=2500)


def test_a_chunk_that_inflates_beyond_its_size_is_refused(edited: Edit) -> None:
    def change(file: Any) -> None:
        del file[WEIGHT]
        dataset = file.create_dataset(WEIGHT, (3, 4), "float32", chunks=(3, 4), compression="gzip")
        dataset.id.write_direct_chunk((0, 0), zlib.compress(bytes(20_000_000)))

    assert "expands to more than its size" in refusal(edited(change))


def test_a_compressed_chunk_that_is_no_deflate_data_is_refused(edited: Edit) -> None:
    def change(file: Any) -> None:
        del file[WEIGHT]
        dataset = file.create_dataset(WEIGHT, (3, 4), "float32", chunks=(3, 4), compression="gzip")
        dataset.id.write_direct_chunk((0, 0), b"this is not it")

    assert "compressed data is damaged" in refusal(edited(change))


def test_a_chunk_larger_than_what_it_stands_for_is_refused(edited: Edit) -> None:
    def change(file: Any) -> None:
        del file[WEIGHT]
        dataset = file.create_dataset(WEIGHT, (3, 4), "float32", chunks=(3, 4), compression="lzf")
        dataset.id.write_direct_chunk((0, 0), bytes(200_000))

    assert "larger than the data that it stands for" in refusal(edited(change))


def test_chunks_far_larger_than_the_data_are_refused(edited: Edit) -> None:
    data = np.zeros(4, "float32")
    change = created(data=data, maxshape=(None,), chunks=(5 << 20,), compression="gzip")
    assert "chunks are larger than the data" in refusal(edited(change))


def test_the_number_of_chunks_is_bounded(edited: Edit) -> None:
    path = edited(created(data=KERNEL, chunks=(1, 1), compression="gzip"))
    np.testing.assert_array_equal(read_hdf5(path).layers[1].weights[0][1], KERNEL)
    assert "ReadLimits(chunks=...)" in refusal(path, chunks=5)


def filtered(*filters: int) -> Change:
    """Declare filters; nothing needs to be stored, as they are checked first."""

    def change(file: Any) -> None:
        del file[WEIGHT]
        properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        properties.set_chunk((3, 4))
        for number in filters:
            properties.set_filter(number, h5py.h5z.FLAG_OPTIONAL, (4,))
        space = h5py.h5s.create_simple((3, 4))
        group = file[f"{LAYER}/dense_1"].id
        h5py.h5d.create(group, b"kernel:0", h5py.h5t.NATIVE_FLOAT, space, properties)

    return change


@pytest.mark.parametrize(
    "filters",
    [
        (32001,),
        (h5py.h5z.FILTER_NBIT,),
        (h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_DEFLATE),
        (h5py.h5z.FILTER_LZF, h5py.h5z.FILTER_DEFLATE),
        (h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_SHUFFLE),
    ],
    ids=["plug-in", "n-bit", "gzip twice", "gzip on LZF", "shuffled gzip"],
)
def test_other_filters_are_refused(filters: tuple[int, ...], edited: Edit) -> None:
    message = refusal(edited(filtered(*filters)))
    assert "filters that are not allowed" in message
    assert "h5repack" in message


def named(*names: bytes) -> Change:
    def change(file: Any) -> None:
        file[LAYER].attrs["weight_names"] = np.array(names)

    return change


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (b"../../optimizer_weights/moment:0", "'..'"),
        (b"/optimizer_weights/moment:0", "path step ''"),
        (b"dense_1//kernel:0", "path step ''"),
        (b"./dense_1", "'.'"),
        (b"", "path step ''"),
        (b"\x1b[31mkernel", "cannot be printed"),
        ("\u202elenrek".encode(), "cannot be printed"),
        (b"a\nb", "cannot be printed"),
        (b"k" * 5000, "longer than 4096 bytes"),
        (b"/".join([b"k"] * 100), "32 path steps"),
        (b"\xff\xfe", "not UTF-8"),
    ],
)
def test_unsound_names_are_refused(name: bytes, words: str, edited: Edit) -> None:
    message = refusal(edited(named(name)))
    assert "layer 'dense_1'" in message
    assert words in message


def test_a_layer_cannot_be_named_like_a_path_upwards(edited: Edit) -> None:
    def change(file: Any) -> None:
        file["model_weights"].attrs["layer_names"] = [b".."]

    assert "unsound name '..'" in refusal(edited(change))


def test_the_number_of_names_is_bounded_over_all_layers(edited: Edit) -> None:
    message = refusal(edited(lambda file: None), names=3)
    assert "4 layers and weights" in message
    assert "ReadLimits(names=...)" in message


def test_a_list_of_one_text_many_times_is_bounded(edited: Edit) -> None:
    def change(file: Any) -> None:
        file["padding"] = np.zeros(8)
        file.attrs["model_config"] = b'{"a": "' + b"x" * 1_000_000 + b'"}'
        file[LAYER].attrs["weight_names"] = [f"w{index}" for index in range(1000)]

    message = refusal(edited(change))
    assert "attribute 'weight_names'" in message
    assert "bytes in memory" in message


def test_a_group_that_holds_itself_ends_the_walk(edited: Edit) -> None:
    def change(file: Any) -> None:
        file[f"{LAYER}/loop"] = file[LAYER]
        file[LAYER].attrs["weight_names"] = [b"/".join([b"loop"] * 20)]

    assert "not an HDF5 dataset" in refusal(edited(change))


def configured(text: bytes) -> Change:
    def change(file: Any) -> None:
        file.attrs["model_config"] = text

    return change


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"", "not valid JSON"),
        (b"{", "not valid JSON"),
        (b'{"a": 1', "not valid JSON"),
        (b"[1, 2]", "not an object"),
        (b"null", "not an object"),
        (b'{"a": ' + b"[" * 300 + b"]" * 300 + b"}", "nests too deep"),
        (b"[" * 1_000_000, "nests too deep"),
        (b'{"a":' * 100_000, "nests too deep"),
        (b'{"a": ' + b"9" * 10_000 + b"}", "not valid JSON"),
        (b'{"a": "\\ud800"}', "broken character"),
        (b'{"\\udfff": 1}', "broken character"),
        (b'{"a": "\xff"}', "not UTF-8"),
    ],
)
def test_hostile_json_is_refused(text: bytes, words: str, edited: Edit) -> None:
    message = refusal(edited(configured(text)))
    assert "model_config" in message
    assert words in message


def test_the_length_of_json_is_bounded(edited: Edit) -> None:
    path = edited(configured(json.dumps({"a": "b" * 1000}).encode()))
    assert read_hdf5(path).model_config == {"a": "b" * 1000}
    assert "1009 characters" in refusal(path, json_bytes=1000)


def test_a_training_config_is_checked_as_well(edited: Edit) -> None:
    def change(file: Any) -> None:
        file.attrs["training_config"] = b"!"

    assert "'training_config'" in refusal(edited(change))


def test_json_may_hold_pairs_of_surrogates(edited: Edit) -> None:
    path = edited(configured(b'{"a": "\\ud83d\\ude00"}'))
    assert read_hdf5(path).model_config == {"a": "\U0001f600"}
