"""The expression graph that everything in konnx is written in, and its emission as ONNX."""

from konnx.graph.emit import IR_VERSION, PRODUCER, Emitted, emit, emit_resolved
from konnx.graph.tensor import (
    OPSET,
    Node,
    ShapeError,
    Tensor,
    constant,
    current_scope,
    in_train_phase,
    is_constant,
    is_placeholder,
    is_variable,
    name_scope,
    op,
    placeholder,
    refine,
    stop_gradient,
)
from konnx.graph.types import Dim, TensorType, is_float, standardize_dtype
from konnx.graph.variable import HostStorage, Storage, Variable
from konnx.graph.walk import (
    has_phase,
    rewrite,
    select_phase,
    substitute,
    topological_order,
)

__all__ = [
    "IR_VERSION",
    "OPSET",
    "PRODUCER",
    "Dim",
    "Emitted",
    "HostStorage",
    "Node",
    "ShapeError",
    "Storage",
    "Tensor",
    "TensorType",
    "Variable",
    "constant",
    "current_scope",
    "emit",
    "emit_resolved",
    "has_phase",
    "in_train_phase",
    "is_constant",
    "is_float",
    "is_placeholder",
    "is_variable",
    "name_scope",
    "op",
    "placeholder",
    "refine",
    "rewrite",
    "select_phase",
    "standardize_dtype",
    "stop_gradient",
    "substitute",
    "topological_order",
]
