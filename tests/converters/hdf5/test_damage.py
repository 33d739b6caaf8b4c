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
    outcomes = {"read": 0, "refused": 0}
    for seed in range(300):
        path.write_bytes(flip(content, seed))
        try:
            read_hdf5(path)
            outcomes["read"] += 1
        except FileFormatError as error:
            assert str(error).isprintable()
            outcomes["refused"] += 1
    # Many bits carry weights and no structure; but not all, and not none.
    assert min(outcomes.values()) > 30


def heap_of(content: bytes) -> int:
    return content.index(b"GCOL")


@pytest.mark.parametrize(
    ("length", "reason"),
    [
        (1 << 60, "beyond the end"),
        # The next object is then taken to start in the middle of the text, at its zeros.
        (0, "inside"),
    ],
)
def test_a_heap_on_which_hdf5_would_loop_is_refused(
    keras_file: Path, length: int, reason: str
) -> None:
    content = bytearray(keras_file.read_bytes())
    first = heap_of(content) + 16
    content[first : first + 2] = b"\0\0" if reason == "inside" else content[first : first + 2]
    content[first + 8 : first + 16] = length.to_bytes(8, "little")
    keras_file.write_bytes(content)
    with pytest.raises(FileFormatError, match="global heap at byte"):
        read_hdf5(keras_file)


def test_numbers_that_look_like_a_heap_are_no_damage(
    edited: Callable[[Callable[[Any], None]], Path],
) -> None:
    fake = np.frombuffer(b"GCOL\x01\0\0\0" + b"\xff" * 8, "uint8")

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
