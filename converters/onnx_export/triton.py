"""A folder that NVIDIA's Triton Inference Server serves as it is.

Source: the server's documents "Model Repository" and "Model Configuration".
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import onnx

from konnx.converters.onnx_export.external import write_model
from konnx.converters.onnx_export.model import to_onnx
from konnx.utils.files import atomic_path

if TYPE_CHECKING:
    from konnx.models import Model

_TYPES: dict[int, str] = {
    onnx.TensorProto.BOOL: "TYPE_BOOL",
    onnx.TensorProto.UINT8: "TYPE_UINT8",
    onnx.TensorProto.UINT16: "TYPE_UINT16",
    onnx.TensorProto.UINT32: "TYPE_UINT32",
    onnx.TensorProto.UINT64: "TYPE_UINT64",
    onnx.TensorProto.INT8: "TYPE_INT8",
    onnx.TensorProto.INT16: "TYPE_INT16",
    onnx.TensorProto.INT32: "TYPE_INT32",
    onnx.TensorProto.INT64: "TYPE_INT64",
    onnx.TensorProto.FLOAT16: "TYPE_FP16",
    onnx.TensorProto.FLOAT: "TYPE_FP32",
    onnx.TensorProto.DOUBLE: "TYPE_FP64",
    onnx.TensorProto.STRING: "TYPE_STRING",
}
_NAME = re.compile(r"[A-Za-z0-9_.-]+")


def export_triton(
    model: Model,
    directory: str | os.PathLike[str],
    *,
    name: str | None = None,
    max_batch_size: int = 32,
    labels: Sequence[str] | None = None,
    overwrite: bool = True,
    source: str = "",
    check: Callable[[onnx.ModelProto], None] | None = None,
    **options: Any,
) -> Path:
    """Write a model into a model repository of Triton and return the model's folder.

    `<directory>/<name>/config.pbtxt` describes `1/model.onnx`, which takes any batch size: the
    server joins requests into batches of up to `max_batch_size`. With labels, it answers requests
    for a classification by their names.

    Args:
        model: a built model.
        directory: the repository; made if it is not there.
        name: of the model in the server; default: the model's.
        max_batch_size: the most samples that the server puts into one run; 0: it makes no batches.
        labels: a name for each element of every output, in order.
        overwrite: whether files that are there may be replaced.
        source: where the model comes from, for the metadata.
        check: is given the finished model; what it raises ends the export before anything is
            written.
        options: those of `ExportOptions`; a batch that is fixed needs max_batch_size=0.

    Raises:
        ValueError: an option does not fit the model, or the batch is fixed.
        FileExistsError: there are files already that may not be replaced.
    """
    name = model.name if name is None else name
    if not _NAME.fullmatch(name) or not name.strip("."):
        raise ValueError(
            f"`name` must consist of letters, digits, _, - and '.'. Received: {name!r}"
        )
    if max_batch_size and options.get("batch") is None:
        options["batch"] = "dynamic"
    proto = to_onnx(model, source=source, labels=labels, **options)
    if check is not None:
        check(proto)
    files = {"config.pbtxt": model_configuration(proto, name, max_batch_size, bool(labels))}
    if labels:
        files["labels.txt"] = "".join(f"{label}\n" for label in labels)
    folder = Path(directory) / name
    (folder / "1").mkdir(parents=True, exist_ok=True)
    beside = options.get("external_data")
    write_model(proto, folder / "1" / "model.onnx", external_data=beside, overwrite=overwrite)
    for file, text in files.items():
        with atomic_path(folder / file, overwrite=overwrite) as temporary:
            temporary.write_text(text, encoding="utf-8")
    return folder


def model_configuration(
    model: onnx.ModelProto, name: str, max_batch_size: int, labels: bool = False
) -> str:
    """Return the text of a `config.pbtxt` for a model.

    Raises:
        ValueError: the server is to make batches, and an input or output has a fixed batch.
    """
    values = [*model.graph.input, *model.graph.output]
    if max_batch_size:
        for value in values:
            _require_batch(value)
    label = 'label_filename: "labels.txt"' if labels else ""
    skipped = 1 if max_batch_size else 0
    parts = [
        f"name: {_quoted(name)}",
        'platform: "onnxruntime_onnx"',
        f"max_batch_size: {max_batch_size}",
        _block("input", (_tensor(value, skipped) for value in model.graph.input)),
        _block("output", (_tensor(value, skipped, label) for value in model.graph.output)),
    ]
    if max_batch_size:
        parts.append("dynamic_batching { }")
    return "\n".join(parts) + "\n"


def _require_batch(value: onnx.ValueInfoProto) -> None:
    dims = value.type.tensor_type.shape.dim
    if not dims or dims[0].HasField("dim_value"):
        size = dims[0].dim_value if dims else "no"
        raise ValueError(
            f"'{value.name}' has {size} samples in each run, so that Triton cannot make batches. "
            "Use batch='dynamic' or, if the model cannot have that, max_batch_size=0."
        )


def _block(kind: str, tensors: Iterable[str]) -> str:
    return f"{kind} [\n" + ",\n".join(tensors) + "\n]"


def _tensor(value: onnx.ValueInfoProto, skipped: int, more: str = "") -> str:
    tensor = value.type.tensor_type
    dims = [
        dim.dim_value if dim.HasField("dim_value") else -1 for dim in tensor.shape.dim[skipped:]
    ]
    lines = [
        f"name: {_quoted(value.name)}",
        f"data_type: {_TYPES[tensor.elem_type]}",
        f"dims: [ {', '.join(map(str, dims or [1]))} ]",
    ]
    if not dims:
        lines.append("reshape { shape: [ ] }")
    lines += [more] if more else []
    return "  {\n" + "".join(f"    {line}\n" for line in lines) + "  }"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
