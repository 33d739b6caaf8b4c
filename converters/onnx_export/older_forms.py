"""What older opsets spell otherwise: a rule for each operator, from a node to nodes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper


class UnspellableError(Exception):
    """An operator cannot be written in an older opset; says why, after the node's name."""


@dataclass
class Place:
    """Where a node stands: what is known there, and the constants that rules add.

    Attributes:
        ranks: number of axes by tensor.
        constants: values by name, those of outer graphs included.
        made: constants to be added to the graph.
    """

    ranks: dict[str, int]
    constants: dict[str, onnx.TensorProto] = field(default_factory=dict)
    made: list[onnx.TensorProto] = field(default_factory=list)

    def within(self, graph: onnx.GraphProto) -> Place:
        """Return the place inside a graph that stands here."""
        own = {tensor.name: tensor for tensor in graph.initializer}
        return Place(self.ranks, {**self.constants, **own})

    def value(self, name: str, what: str) -> list[int]:
        """Return the whole numbers of a constant.

        Raises:
            UnspellableError: it is computed.
        """
        if name not in self.constants:
            raise UnspellableError(f"has {what} that are computed, which it cannot have there")
        return [int(n) for n in numpy_helper.to_array(self.constants[name]).reshape(-1)]

    def rank(self, name: str) -> int:
        """Return the number of axes of a tensor.

        Raises:
            UnspellableError: it is unknown.
        """
        if name not in self.ranks:
            raise UnspellableError("reads a tensor of unknown rank")
        return self.ranks[name]

    def constant(self, node: onnx.NodeProto, role: str, value: Any, dtype: str = "int64") -> str:
        """Add a constant for a node and return its name."""
        name = f"{node.output[0]}/{role}"
        self.made.append(numpy_helper.from_array(np.asarray(value, dtype=dtype), name))
        return name


Rule = Callable[[onnx.NodeProto, Place], list[onnx.NodeProto]]


def _attributes(node: onnx.NodeProto) -> dict[str, Any]:
    return {one.name: helper.get_attribute_value(one) for one in node.attribute}


def _node(
    like: onnx.NodeProto,
    op_type: str,
    inputs: Sequence[str],
    output: str | None = None,
    **attributes: Any,
) -> onnx.NodeProto:
    """A node in place of another, or for a step before it, which then makes `<output>/<step>`."""
    outputs = [f"{like.output[0]}/{output}"] if output else list(like.output)
    name = f"{like.name}/{output}" if output else like.name
    return helper.make_node(op_type, inputs, outputs, name=name, **attributes)


def _without(node: onnx.NodeProto, neutral: dict[str, Any]) -> dict[str, Any]:
    """The attributes without some that ask for nothing.

    Raises:
        UnspellableError: one of them asks for something.
    """
    kept = _attributes(node)
    for key, value in neutral.items():
        if key in kept and kept.pop(key) != value:
            raise UnspellableError(f"has the attribute {key}, which it does not have there")
    return kept


def _reduction(node: onnx.NodeProto, place: Place) -> list[onnx.NodeProto]:
    """Axes are an attribute before opset 18."""
    attributes = _attributes(node)
    does_nothing = attributes.pop("noop_with_empty_axes", 0)
    axes = place.value(node.input[1], "axes") if len(node.input) > 1 and node.input[1] else []
    if not axes and does_nothing:
        return [_node(node, "Identity", node.input[:1])]
    given: dict[str, Any] = {"axes": axes} if axes else {}
    return [_node(node, node.op_type, node.input[:1], **attributes, **given)]


def _pad(node: onnx.NodeProto, place: Place) -> list[onnx.NodeProto]:
    """Before opset 18 every axis has a place among the pads."""
    data, pads, *rest = node.input
    value = rest[:1] if rest and rest[0] else []
    rank = place.rank(data)
    axes = [axis % rank for axis in place.value(rest[1], "axes")]
    count = len(axes)
    # Of the pads given and a zero behind them, the number that belongs to each axis and side.
    sources = [2 * count] * (2 * rank)
    for index, axis in enumerate(axes):
        sources[axis], sources[rank + axis] = index, count + index
    if pads in place.constants:
        given = [*place.value(pads, "pads"), 0]
        whole = place.constant(node, "pads", [given[source] for source in sources])
        return [_node(node, "Pad", [data, whole, *value], **_attributes(node))]
    zero = place.constant(node, "zero", [0])
    chosen = place.constant(node, "sources", sources)
    joined = _node(node, "Concat", [pads, zero], "joined", axis=0)
    whole_node = _node(node, "Gather", [joined.output[0], chosen], "pads", axis=0)
    inputs = [data, whole_node.output[0], *value]
    return [joined, whole_node, _node(node, "Pad", inputs, **_attributes(node))]


def _shape(node: onnx.NodeProto, place: Place) -> list[onnx.NodeProto]:
    """Before opset 15 always whole."""
    attributes = _attributes(node)
    start = place.constant(node, "start", [attributes.get("start", 0)])
    end = place.constant(node, "end", [attributes.get("end", np.iinfo(np.int64).max)])
    whole = _node(node, "Shape", node.input, "whole")
    return [whole, _node(node, "Slice", [whole.output[0], start, end])]


def _split(node: onnx.NodeProto, place: Place) -> list[onnx.NodeProto]:
    """Before opset 18 equal parts are what comes without sizes."""
    attributes = _attributes(node)
    attributes.pop("num_outputs")
    return [_node(node, "Split", node.input, **attributes)]


def _reshape(node: onnx.NodeProto, place: Place) -> list[onnx.NodeProto]:
    """Before opset 14 a zero always keeps a size."""
    attributes = _attributes(node)
    keeps = not attributes.pop("allowzero", 0)
    if not keeps and 0 in place.value(node.input[1], "sizes"):
        raise UnspellableError("makes an empty tensor, which it cannot there")
    return [_node(node, "Reshape", node.input, **attributes)]


def _resize(node: onnx.NodeProto, place: Place) -> list[onnx.NodeProto]:
    neutral = {"antialias": 0, "keep_aspect_ratio_policy": b"stretch", "exclude_outside": 0}
    return [_node(node, "Resize", node.input, **_without(node, neutral))]


def _scatter(node: onnx.NodeProto, place: Place) -> list[onnx.NodeProto]:
    return [_node(node, node.op_type, node.input, **_without(node, {"reduction": b"none"}))]


def _hard_swish(node: onnx.NodeProto, place: Place) -> list[onnx.NodeProto]:
    [x] = node.input
    gate = _node(node, "HardSigmoid", [x], "gate", alpha=1 / 6, beta=0.5)
    return [gate, _node(node, "Mul", [x, gate.output[0]])]


def _mish(node: onnx.NodeProto, place: Place) -> list[onnx.NodeProto]:
    [x] = node.input
    soft = _node(node, "Softplus", [x], "soft")
    gate = _node(node, "Tanh", soft.output, "gate")
    return [soft, gate, _node(node, "Mul", [x, gate.output[0]])]


def _layer_normalization(node: onnx.NodeProto, place: Place) -> list[onnx.NodeProto]:
    """By its definition, in float32 as the operator has it by default."""
    attributes = _attributes(node)
    if len(node.output) > 1:
        raise UnspellableError("hands out its mean, which it cannot there")
    x, scale, *bias = node.input
    rank = place.rank(x)
    axes = list(range(attributes.get("axis", -1) % rank, rank))
    epsilon = place.constant(node, "epsilon", attributes.get("epsilon", 1e-5), "float32")
    mean = _node(node, "ReduceMean", [x], "mean", axes=axes)
    centred = _node(node, "Sub", [x, mean.output[0]], "centred")
    square = _node(node, "Mul", [centred.output[0]] * 2, "square")
    variance = _node(node, "ReduceMean", square.output, "variance", axes=axes)
    safe = _node(node, "Add", [variance.output[0], epsilon], "safe")
    deviation = _node(node, "Sqrt", safe.output, "deviation")
    normal = _node(node, "Div", [centred.output[0], deviation.output[0]], "normal")
    steps = [mean, centred, square, variance, safe, deviation, normal]
    if not bias or not bias[0]:
        return [*steps, _node(node, "Mul", [normal.output[0], scale])]
    scaled = _node(node, "Mul", [normal.output[0], scale], "scaled")
    return [*steps, scaled, _node(node, "Add", [scaled.output[0], bias[0]])]


RULES: dict[str, Rule] = {
    **dict.fromkeys(
        [
            "ReduceL1",
            "ReduceL2",
            "ReduceLogSum",
            "ReduceLogSumExp",
            "ReduceMax",
            "ReduceMean",
            "ReduceMin",
            "ReduceProd",
            "ReduceSumSquare",
        ],
        _reduction,
    ),
    "HardSwish": _hard_swish,
    "LayerNormalization": _layer_normalization,
    "Mish": _mish,
    "Pad": _pad,
    "Reshape": _reshape,
    "Resize": _resize,
    "ScatterElements": _scatter,
    "ScatterND": _scatter,
    "Shape": _shape,
    "Split": _split,
}
