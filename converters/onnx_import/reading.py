"""Reading ONNX files as data, and the weights that lie in files beside them."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import onnx
from onnx import TensorProto, helper

from konnx.converters.errors import FileFormatError, printable
from konnx.graph.inline import all_nodes
from konnx.graph.protos import parse_model

Source = str | os.PathLike[str] | bytes | onnx.ModelProto

_KEYS = frozenset({"location", "offset", "length", "checksum"})


def read_model(source: Source) -> tuple[onnx.ModelProto, str]:
    """Return a model with its weights inside, and what to call its source in messages.

    Args:
        source: a path, the bytes of a file, or a model (which is not changed).

    Raises:
        FileFormatError: it is no ONNX model; or weights beside it are missing, too short, or
            outside its folder.
        OSError: the file cannot be read.
    """
    if isinstance(source, onnx.ModelProto):
        model, name, folder = onnx.ModelProto(), "model", None
        model.CopyFrom(source)
    elif isinstance(source, bytes):
        model, name, folder = _parsed(source, "bytes"), "bytes", None
    else:
        path = Path(source)
        model, name, folder = (
            _parsed(path.read_bytes(), str(path)),
            str(path),
            path.resolve().parent,
        )
    for tensor in _external_tensors(model):
        _bring_in(tensor, folder, name)
    return model, name


def _parsed(content: bytes, name: str) -> onnx.ModelProto:
    try:
        return parse_model(content)
    except ValueError as error:
        raise FileFormatError.at(
            name, None, str(error), expected="an ONNX model", remedy="Get the whole file again"
        ) from error


def _external_tensors(model: onnx.ModelProto) -> Iterator[TensorProto]:
    for tensor in _all_tensors(model):
        if tensor.data_location == TensorProto.EXTERNAL:
            yield tensor


def _all_tensors(model: onnx.ModelProto) -> Iterator[TensorProto]:
    yield from model.graph.initializer
    nodes = [model.graph.node, *(function.node for function in model.functions)]
    for node in (node for group in nodes for node in all_nodes(group)):
        for attribute in node.attribute:
            yield from [attribute.t] if attribute.HasField("t") else []
            yield from attribute.tensors
            for graph in [attribute.g] if attribute.HasField("g") else []:
                yield from graph.initializer


def _bring_in(tensor: TensorProto, folder: Path | None, name: str) -> None:
    """Put the value of a tensor, which lies in a file beside the model, into it."""
    place = f"tensor '{printable(tensor.name, 60)}'"
    try:
        if folder is None:
            raise ValueError("its value lies in another file; give the path of the model instead")
        entries = {entry.key: entry.value for entry in tensor.external_data}
        if not entries.keys() <= _KEYS or "location" not in entries:
            raise ValueError("it does not say properly where its value lies")
        file = _inside(folder, entries["location"])
        size = _bytes_needed(tensor)
        offset, length = int(entries.get("offset", 0)), int(entries.get("length", size))
        if offset < 0 or length != size:
            raise ValueError(f"{length} bytes from {offset} on are not the {size} that it needs")
        content = _read(file, offset, size)
    except (ValueError, OSError) as error:
        raise FileFormatError.at(name, place, str(error)) from error
    tensor.raw_data = content
    tensor.ClearField("external_data")
    tensor.data_location = TensorProto.DEFAULT


def _inside(folder: Path, location: str) -> Path:
    """Return the path of a file beside the model; links and ways out of the folder are refused."""
    parts = location.split("/")
    if "\\" in location or "\0" in location or ":" in location or os.path.isabs(location):
        raise ValueError(f"its location is no relative path: {printable(location, 60)!r}")
    if any(part in ("", ".", "..") for part in parts):
        raise ValueError(f"its location leads out of the folder: {printable(location, 60)!r}")
    path = folder
    for part in parts:
        path = path / part
        if path.is_symlink():
            raise ValueError(f"its location is a link: {printable(location, 60)!r}")
    return path


def _bytes_needed(tensor: TensorProto) -> int:
    if tensor.data_type not in TensorProto.DataType.values() or not tensor.data_type:
        raise ValueError("it has no known type")
    if any(size < 0 for size in tensor.dims):
        raise ValueError(f"it has a negative size: {list(tensor.dims)}")
    count = 1
    for size in tensor.dims:
        count *= size
    return count * int(helper.tensor_dtype_to_np_dtype(tensor.data_type).itemsize)


def _read(path: Path, offset: int, size: int) -> bytes:
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    with open(os.open(path, flags), "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode) or status.st_nlink > 1:
            raise ValueError("its location is no ordinary file, or a hard link")
        if offset + size > status.st_size:
            raise ValueError(
                f"its value ends at byte {offset + size} of a file of {status.st_size}"
            )
        file.seek(offset)
        return file.read(size)
