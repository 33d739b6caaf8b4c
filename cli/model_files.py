"""Opening a model file to run it: ONNX, or one of Keras, told by the content."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from konnx.cli.onnx_files import (
    Value,
    external_files,
    graph_inputs,
    graph_outputs,
    read_onnx,
    require_safe_external_files,
)
from konnx.converters.errors import FileFormatError

if TYPE_CHECKING:
    from onnx import ModelProto

    from konnx.models import Model


@dataclass(frozen=True)
class RunnableModel:
    """A model that `konnx.runtime.Program` can load.

    Attributes:
        source: the model, or the path of its file where ONNX Runtime has to find others beside it.
        inputs: what it takes, those that have a default last.
        outputs: what it gives.
        metadata: texts by key.
    """

    source: ModelProto | str
    inputs: list[Value]
    outputs: list[Value]
    metadata: dict[str, str] = field(default_factory=dict)

    def whole(self) -> ModelProto:
        """Return the model with its weights, also those in files beside it."""
        if not isinstance(self.source, str):
            return self.source
        import onnx

        return onnx.load(self.source)


def open_model(path: str | os.PathLike[str], *, trust: bool = False) -> RunnableModel:
    """Read a model to run from an ONNX file, or one of Keras.

    Args:
        path: the file.
        trust: whether an ONNX model may run what takes all memory or is a program of its own.

    Raises:
        FileFormatError: the file is neither, or it is damaged, or it holds only weights; or it is
            an ONNX model that does such things, and is not trusted.
        ValueError: it holds layers that are unknown here.
        OSError: it cannot be read.
    """
    file = os.fspath(path)
    model = read_onnx_unless_keras(file)
    if model is not None:
        if not trust:
            _require_harmless(model, file)
        return _runnable(model, file)
    from konnx.converters import load_model, to_onnx

    return _runnable(to_onnx(load_model(file, compile=False)), file)


def model_of_layers(file: Path) -> Model:
    """Read a Keras file, or an ONNX file whose nodes become layers."""
    from konnx.converters import from_onnx, load_model

    proto = read_onnx_unless_keras(str(file))
    return load_model(file, compile=False) if proto is None else from_onnx(file)


def read_onnx_unless_keras(file: str) -> ModelProto | None:
    """Return the ONNX model in a file, or None where the content is HDF5 or a zip archive.

    Raises:
        FileFormatError: the file is none of these.
        OSError: it cannot be read.
    """
    from konnx.converters.hdf5.sniff import require_hdf5
    from konnx.converters.keras_v3 import is_archive

    try:
        if is_archive(file):
            return None
        require_hdf5(file)
    except FileFormatError as error:
        try:
            return read_onnx(file)
        except FileFormatError:
            raise FileFormatError(f"{error} It is no ONNX model either.") from error
    return None


def _require_harmless(model: ModelProto, file: str) -> None:
    from konnx.cli.scan import harmful_to_run

    found = harmful_to_run(model)
    if found:
        raise FileFormatError.at(
            file, found[0].where, found[0].what, remedy="If you trust the file, use --trust"
        )


def _runnable(model: ModelProto, file: str) -> RunnableModel:
    beside = external_files(model)
    if beside:
        require_safe_external_files(model, file)
    return RunnableModel(
        file if beside else model,
        graph_inputs(model),
        graph_outputs(model),
        {entry.key: entry.value for entry in model.metadata_props},
    )
