"""A file that is not HDF5 is recognised for what it is, by its content."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import onnx
import pytest

from konnx.converters.errors import FileFormatError
from konnx.converters.hdf5 import read_hdf5

ONNX = onnx.ModelProto(ir_version=8, producer_name="test").SerializeToString()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty file"),
        (b'{"class_name": "Model"}', "JSON"),
        (b" \n[1]", "JSON"),
        (ONNX, "ONNX"),
        (b"\x1c\0\0\0TFL3rest", "TensorFlow Lite"),
        (b"\x80\x04\x95", "pickle"),
        (b"\x1f\x8b\x08", "gzip"),
        (b"\x93NUMPY\x01", "NumPy"),
        (b"version https://git-lfs.github.com/spec/v1\noid", "git lfs pull"),
        (b"<!DOCTYPE html><html>", "web page"),
        (b"\n<HTML>", "web page"),
        (b"just words\n", "text"),
        (b"\x89HDF", "the first 4 bytes of an HDF5 file"),
        (b"\x00\xff\x1b[31m", "starts with the bytes 00 ff 1b 5b 33 31 6d"),
    ],
)
def test_other_content_is_named(content: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "model.h5"
    path.write_bytes(content)
    with pytest.raises(FileFormatError) as caught:
        read_hdf5(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: the file is not HDF5. Expected: an HDF5 file")
    assert words in message
    assert message.isprintable()


def test_a_keras_archive_names_what_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "model.h5"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", "{}")
    with pytest.raises(FileFormatError, match=r"Keras 3.*konnx\.models\.load_model"):
        read_hdf5(path)


def test_a_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError, match="SavedModel"):
        read_hdf5(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_a_pipe_is_refused_without_waiting_for_it(tmp_path: Path) -> None:
    path = tmp_path / "model.h5"
    os.mkfifo(path)
    with pytest.raises(FileFormatError, match="device or a pipe"):
        read_hdf5(path)
