"""What is suspicious in a model file, found without running any of it."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Literal

from konnx.cli.onnx_files import external_files, operator_name
from konnx.converters.errors import FileFormatError, printable

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto

_LARGEST = 1 << 28  # bytes that one node may make out of a few
_OF_ONNX = ("", "ai.onnx", "ai.onnx.ml", "ai.onnx.training", "ai.onnx.preview.training")
_NATIVE = {
    "EPContext": "holds a program for one execution provider",
    "PyOp": "runs Python code",
    "PythonOp": "runs Python code",
}
_CODE = {
    "Lambda": "holds Python code; konnx never runs it, other readers may",
    "TFSMLayer": "loads a TensorFlow program from a path",
    "TorchModuleWrapper": "holds a pickled PyTorch module, which is code",
}
_OF_KERAS = ("keras", "tf_keras", "tensorflow.keras", "tensorflow.python.keras", "builtins")


@dataclass(frozen=True)
class Finding:
    """Something suspicious.

    Attributes:
        severity: "danger" for what can run code, read other files or take all memory where a
            reader is not careful; "note" for what is unusual.
        where: the node, layer or member.
        what: it is.
    """

    severity: Literal["danger", "note"]
    where: str
    what: str

    def to_dict(self) -> dict[str, str]:
        """Return the finding as plain values."""
        return asdict(self)

    def __str__(self) -> str:
        return f"{self.severity}: {printable(self.where, 100)}: {printable(self.what)}"


# ONNX -----------------------------------------------------------------------------------------


def scan_onnx(file: Path, model: ModelProto) -> list[Finding]:
    """Look through an ONNX model.

    Args:
        file: where it was read from, beside which external data are looked for.
        model: its content.
    """
    findings = [_external(file, name) for name in external_files(model)]
    findings += _functions(model)
    own = {(function.domain, function.name) for function in model.functions}
    for number, node in enumerate(_nodes(model)):
        if (node.domain, node.op_type) not in own:
            findings += _node(node, node.name or f"node {number}")
    findings += _bombs(model)
    return findings


def harmful_to_run(model: ModelProto) -> list[Finding]:
    """Return what would take all memory, or run a program, as soon as a runtime loads a model."""
    programs = [
        Finding(
            "danger", node.name or node.op_type, f"{operator_name(node)} {_NATIVE[node.op_type]}"
        )
        for node in _nodes(model)
        if node.op_type in _NATIVE
    ]
    return [*programs, *_functions(model), *_bombs(model)]


def _nodes(model: ModelProto) -> Iterator[NodeProto]:
    from konnx.graph.inline import all_nodes

    yield from all_nodes(model.graph.node)
    for function in model.functions:
        yield from all_nodes(function.node)


def _external(file: Path, name: str) -> Finding:
    steps = PurePosixPath(name.replace("\\", "/"))
    where = f"weights in '{name}'"
    if steps.is_absolute() or ".." in steps.parts or ":" in name:
        return Finding("danger", where, "the path leads out of the model's folder")
    beside = file.parent / name
    if beside.is_symlink():
        return Finding("danger", where, "the file is a symbolic link")
    if beside.exists() and os.stat(beside).st_nlink > 1:
        return Finding("danger", where, "the file is also known by another name (a hard link)")
    return Finding("note", where, "weights are in a second file")


def _functions(model: ModelProto) -> list[Finding]:
    from konnx.graph.inline import inline_functions

    try:
        inline_functions(model)
    except Exception as error:  # onnx has errors of its own, without a common base
        return [Finding("danger", "functions of the model", str(error))]
    return []


def _node(node: NodeProto, where: str) -> Iterator[Finding]:
    if node.op_type in _NATIVE:
        yield Finding("danger", where, f"{operator_name(node)} {_NATIVE[node.op_type]}")
    elif node.domain == "com.microsoft" or node.domain.startswith("com.microsoft."):
        yield Finding("note", where, f"{operator_name(node)} exists only in ONNX Runtime")
    elif node.domain not in _OF_ONNX:
        what = f"{operator_name(node)} needs a library with native code"
        yield Finding("danger", where, what)


def _bombs(model: ModelProto) -> Iterator[Finding]:
    """Find tensors that are made large out of nothing, which a runtime does when it loads them."""
    from onnx import TensorProto, numpy_helper

    constants: dict[str, TensorProto] = {tensor.name: tensor for tensor in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type == "Constant" and node.attribute and node.output:
            constants[node.output[0]] = node.attribute[0].t
        position = 0 if node.op_type == "ConstantOfShape" else 1
        shape = constants.get(node.input[position]) if len(node.input) > position else None
        if node.op_type not in ("ConstantOfShape", "Expand", "Tile") or shape is None:
            continue
        try:
            elements = math.prod(int(size) for size in numpy_helper.to_array(shape).reshape(-1))
        except (ValueError, TypeError):
            continue
        if elements * 4 > _LARGEST:
            what = f"{node.op_type} makes a tensor of {elements:,} elements out of nothing"
            yield Finding("danger", node.name or node.op_type, what)


# Keras ----------------------------------------------------------------------------------------


def scan_keras(file: Path) -> list[Finding]:
    """Look through a Keras file; what the reader refuses is a finding, too."""
    try:
        config, members = _config_and_members(file)
    except FileFormatError as error:
        return [Finding("danger", error.place or "the file", str(error))]
    findings = [Finding("note", name, "a file of a layer's own") for name in members]
    for described in _described_objects(config):
        findings += _object(described)
    return findings


def _config_and_members(file: Path) -> tuple[Any, list[str]]:
    from konnx.converters.hdf5 import read_hdf5
    from konnx.converters.keras_v3 import is_archive, open_archive

    if not is_archive(file):
        return read_hdf5(file).model_config, []
    with open_archive(file) as archive:
        assets = [name for name in archive.names if name.startswith("assets/") and name[-1] != "/"]
        return archive.config("config.json"), assets


def _described_objects(config: Any) -> Iterator[Mapping[str, Any]]:
    """Yield everything in a config that names a class, at any depth."""
    pending = [config]
    while pending:
        value = pending.pop()
        if isinstance(value, Mapping):
            if isinstance(value.get("class_name"), str):
                yield value
            pending += reversed(list(value.values()))
        elif isinstance(value, list):
            pending += reversed(value)


def _object(described: Mapping[str, Any]) -> Iterator[Finding]:
    kind, settings = described["class_name"], described.get("config")
    settings = settings if isinstance(settings, Mapping) else {}
    where = f"{kind} '{settings.get('name', '')}'"
    if kind in _CODE:
        yield Finding("danger", where, _CODE[kind])
    if isinstance(settings.get("vocabulary"), str):
        yield Finding("danger", where, f"reads the file {settings['vocabulary']!r}")
    module = described.get("module")
    if isinstance(module, str) and module and not _is_of_keras(module):
        yield Finding("danger", where, f"names code in the module {module!r}")
    elif described.get("registered_name") not in (None, kind, f"Custom>{kind}"):
        yield Finding("note", where, f"is registered as {described['registered_name']!r}")


def _is_of_keras(module: str) -> bool:
    return module in _OF_KERAS or module.startswith(tuple(f"{name}." for name in _OF_KERAS[:4]))
