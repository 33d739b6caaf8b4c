"""Loading control flow: If, Loop and Scan with the graphs that they hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import onnx

from konnx.graph.capture import close_over
from konnx.graph.protos import read_graphs
from konnx.graph.tensor import INTERNAL, Node, ShapeError, Tensor, is_constant
from konnx.graph.types import Dim, TensorType

Types = list[TensorType]
LoadBody = Callable[[onnx.GraphProto, Sequence[Tensor]], list[Tensor]]
"""Makes the results of a graph from tensors for its inputs."""

_SMALL = 256  # elements; larger constants stay outside and are captured


def outer_names(node: onnx.NodeProto) -> Iterator[str]:
    """Yield the names that the graphs in a node take from the graph around it."""
    for graph in read_graphs(node).values():
        own = {value.name for value in (*graph.input, *graph.initializer)}
        own |= {name for inner in graph.node for name in inner.output}
        used = [name for inner in graph.node for name in (*inner.input, *outer_names(inner))]
        used += [value.name for value in graph.output]
        yield from dict.fromkeys(name for name in used if name and name not in own)


def control_flow(
    node: onnx.NodeProto,
    inputs: Sequence[Tensor | None],
    attributes: Mapping[str, Any],
    outer: Sequence[Tensor],
    load_body: LoadBody,
    name: str,
) -> Node:
    """Make an If, Loop or Scan.

    Args:
        node: what the model says.
        inputs: the operator's own.
        attributes: all but the graphs.
        outer: what the graphs take from around them.
        load_body: makes results of a graph.
        name: of the new node.

    Raises:
        ValueError: another operator holds a graph.
        ShapeError: the graphs do not fit the operator.
    """
    maker = _MAKERS.get(node.op_type)
    if maker is None:
        raise ValueError("only If, Loop and Scan can hold graphs")
    captured = [
        t for t in outer if not (is_constant(t) and t.node.attributes["value"].size <= _SMALL)
    ]
    graphs = read_graphs(node)
    found = maker(graphs, inputs, attributes, load_body)
    bodies = {
        key: close_over(results, parameters, captured)
        for key, (parameters, results) in found.bodies.items()
    }
    inputs = [*inputs, *captured]
    return Node(node.op_type, inputs, {**attributes, **bodies}, found.types, name=name)


class _Found:
    """Parameters and results of each body, and the types of the node's outputs."""

    def __init__(self, bodies: dict[str, tuple[list[Tensor], list[Tensor]]], types: Types) -> None:
        self.bodies = bodies
        self.types = types


Graphs = Mapping[str, onnx.GraphProto]
Inputs = Sequence[Tensor | None]


def _if(graphs: Graphs, inputs: Inputs, attributes: Mapping[str, Any], load: LoadBody) -> _Found:
    then, otherwise = load(graphs["then_branch"], []), load(graphs["else_branch"], [])
    if len(then) != len(otherwise):
        raise ShapeError(f"its branches return {len(then)} and {len(otherwise)} values")
    types = [_joined(a.type, b.type) for a, b in zip(then, otherwise, strict=True)]
    return _Found({"then_branch": ([], then), "else_branch": ([], otherwise)}, types)


def _loop(graphs: Graphs, inputs: Inputs, attributes: Mapping[str, Any], load: LoadBody) -> _Found:
    body = graphs["body"]
    states = [_given(one).type for one in inputs[2:]]
    first = [TensorType("int64", ()), TensorType("bool", ())]
    parameters, results = _repeat(body, first, states, [], load)
    states = [one.type for one in parameters[2:]]
    stacked = [_stacked(one, None, 0) for one in results[1 + len(states) :]]
    return _Found({"body": (parameters, results)}, states + stacked)


def _scan(graphs: Graphs, inputs: Inputs, attributes: Mapping[str, Any], load: LoadBody) -> _Found:
    body, count = graphs["body"], int(attributes["num_scan_inputs"])
    split = len(inputs) - count
    states = [_given(one).type for one in inputs[:split]]
    sequences = [_given(one) for one in inputs[split:]]
    axes = attributes.get("scan_input_axes") or [0] * count
    elements = [_element(one, axis) for one, axis in zip(sequences, axes, strict=True)]
    parameters, results = _repeat(body, [], states, elements, load)
    steps = [one.dims[axis] for one, axis in zip(sequences, axes, strict=True) if one.dims]
    outputs = results[split:]
    axes = attributes.get("scan_output_axes") or [0] * len(outputs)
    stacked = [_stacked(one, _steps(steps), axis) for one, axis in zip(outputs, axes, strict=True)]
    types = [one.type for one in parameters[:split]]
    return _Found({"body": (parameters, results)}, types + stacked)


_MAKERS = {"If": _if, "Loop": _loop, "Scan": _scan}


def _repeat(
    body: onnx.GraphProto, first: Types, states: Types, elements: Types, load: LoadBody
) -> tuple[list[Tensor], list[Tensor]]:
    """Load the body of a loop with states of types that hold at every step."""
    skipped = 1 if first else 0  # a Loop's body returns its condition first
    while True:
        names = [value.name for value in body.input]
        types = [*first, *states, *elements]
        if len(names) != len(types):
            raise ShapeError(f"its body must take {len(types)} inputs. Received: {len(names)}")
        parameters = [_parameter(*pair) for pair in zip(types, names, strict=True)]
        results = load(body, parameters)
        if len(results) < skipped + len(states):
            raise ShapeError(f"its body returns {len(results)} values for {len(states)} states")
        new = [one.type for one in results[skipped : skipped + len(states)]]
        joined = [_joined(a, b) for a, b in zip(states, new, strict=True)]
        if joined == states:
            return parameters, results
        states = joined  # some size changes from step to step


def _parameter(type_: TensorType, name: str) -> Tensor:
    return Node("Placeholder", (), {}, [type_], domain=INTERNAL, name=name).outputs[0]


def _given(tensor: Tensor | None) -> Tensor:
    if tensor is None:
        raise ShapeError("an initial state is missing")
    return tensor


def _joined(first: TensorType, second: TensorType) -> TensorType:
    """The type that holds for both."""
    if first.dtype != second.dtype:
        raise ShapeError(f"dtypes {first.dtype} and {second.dtype} of one value differ")
    if first.dims is None or second.dims is None or len(first.dims) != len(second.dims):
        return TensorType(first.dtype, None)
    pairs = zip(first.dims, second.dims, strict=True)
    return TensorType(first.dtype, tuple(a if a == b else None for a, b in pairs))


def _element(sequence: Tensor, axis: int) -> TensorType:
    if sequence.dims is None:
        return TensorType(sequence.dtype, None)
    dims = list(sequence.dims)
    if not -len(dims) <= axis < len(dims):
        raise ShapeError(f"{sequence!r} has no axis {axis} to scan")
    del dims[axis]
    return TensorType(sequence.dtype, tuple(dims))


def _stacked(one: Tensor, steps: Dim, axis: int) -> TensorType:
    if one.dims is None:
        return TensorType(one.dtype, None)
    place = axis + len(one.dims) + 1 if axis < 0 else axis
    return TensorType(one.dtype, (*one.dims[:place], steps, *one.dims[place:]))


def _steps(known: Sequence[Dim]) -> Dim:
    numbers = [size for size in known if isinstance(size, int)]
    return next(iter([*numbers, *(size for size in known if size is not None)]), None)
