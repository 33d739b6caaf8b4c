"""From an expression graph to an ONNX model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import onnx
from onnx import helper, numpy_helper

from konnx.graph.sameness import RANDOM, attributes_key, constant_key
from konnx.graph.tensor import (
    OPSET,
    Node,
    ShapeError,
    Tensor,
    is_constant,
    is_placeholder,
    is_variable,
    node_proto,
)
from konnx.graph.variable import Variable
from konnx.graph.walk import select_phase, topological_order

IR_VERSION = 8
"""The oldest IR version that carries opset 18, so that old runtimes accept the file."""

PRODUCER = "konnx"


@dataclass(frozen=True)
class Emitted:
    """An ONNX model and the variables that it reads as inputs, by input name."""

    model: onnx.ModelProto
    variables: dict[str, Variable] = field(default_factory=dict)


def emit(
    inputs: Mapping[str, Tensor],
    outputs: Mapping[str, Tensor],
    *,
    training: bool = False,
    freeze: bool = False,
    name: str = "konnx",
) -> Emitted:
    """Write an ONNX model that computes `outputs` from `inputs` and from variables.

    Args:
        inputs: placeholders by the names that the model gives them, in order. Inputs that no
            output needs are declared all the same.
        outputs: tensors by the names that the model gives them, in order.
        training: which side of `in_train_phase` to keep.
        freeze: write the variables' present values into the model; otherwise they are inputs.
        name: of the graph.

    Raises:
        ShapeError: an output needs a placeholder that is not among the inputs.
        ValueError: an input is no placeholder.
    """
    tensors = select_phase(list(outputs.values()), training=training)
    return emit_resolved(inputs, dict(zip(outputs, tensors, strict=True)), freeze=freeze, name=name)


def emit_resolved(
    inputs: Mapping[str, Tensor],
    outputs: Mapping[str, Tensor],
    *,
    freeze: bool = False,
    name: str = "konnx",
) -> Emitted:
    """Write outputs that hold no Phase any more; see `emit`."""
    _check_inputs(inputs)
    writer = _Writer(inputs, outputs, freeze)
    graph = helper.make_graph(
        writer.nodes,
        name,
        [_value_info(key, tensor) for key, tensor in inputs.items()]
        + [_value_info(key, variable) for key, variable in writer.variables.items()],
        [_value_info(key, tensor) for key, tensor in outputs.items()],
        initializer=writer.initializers,
    )
    model = helper.make_model(
        graph,
        ir_version=IR_VERSION,
        opset_imports=[helper.make_opsetid("", OPSET)],
        producer_name=PRODUCER,
    )
    return Emitted(model, writer.variables)


def _check_inputs(inputs: Mapping[str, Tensor]) -> None:
    for name, tensor in inputs.items():
        if not is_placeholder(tensor):
            raise ValueError(
                f"The input '{name}' must be a placeholder. Received: {tensor!r}, which the graph "
                "computes. Replace it by a placeholder with `substitute` first."
            )


class _Writer:
    """Gives every tensor a name and lists nodes and initializers; equal nodes are written once."""

    def __init__(
        self, inputs: Mapping[str, Tensor], outputs: Mapping[str, Tensor], freeze: bool
    ) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []
        self.variables: dict[str, Variable] = {}
        self._freeze = freeze
        self._names: dict[Tensor, str] = {tensor: name for name, tensor in inputs.items()}
        self._taken: dict[str, int] = dict.fromkeys([*inputs, *outputs], 0)
        self._node_names: dict[str, int] = {}
        self._known: dict[object, tuple[str, ...]] = {}
        self._wanted = _wanted_names(inputs, outputs)
        for node in topological_order(outputs.values()):
            self._write(node)
        for name, tensor in outputs.items():
            if self._names[tensor] != name:
                self._add("Identity", [self._names[tensor]], [name], {}, f"{name}/Identity")

    def _write(self, node: Node) -> None:
        tensor = node.outputs[0]
        if is_placeholder(tensor):
            self._check_placeholder(tensor)
        elif is_constant(tensor):
            self._write_constant(tensor)
        elif is_variable(tensor):
            self._write_variable(tensor)
        else:
            self._write_node(node)

    def _check_placeholder(self, tensor: Tensor) -> None:
        if tensor not in self._names:
            known = ", ".join(f"'{name}'" for name in self._taken)
            raise ShapeError(
                f"The outputs need the input '{tensor.name}' {tensor.type.dims}, which is not "
                f"among the inputs of the function or model. Inputs and outputs given: {known}"
            )

    def _write_constant(self, tensor: Tensor) -> None:
        value: np.ndarray = tensor.node.attributes["value"]
        key = constant_key(value) or id(value)
        if key not in self._known:
            name = _unique(tensor.node.name or "constant", self._taken)
            self.initializers.append(numpy_helper.from_array(value, name))
            self._known[key] = (name,)
        self._names[tensor] = self._known[key][0]

    def _write_variable(self, tensor: Tensor) -> None:
        assert isinstance(tensor, Variable)
        name = self._names[tensor] = _unique(tensor.name, self._taken)
        if self._freeze:
            self.initializers.append(numpy_helper.from_array(tensor.numpy(), name))
        else:
            self.variables[name] = tensor

    def _write_node(self, node: Node) -> None:
        inputs = ["" if t is None else self._names[t] for t in node.inputs]
        key = _key(node, inputs)
        names = self._known.get(key)
        if names is None:
            names = self._known[key] = tuple(self._output_name(t) for t in node.outputs)
            self._add(node.op_type, inputs, names, node.attributes, node.name)
        self._names.update(zip(node.outputs, names, strict=True))

    def _add(
        self,
        op_type: str,
        inputs: Sequence[str],
        outputs: Sequence[str],
        attributes: Mapping[str, object],
        name: str,
    ) -> None:
        name = _unique(name, self._node_names)
        self.nodes.append(node_proto(op_type, inputs, outputs, attributes, name))

    def _output_name(self, tensor: Tensor) -> str:
        return self._wanted.pop(tensor, None) or _unique(tensor.name, self._taken)


def _unique(name: str, taken: dict[str, int]) -> str:
    """Return the name itself or, if it is taken, the first free `name_1`, `name_2` and so on."""
    candidate = name
    while candidate in taken:
        taken[name] += 1
        candidate = f"{name}_{taken[name]}"
    taken[candidate] = 0
    return candidate


def _wanted_names(inputs: Mapping[str, Tensor], outputs: Mapping[str, Tensor]) -> dict[Tensor, str]:
    """Names that computed tensors get because they are outputs (the first, if several)."""
    wanted: dict[Tensor, str] = {}
    given = set(inputs.values())
    for name, tensor in outputs.items():
        if tensor not in given and tensor.node.inputs:
            wanted.setdefault(tensor, name)
    return wanted


def _key(node: Node, inputs: Sequence[str]) -> object:
    """What makes two nodes interchangeable; a random node is like no other."""
    if node.op_type in RANDOM:
        return node
    return (node.domain, node.op_type, len(node.outputs), attributes_key(node), *inputs)


def _value_info(name: str, tensor: Tensor) -> onnx.ValueInfoProto:
    return helper.make_value_info(name, tensor.type.proto)
