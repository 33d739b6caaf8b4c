"""From an expression graph to an ONNX model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import onnx
from onnx import helper, numpy_helper

from konnx.graph.operators import node_proto
from konnx.graph.phases import select_phase
from konnx.graph.pooled_padding import keep_padding_apart
from konnx.graph.sameness import RANDOM, attributes_key, constant_key
from konnx.graph.scans import tidy_scans
from konnx.graph.subgraph import Subgraph, bodies_of, captured_by
from konnx.graph.tensor import (
    OPSET,
    Node,
    ShapeError,
    Tensor,
    is_constant,
    is_placeholder,
    is_variable,
)
from konnx.graph.types import OMITTED
from konnx.graph.variable import Variable
from konnx.graph.walk import topological_order

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
        inputs: placeholders, and variables to be inputs of these names, in order. Inputs that no
            output needs are declared all the same.
        outputs: tensors by the names that the model gives them, in order.
        training: which side of `in_train_phase` to keep.
        freeze: write the present values of the other variables into the model; otherwise they are
            inputs, too.
        name: of the graph.

    Raises:
        ShapeError: an output needs a placeholder that is not among the inputs.
        ValueError: an input is neither a placeholder nor a variable.
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
    tidy = keep_padding_apart(tidy_scans(list(outputs.values())))
    outputs = dict(zip(outputs, tidy, strict=True))
    model = _Model(freeze, dict.fromkeys([*inputs, *outputs], 0))
    proto = onnx.ModelProto(ir_version=IR_VERSION, producer_name=PRODUCER)
    _Writer(proto.graph, model, {tensor: key for key, tensor in inputs.items()}).write(outputs)
    _declare(proto.graph, name, {**inputs, **model.variables}, outputs)
    proto.opset_import.add(domain="", version=OPSET)
    for domain in sorted(model.domains):
        proto.opset_import.add(domain=domain, version=1)
    return Emitted(proto, model.variables)


def _check_inputs(inputs: Mapping[str, Tensor]) -> None:
    for name, tensor in inputs.items():
        if not is_placeholder(tensor) and not is_variable(tensor):
            raise ValueError(
                f"The input '{name}' must be a placeholder. Received: {tensor!r}, which the graph "
                "computes. Replace it by a placeholder with `substitute` first."
            )


@dataclass
class _Model:
    """What the graph and the bodies within it share: names are unique throughout."""

    freeze: bool
    taken: dict[str, int]
    variables: dict[str, Variable] = field(default_factory=dict)
    node_names: dict[str, int] = field(default_factory=dict)
    domains: set[str] = field(default_factory=set)


class _Writer:
    """Gives every tensor a name, writes nodes and initializers; equal nodes are written once.

    Args:
        graph: to write into; large weights would cost memory if they were gathered elsewhere first.
        model: shared with the writers of bodies.
        names: of tensors that are there already: inputs, and what a body captures.
    """

    def __init__(self, graph: onnx.GraphProto, model: _Model, names: dict[Tensor, str]) -> None:
        self._graph = graph
        self._model = model
        self._names = names
        self._given = set(names)
        self._known: dict[object, tuple[str, ...]] = {}
        self._wanted: dict[Tensor, str] = {}

    def write(self, outputs: Mapping[str, Tensor]) -> None:
        """Write all that the outputs need, so that they have the names given."""
        self._wanted = self._wanted_names(outputs)
        for node in topological_order(outputs.values()):
            self._write(node)
        for name, tensor in outputs.items():
            if self._names[tensor] != name:
                self._add("Identity", [self._names[tensor]], [name], {}, f"{name}/Identity")

    def _wanted_names(self, outputs: Mapping[str, Tensor]) -> dict[Tensor, str]:
        """Names that computed tensors get because they are outputs (the first, if several)."""
        wanted: dict[Tensor, str] = {}
        for name, tensor in outputs.items():
            if tensor not in self._given and tensor.node.inputs:
                wanted.setdefault(tensor, name)
        return wanted

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
            known = ", ".join(f"'{name}'" for name in self._model.taken)
            raise ShapeError(
                f"The outputs need the input '{tensor.name}' {tensor.type.dims}, which is not "
                f"among the inputs of the function or model. Inputs and outputs given: {known}"
            )

    def _write_constant(self, tensor: Tensor) -> None:
        value: np.ndarray = tensor.node.attributes["value"]
        key = constant_key(value) or id(value)
        if key not in self._known:
            name = self._unique(tensor.node.name or "constant")
            self._graph.initializer.append(numpy_helper.from_array(value, name))
            self._known[key] = (name,)
        self._names[tensor] = self._known[key][0]

    def _write_variable(self, tensor: Tensor) -> None:
        assert isinstance(tensor, Variable)
        if tensor in self._names:
            return
        name = self._names[tensor] = self._unique(tensor.name)
        if self._model.freeze:
            self._graph.initializer.append(numpy_helper.from_array(tensor.numpy(), name))
        else:
            self._model.variables[name] = tensor

    def _write_node(self, node: Node) -> None:
        inputs = ["" if t is None else self._names[t] for t in node.inputs]
        key = _key(node, inputs)
        names = self._known.get(key)
        if names is None:
            names = self._known[key] = tuple(self._output_name(t) for t in node.outputs)
            own = inputs[: len(inputs) - len(captured_by(node))]
            attributes = {**node.attributes, **self._bodies(node)}
            self._add(node.op_type, own, names, attributes, node.name, node.domain)
        self._names.update(zip(node.outputs, names, strict=True))

    def _bodies(self, node: Node) -> dict[str, onnx.GraphProto]:
        outer = captured_by(node)
        return {key: self._body(key, body, outer) for key, body in bodies_of(node).items()}

    def _body(self, key: str, body: Subgraph, outer: Sequence[Tensor | None]) -> onnx.GraphProto:
        """Write a body; its parameters are inputs, what it captures keeps the outer name."""
        names = {tensor: self._unique(tensor.name) for tensor in body.parameters}
        inputs = {name: tensor for tensor, name in names.items()}
        for inner, tensor in zip(body.captures, outer, strict=True):
            assert tensor is not None
            names[inner] = self._names[tensor]
        outputs = {self._unique(tensor.name): tensor for tensor in body.results}
        graph = onnx.GraphProto()
        _Writer(graph, self._model, names).write(outputs)
        _declare(graph, key, inputs, outputs)
        return graph

    def _add(
        self,
        op_type: str,
        inputs: Sequence[str],
        outputs: Sequence[str],
        attributes: Mapping[str, object],
        name: str,
        domain: str = "",
    ) -> None:
        if domain:
            self._model.domains.add(domain)
        name = _unique(name, self._model.node_names)
        self._graph.node.append(node_proto(op_type, inputs, outputs, attributes, name, domain))

    def _output_name(self, tensor: Tensor) -> str:
        if tensor.type == OMITTED:
            return ""
        return self._wanted.pop(tensor, None) or self._unique(tensor.name)

    def _unique(self, name: str) -> str:
        return _unique(name, self._model.taken)


def _unique(name: str, taken: dict[str, int]) -> str:
    """Return the name itself or, if it is taken, the first free `name_1`, `name_2` and so on."""
    candidate = name
    while candidate in taken:
        taken[name] += 1
        candidate = f"{name}_{taken[name]}"
    taken[candidate] = 0
    return candidate


def _key(node: Node, inputs: Sequence[str]) -> object:
    """What makes two nodes interchangeable; a random node is like no other."""
    if node.op_type in RANDOM:
        return node
    return (node.domain, node.op_type, len(node.outputs), attributes_key(node), *inputs)


def _declare(
    graph: onnx.GraphProto, name: str, inputs: Mapping[str, Tensor], outputs: Mapping[str, Tensor]
) -> None:
    """Give a graph its name, and the names and types of its inputs and outputs."""
    graph.name = name
    for values, tensors in ((graph.input, inputs), (graph.output, outputs)):
        values.extend(helper.make_value_info(key, one.type.proto) for key, one in tensors.items())
