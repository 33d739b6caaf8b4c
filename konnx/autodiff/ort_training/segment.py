"""The part of a graph that a gradient passes through, written as ONNX for the training build.

Only that part is handed over: whatever it takes from elsewhere (targets, masks, whole numbers,
shapes, what a `stop_gradient` holds back) becomes an input. Where the training build cannot
differentiate an operator, others stand for it; but the gradients that come back are attached to the
tensors that were there before, so that the forward pass is computed once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import onnx
from onnx import helper, numpy_helper

from konnx.autodiff.ort_training.lowering import lower
from konnx.autodiff.ort_training.support import (
    UnsupportedError,
    broadcasts_unseen,
    check_inputs,
    is_native,
    why_not,
)
from konnx.autodiff.path import backward_scope, find_path, passed_on
from konnx.graph import IR_VERSION, OPSET, Node, Tensor, name_scope
from konnx.graph.operators import node_proto
from konnx.graph.types import TensorType


class Segment:
    """What lies between a loss and the tensors that its gradient is asked for.

    Args:
        loss: a float32 tensor.
        wrt: where the gradients go to.
        training: which side of `in_train_phase` is meant.

    Raises:
        UnsupportedError: the training build cannot differentiate it.
    """

    def __init__(self, loss: Tensor, wrt: Sequence[Tensor], training: bool) -> None:
        self._training = training
        path = find_path([loss], wrt, training)
        self.loss = loss
        self.reached = [tensor for tensor in dict.fromkeys(wrt) if tensor in path.tensors]
        self.tensors: dict[str, Tensor] = {}
        self.nodes: dict[str, Node] = {}
        self._names: dict[Tensor, str] = {}
        self._protos: list[onnx.NodeProto] = []
        self._inputs: dict[str, Tensor] = {}
        self._initializers: list[onnx.TensorProto] = []
        inside = set(path.nodes)
        for tensor in self.reached:
            if tensor.node not in inside:
                self._name(tensor)
        for node in path.nodes:
            self._add(node, path.tensors)
        self._prune()

    def _prune(self) -> None:
        """Drop what the loss does not depend on, now that it is known what nodes stand for."""
        needed = {self.name_of(self.loss)} if self._protos else set()
        kept: list[onnx.NodeProto] = []
        for proto in reversed(self._protos):
            if needed.intersection(proto.output):
                kept.append(proto)
                needed.update(proto.input)
        self._protos = kept[::-1]
        self._inputs = {name: one for name, one in self._inputs.items() if name in needed}
        self._initializers = [one for one in self._initializers if one.name in needed]
        self.reached = [tensor for tensor in self.reached if self._names[tensor] in needed]

    def name_of(self, tensor: Tensor) -> str:
        """Return what a tensor is called in the model."""
        return self._names[tensor]

    def model(self) -> onnx.ModelProto:
        """Return the segment as a model whose output is the loss."""
        named = not any(broadcasts_unseen(node) for node in self.nodes.values())
        inputs = [_value_info(name, tensor, named) for name, tensor in self._inputs.items()]
        output = _value_info(self.name_of(self.loss), self.loss, named)
        graph = helper.make_graph(
            self._protos, "segment", inputs, [output], initializer=self._initializers
        )
        opsets = [helper.make_opsetid("", OPSET)]
        return helper.make_model(graph, ir_version=IR_VERSION, opset_imports=opsets)

    def _add(self, node: Node, active: set[Tensor]) -> None:
        """Write a node, or what stands for it."""
        passed = passed_on(node, self._training)
        if passed is not None:
            self._names[node.outputs[0]] = self._alias(self._name(passed), node)
            return
        check_inputs(node, [t for t in (*node.inputs, *node.outputs) if t in active])
        if is_native(node):
            self._write(node)
            return
        self._add_lowered(node, self._lower(node, active), active)

    @staticmethod
    def _lower(node: Node, active: set[Tensor]) -> Sequence[Tensor]:
        try:
            with name_scope(backward_scope(node)):
                lowered = lower(node, active)
        except ValueError as error:  # the rules cannot take this form of the operator
            raise UnsupportedError(node, str(error)) from error
        if lowered is None:
            raise UnsupportedError(node, why_not(node))
        return lowered

    def _add_lowered(self, node: Node, lowered: Sequence[Tensor], active: set[Tensor]) -> None:
        given = {tensor.node for tensor in node.inputs if tensor is not None}
        sources = [tensor for tensor in node.inputs if tensor is not None and tensor in active]
        pairs = [(a, b) for a, b in zip(node.outputs, lowered, strict=True) if a in active]
        stand_ins = [tensor for _, tensor in pairs]
        path = find_path(stand_ins, sources, self._training, stop=given.__contains__)
        for inner in path.nodes:
            if inner not in given:
                self._add(inner, path.tensors)
        for old, new in pairs:
            name = self._name(new)
            if new in node.inputs or self.tensors[name] is not new:  # something else already
                name = self._alias(name, node)
            self._names[old] = name
            self.tensors[name] = old

    def _write(self, node: Node) -> None:
        names: list[str] = []
        for tensor in node.inputs:
            name = "" if tensor is None else self._name(tensor)
            names.append(self._alias(name, node) if name and name in names else name)
        outputs = [self._new_name(tensor) for tensor in node.outputs]
        self._write_proto(node, node.op_type, names, outputs, node.attributes)

    def _alias(self, name: str, node: Node) -> str:
        """Give a tensor a second name.

        Of one that a node takes twice, the builder would define the gradient twice.
        """
        alias = f"t{len(self.tensors)}"
        self.tensors[alias] = self.tensors[name]
        self._write_proto(node, "Identity", [name], [alias], {})
        return alias

    def _write_proto(
        self,
        node: Node,
        op_type: str,
        inputs: Sequence[str],
        outputs: Sequence[str],
        attributes: Mapping[str, Any],
    ) -> None:
        name = f"n{len(self.nodes)}"
        self.nodes[name] = node
        self._protos.append(node_proto(op_type, inputs, outputs, attributes, name))

    def _name(self, tensor: Tensor) -> str:
        """Return the name of a tensor; one that is not named yet comes from outside."""
        if tensor not in self._names:
            name, value = self._new_name(tensor), tensor.constant_value
            if value is None:
                self._inputs[name] = tensor
            else:
                self._initializers.append(numpy_helper.from_array(value, name))
        return self._names[tensor]

    def _new_name(self, tensor: Tensor) -> str:
        name = self._names[tensor] = f"t{len(self.tensors)}"
        self.tensors[name] = tensor
        return name


def _value_info(name: str, tensor: Tensor, named: bool) -> onnx.ValueInfoProto:
    """Declare a tensor, with the names of its sizes or without."""
    dims = tensor.dims if named or tensor.dims is None else tensor.shape
    return helper.make_value_info(name, TensorType(tensor.dtype, dims).proto)
