"""What an ONNX file holds, as plain values that JSON can carry."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from konnx.cli.onnx_files import (
    count_operators,
    count_parameters,
    external_files,
    graph_inputs,
    graph_outputs,
)
from konnx.cli.operations import count_operations

if TYPE_CHECKING:
    from onnx import ModelProto

Description = dict[str, Any]


def describe_onnx(file: Path, model: ModelProto) -> Description:
    """Return what an ONNX model says of itself, and counts of what it holds.

    Args:
        file: where it was read from.
        model: its content.
    """
    operators = count_operators(model)
    return {
        "file": str(file),
        "format": "ONNX",
        "kind": "model",
        "bytes": file.stat().st_size,
        "name": model.graph.name,
        "ir_version": model.ir_version,
        "opsets": {entry.domain or "ai.onnx": entry.version for entry in model.opset_import},
        "producer": " ".join(filter(None, [model.producer_name, model.producer_version])),
        "metadata": {entry.key: entry.value for entry in model.metadata_props},
        "inputs": [value.to_dict() for value in graph_inputs(model)],
        "outputs": [value.to_dict() for value in graph_outputs(model)],
        "parameters": count_parameters(model),
        "operations": count_operations(model),
        "nodes": sum(operators.values()),
        "operators": operators,
        "external_files": external_files(model),
    }
