"""Reading ONNX files as data: what goes in and out, and what is inside. Nothing is run."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from konnx.cli.texts import Size, shape_text
from konnx.converters.errors import FileFormatError, printable

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto, TensorProto, ValueInfoProto

_NUMPY_NAMES = {"float": "float32", "double": "float64"}


@dataclass(frozen=True)
class Value:
    """An input or output of a graph.

    Attributes:
        name: in the graph.
        dtype: as NumPy names it, e.g. "float32"; "string"; or what else it is, e.g. "sequence".
        shape: sizes, named ones as texts and unknown ones as None; None where all is unknown.
        optional: whether an input has a default.
    """

    name: str
    dtype: str
    shape: tuple[Size, ...] | None
    optional: bool = False

    def accepts(self, shape: tuple[int, ...]) -> bool:
        """Tell whether an array of this shape agrees with what is declared."""
        if self.shape is None:
            return True
        return len(shape) == len(self.shape) and all(
            not isinstance(declared, int) or declared == size
            for declared, size in zip(self.shape, shape, strict=True)
        )

    def to_dict(self) -> dict[str, Any]:
        """Return name, dtype and shape as JSON can carry them."""
        shape = None if self.shape is None else list(self.shape)
        return {"name": self.name, "dtype": self.dtype, "shape": shape}

    def __str__(self) -> str:
        return f"{self.dtype} {shape_text(self.shape)}"


def read_onnx(file: str) -> ModelProto:
    """Read an ONNX file, whatever its name; weights in files beside it are not read.

    Raises:
        FileFormatError: the file is no ONNX model.
        OSError: it cannot be read.
    """
    from konnx.graph.protos import parse_model

    try:
        return parse_model(Path(file).read_bytes())
    except ValueError as error:
        raise FileFormatError.at(
            file, None, str(error), expected="an ONNX model", remedy="Get the whole file again"
        ) from error


def graph_inputs(model: ModelProto) -> list[Value]:
    """Return the inputs, those that have a default last."""
    defaults = {tensor.name for tensor in model.graph.initializer}
    values = [_value(info, info.name in defaults) for info in model.graph.input]
    return sorted(values, key=lambda value: value.optional)


def graph_outputs(model: ModelProto) -> list[Value]:
    """Return the outputs."""
    return [_value(info, False) for info in model.graph.output]


def _value(info: ValueInfoProto, optional: bool) -> Value:
    kind = info.type.WhichOneof("value") or "unknown"
    if kind != "tensor_type":
        return Value(info.name, kind.removesuffix("_type"), None, optional)
    tensor = info.type.tensor_type
    shape = None
    if tensor.HasField("shape"):
        shape = tuple(
            dim.dim_value if dim.HasField("dim_value") else dim.dim_param or None
            for dim in tensor.shape.dim
        )
    return Value(info.name, dtype_name(tensor.elem_type), shape, optional)


def dtype_name(element_type: int) -> str:
    """Return the name of an ONNX element type, as NumPy says it.

    Example:
        >>> dtype_name(1), dtype_name(7)
        ('float32', 'int64')
    """
    from onnx import TensorProto

    if element_type not in TensorProto.DataType.values():
        return f"type {element_type}"
    name = str(TensorProto.DataType.Name(element_type)).lower()
    return _NUMPY_NAMES.get(name, name)


def operator_name(node: NodeProto) -> str:
    """Return the operator of a node, with its domain where that is not ONNX' own."""
    return node.op_type if node.domain in ("", "ai.onnx") else f"{node.domain}.{node.op_type}"


def count_operators(model: ModelProto) -> dict[str, int]:
    """Return how many nodes there are of each operator, the most frequent first."""
    from konnx.graph.inline import all_nodes

    return dict(Counter(map(operator_name, all_nodes(model.graph.node))).most_common())


def count_parameters(model: ModelProto) -> int:
    """Return the number of weights: elements of initializers, but int64, which are shapes."""
    from onnx import TensorProto

    from konnx.graph.inline import all_graphs

    total = 0
    for graph in all_graphs(model.graph):
        for tensor in graph.initializer:
            if tensor.data_type != TensorProto.INT64:
                total += _size(tensor)
    return total


def _size(tensor: TensorProto) -> int:
    size = 1
    for length in tensor.dims:
        size *= length
    return size


def external_files(model: ModelProto) -> list[str]:
    """Return the names of files beside the model that hold weights, as the model spells them."""
    names = {
        entry.value
        for tensor in _all_tensors(model)
        for entry in tensor.external_data
        if entry.key == "location"
    }
    return sorted(names)


def _all_tensors(model: ModelProto) -> Iterator[TensorProto]:
    from konnx.graph.inline import all_graphs

    for graph in all_graphs(model.graph):
        yield from graph.initializer
        for node in graph.node:
            for attribute in node.attribute:
                yield from [attribute.t] if attribute.HasField("t") else []
                yield from attribute.tensors


def require_safe_external_files(model: ModelProto, file: str) -> None:
    """Check that the weights beside a model are there, and in its own folder.

    Raises:
        FileFormatError: one is missing, or its location leads out of the folder.
    """
    from onnx import ModelProto
    from onnx.external_data_helper import load_external_data_for_model

    loaded = ModelProto()
    loaded.CopyFrom(model)
    try:
        # onnx makes the checks where it loads.
        load_external_data_for_model(loaded, os.path.dirname(os.path.abspath(file)))
    except Exception as error:  # onnx raises its ValidationError, which has no better base
        listed = ", ".join(repr(printable(name, 100)) for name in external_files(model))
        raise FileFormatError.at(
            file,
            "external data",
            f"the weights in {listed} cannot be used ({str(error).strip().rstrip('.')})",
            expected="files beside the model, in the same folder",
        ) from error
