"""Writing a model, its weights inside or, where they are too large for that, in a second file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

import onnx
from onnx import TensorProto

from konnx.utils.files import atomic_path

_LARGEST = 2**31 - 2**20  # bytes that protobuf can hold in one message, but for a margin
_FEW = 1024  # bytes: smaller tensors, sizes and axes among them, stay in the model
_PAGE = 4096  # bytes: where each tensor begins, so that it can be mapped into memory


def write_model(
    model: onnx.ModelProto,
    filepath: str | os.PathLike[str],
    *,
    external_data: bool | None = None,
    overwrite: bool = True,
) -> None:
    """Write a model; with external data its large weights go to `<name>.data` beside it.

    By default they do where one file cannot hold them. Both files are complete before the first
    takes its place. With external data, the model's large weights are replaced by references to
    that file.

    Raises:
        FileExistsError: a file is there already and may not be replaced.
    """
    path = Path(filepath)
    with ExitStack() as stack:
        temporary = stack.enter_context(atomic_path(path, overwrite=overwrite))
        if _is_too_large(model) if external_data is None else external_data:
            beside = path.with_name(f"{path.name}.data")
            weights = stack.enter_context(atomic_path(beside, overwrite=overwrite))
            with weights.open("wb") as file:
                _move_out(model, file, beside.name)
        temporary.write_bytes(model.SerializeToString(deterministic=True))


def _is_too_large(model: onnx.ModelProto) -> bool:
    return sum(len(tensor.raw_data) for tensor in model.graph.initializer) > _LARGEST


def _move_out(model: onnx.ModelProto, file: BinaryIO, location: str) -> None:
    for tensor in _large_tensors(model):
        file.write(b"\0" * (-file.tell() % _PAGE))
        entries = {"location": location, "offset": file.tell(), "length": len(tensor.raw_data)}
        file.write(tensor.raw_data)
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
        for key, value in entries.items():
            tensor.external_data.add(key=key, value=str(value))


def _large_tensors(model: onnx.ModelProto) -> Iterator[TensorProto]:
    return (tensor for tensor in model.graph.initializer if len(tensor.raw_data) >= _FEW)
