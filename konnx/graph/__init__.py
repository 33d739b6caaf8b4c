"""The expression graph that everything in konnx is written in, and its emission as ONNX."""

from konnx.graph.capture import close_over, dependent_nodes, find_captures
from konnx.graph.emit import IR_VERSION, PRODUCER, Emitted, emit, emit_resolved
from konnx.graph.leaves import (
    composite,
    constant,
    in_train_phase,
    int64s,
    placeholder,
    print_tensor,
    stand_in,
    stop_gradient,
)
from konnx.graph.load import Loaded, load
from konnx.graph.operators import op, refine
from konnx.graph.phases import drop_composites, has_phase, printed, select_phase
from konnx.graph.scans import ScanParts, is_scan, join_scans, scan_node, tidy_scans
from konnx.graph.subgraph import Subgraph, bodies_of, captured_by, map_bodies
from konnx.graph.tensor import (
    OPSET,
    Node,
    ShapeError,
    Tensor,
    current_scope,
    is_constant,
    is_placeholder,
    is_variable,
    name_scope,
    next_serial,
)
from konnx.graph.types import Dim, TensorType, is_float, standardize_dtype
from konnx.graph.variable import HostStorage, Storage, Variable, assign_all
from konnx.graph.walk import rewrite, substitute, topological_order

__all__ = [
    "IR_VERSION",
    "OPSET",
    "PRODUCER",
    "Dim",
    "Emitted",
    "HostStorage",
    "Loaded",
    "Node",
    "ScanParts",
    "ShapeError",
    "Storage",
    "Subgraph",
    "Tensor",
    "TensorType",
    "Variable",
    "assign_all",
    "bodies_of",
    "captured_by",
    "close_over",
    "composite",
    "constant",
    "current_scope",
    "dependent_nodes",
    "drop_composites",
    "emit",
    "emit_resolved",
    "find_captures",
    "has_phase",
    "in_train_phase",
    "int64s",
    "is_constant",
    "is_float",
    "is_placeholder",
    "is_scan",
    "is_variable",
    "join_scans",
    "load",
    "map_bodies",
    "name_scope",
    "next_serial",
    "op",
    "placeholder",
    "print_tensor",
    "printed",
    "refine",
    "rewrite",
    "scan_node",
    "select_phase",
    "stand_in",
    "standardize_dtype",
    "stop_gradient",
    "substitute",
    "tidy_scans",
    "topological_order",
]
