"""A damaged file is an error of its own class, wherever the damage is; never a crash or a hang."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from konnx.converters.errors import FileFormatError
from konnx.converters.hdf5 import read_hdf5


@pytest.mark.parametrize("percent", range(0, 100, 5))
def test_a_file_that_is_cut_short_is_refused(keras_file: Path, percent: int) -> None:
    content = keras_file.read_bytes()
    keras_file.write_bytes(content[: len(content) * percent // 100])
    with pytest.raises(FileFormatError):
        read_hdf5(keras_file)


@pytest.mark.parametrize("missing", [1, 8, 100])
def test_the_last_bytes_are_missed_too(keras_file: Path, missing: int) -> None:
    content = keras_file.read_bytes()
    keras_file.write_bytes(content[:-missing])
    with pytest.raises(FileFormatError, match=f"cut short.*{len(content)} bytes") as caught:
        read_hdf5(keras_file)
    assert f"{len(content) - missing} bytes" in str(caught.value)


def flip(content: bytes, seed: int) -> bytes:
    """Flip one to five bits, most of them where the file has content."""
    source = random.Random(seed)
    damaged = bytearray(content)
    used = [index for index, byte in enumerate(content) if byte]
    for _ in range(source.choice([1, 1, 2, 5])):
        anywhere = source.random() < 0.3
        index = source.randrange(len(damaged)) if anywhere else source.choice(used)
        damaged[index] ^= 1 << source.randrange(8)
    return bytes(damaged)


def add_compression(file: Any) -> None:
    del file["model_weights/dense_1/dense_1/kernel:0"]
    file["model_weights/dense_1"].create_dataset(
        "dense_1/kernel:0",
        data=np.arange(256, dtype="float32").reshape(16, 16),
        chunks=(8, 8),
        compression="gzip",
        shuffle=True,
    )


@pytest.mark.parametrize("change", [lambda file: None, add_compression], ids=["plain", "gzip"])
def test_flipped_bits_give_a_result_or_a_format_error(
    change: Callable[[Any], None], edited: Callable[[Callable[[Any], None]], Path]
) -> None:
    path = edited(change)
    content = path.read_bytes()
    messages = []
    for seed in range(300):
        path.write_bytes(flip(content, seed))
        try:
            read_hdf5(path)
        except FileFormatError as error:
            messages.append(str(error))
    # Some bits carry weights and no structure, others carry structure.
    assert 30 < len(messages) < 270
    assert [message for message in messages if not message.isprintable()] == []


def object_too_long(content: bytearray) -> None:
    heap = content.index(b"GCOL")
    content[heap + 24 : heap + 32] = (1 << 60).to_bytes(8, "little")


def free_object_of_no_length(content: bytearray) -> None:
    heap = content.index(b"GCOL")
    content[heap + 16 : heap + 32] = bytes(16)


def free_list_that_leads_to_itself(content: bytearray) -> None:
    # The data of a local heap begins with zeros, which say that the next free block is there.
    heap = content.index(b"HEAP")
    content[heap + 16 : heap + 24] = bytes(8)


@pytest.mark.parametrize(
    ("damage", "place"),
    [
        (object_too_long, "global heap at byte"),
        (free_object_of_no_length, "global heap at byte"),
        (free_list_that_leads_to_itself, "local heap at byte"),
    ],
)
@pytest.mark.parametrize("options", [{}, {"userblock_size": 512}])
def test_heaps_on_which_hdf5_would_loop_are_refused(
    damage: Callable[[bytearray], None],
    place: str,
    options: dict[str, int],
    make_file: Callable[..., Path],
) -> None:
    path = make_file(**options)
    content = bytearray(path.read_bytes())
    damage(content)
    path.write_bytes(content)
    with pytest.raises(FileFormatError, match=place):
        read_hdf5(path)


def test_numbers_that_look_like_a_heap_are_no_damage(
    edited: Callable[[Callable[[Any], None]], Path],
) -> None:
    fake = np.frombuffer(b"GCOL\x01\0\0\0HEAP\0\0\0\0" + b"\xff" * 64, "uint8")

    def change(file: Any) -> None:
        file["model_weights/dense_1/dense_1/fake"] = fake
        file["model_weights/dense_1"].attrs["weight_names"] = [b"dense_1/fake"]

    layer = read_hdf5(edited(change)).layers[1]
    np.testing.assert_array_equal(layer.weights[0][1], fake)


@pytest.mark.parametrize("offset", [13, 14])
def test_numbers_of_unusual_size_are_refused(keras_file: Path, offset: int) -> None:
    content = bytearray(keras_file.read_bytes())
    content[offset] = 4
    keras_file.write_bytes(content)
    with pytest.raises(FileFormatError, match="superblock.*8 and 8 bytes"):
        read_hdf5(keras_file)


def test_a_damaged_file_does_not_stay_open(keras_file: Path) -> None:
    content = keras_file.read_bytes()
    keras_file.write_bytes(content.replace(b"TREE", b"EERT"))
    with pytest.raises(FileFormatError, match="damaged"):
        read_hdf5(keras_file)
    keras_file.write_bytes(content)
    assert read_hdf5(keras_file).kind == "model"


def test_a_length_that_no_heap_holds_is_refused_before_so_much_is_allocated(
    keras_file: Path,
) -> None:
    content = bytearray(keras_file.read_bytes())
    place = content.index(b"model_config\0")
    # The reference after name, type and space: a length of 4 bytes, an address of 8, an index.
    heap = content.index(b"GCOL").to_bytes(8, "little")
    reference = content.index(heap, place) - 4
    content[reference : reference + 4] = (0xFFFFFFF0).to_bytes(4, "little")
    keras_file.write_bytes(content)
    with pytest.raises(FileFormatError, match=r"'model_config'.*longer than the heap"):
        read_hdf5(keras_file)
