"""Loading control flow: If, Loop and Scan with the graphs that they hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx

from konnx.graph.capture import close_over, is_small_constant
from konnx.graph.leaves import constant, int64s
from konnx.graph.operators import op
from konnx.graph.protos import read_graphs
from konnx.graph.tensor import INTERNAL, Node, ShapeError, Tensor
from konnx.graph.types import Dim, TensorType, common_dims
from konnx.graph.walk import substitute

Types = list[TensorType]
LoadBody = Callable[[onnx.GraphProto, Sequence[Tensor]], list[Tensor]]
"""Makes the results of a graph from tensors for its inputs."""


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
) -> Sequence[Tensor]:
    """Make an If, Loop or Scan, the latter over axis 0 of everything and in one direction.

    A Loop of a known number of steps becomes a Scan.

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
    captured = [tensor for tensor in outer if not is_small_constant(tensor)]
    graphs = read_graphs(node)
    found = maker(graphs, inputs, attributes, load_body)
    bodies = {
        key: close_over(results, parameters, captured)
        for key, (parameters, results) in found.bodies.items()
    }
    inputs = [*(found.inputs or inputs), *captured]
    kept = attributes if found.attributes is None else found.attributes
    made = Node(found.op_type or node.op_type, inputs, {**kept, **bodies}, found.types, name=name)
    return found.finish(made.outputs)


@dataclass(frozen=True)
class _Found:
    """What a node is to be made of.

    Attributes:
        bodies: parameters and results of each, by the attribute's name.
        types: of the node's outputs.
        inputs: in place of those given, if there are any.
        attributes: in place of those given; None: these.
        finish: makes what the model asks for of the node's outputs.
        op_type: in place of the one given, if any.
    """

    bodies: dict[str, tuple[list[Tensor], list[Tensor]]]
    types: Types
    inputs: Sequence[Tensor | None] = ()
    attributes: Mapping[str, Any] | None = None
    finish: Callable[[Sequence[Tensor]], Sequence[Tensor]] = lambda outputs: outputs
    op_type: str = ""


Graphs = Mapping[str, onnx.GraphProto]
Inputs = Sequence[Tensor | None]


def _if(graphs: Graphs, inputs: Inputs, attributes: Mapping[str, Any], load: LoadBody) -> _Found:
    then, otherwise = load(graphs["then_branch"], []), load(graphs["else_branch"], [])
    if len(then) != len(otherwise):
        raise ShapeError(f"its branches return {len(then)} and {len(otherwise)} values")
    types = [_joined(a.type, b.type) for a, b in zip(then, otherwise, strict=True)]
    return _Found({"then_branch": ([], then), "else_branch": ([], otherwise)}, types)


def _loop(graphs: Graphs, inputs: Inputs, attributes: Mapping[str, Any], load: LoadBody) -> _Found:
    body, initial = graphs["body"], [_given(one) for one in inputs[2:]]
    first = [TensorType("int64", ()), TensorType("bool", ())]
    parameters, results = _repeat(body, first, [one.type for one in initial], [], load)
    states = [one.type for one in parameters[2:]]
    stacks = results[1 + len(states) :]
    keeps_types = states == [one.type for one in initial]
    if keeps_types and _is_counted(inputs, parameters[1], results[0]):
        return _counted_loop(inputs[0], initial, parameters, results)
    types = states + [_stacked(one, None) for one in stacks]
    return _Found({"body": (parameters, results)}, types)


def _is_counted(inputs: Inputs, going: Tensor, goes_on: Tensor) -> bool:
    """Tell whether a Loop has a known number of steps, and nothing else ends it."""
    count, start = inputs[0], inputs[1]
    number = None if count is None else count.constant_value
    if number is None or number < 1:  # ONNX Runtime runs no Scan of no steps
        return False
    begins = start is None or _is_true(start)
    while goes_on.node.op_type == "Identity" and goes_on.node.inputs[0] is not None:
        goes_on = goes_on.node.inputs[0]
    return begins and (goes_on is going or _is_true(goes_on))


def _is_true(tensor: Tensor) -> bool:
    value = tensor.constant_value
    return value is not None and bool(value.all())


def _counted_loop(
    count: Tensor | None, initial: Sequence[Tensor], parameters: list[Tensor], results: list[Tensor]
) -> _Found:
    """A Loop of so many steps as a Scan over their numbers, which has a gradient."""
    number, going, *states = parameters
    wanted = substitute(results[1:], {going: constant(np.asarray(True))})
    numbers = op("Range", *(_scalar(one) for one in (0, _given(count), 1)))
    types = [one.type for one in states]
    steps = numbers.dims[0] if numbers.dims else None
    types += [_stacked(one, steps) for one in wanted[len(states) :]]
    bodies = {"body": ([*states, number], wanted)}
    return _Found(bodies, types, [*initial, numbers], {"num_scan_inputs": 1}, op_type="Scan")


def _scalar(value: Tensor | int) -> Tensor:
    if isinstance(value, int):
        return constant(np.asarray(value, np.int64))
    return value if value.dims == () else op("Reshape", value, int64s([]))


def _scan(graphs: Graphs, inputs: Inputs, attributes: Mapping[str, Any], load: LoadBody) -> _Found:
    """Axes and directions of single sequences become Transposes and Slices around the loop."""
    body, count = graphs["body"], int(attributes["num_scan_inputs"])
    split = len(inputs) - count
    stacks = len(body.output) - split
    axes, turned, stack_axes, stacks_turned = (
        attributes.get(f"scan_{name}") or [0] * size
        for name, size in (
            ("input_axes", count),
            ("input_directions", count),
            ("output_axes", stacks),
            ("output_directions", stacks),
        )
    )
    reverse = all(turned) and all(stacks_turned)
    sequences = [
        _to_front(_given(one), axis, bool(turn) and not reverse)
        for one, axis, turn in zip(inputs[split:], axes, turned, strict=True)
    ]
    states = [_given(one).type for one in inputs[:split]]
    elements = [TensorType(one.dtype, (one.dims or ())[1:]) for one in sequences]
    parameters, results = _repeat(body, [], states, elements, load)
    steps = _steps([one.dims[0] for one in sequences if one.dims])
    types = [one.type for one in parameters[:split]]
    types += [_stacked(one, steps) for one in results[split:]]
    kept: dict[str, Any] = {"num_scan_inputs": count}
    if reverse:
        kept["scan_input_directions"] = [1] * count
        kept |= {"scan_output_directions": [1] * stacks} if stacks else {}

    def finish(outputs: Sequence[Tensor]) -> Sequence[Tensor]:
        back = zip(outputs[split:], stack_axes, stacks_turned, strict=True)
        moved = [_from_front(one, axis, bool(turn) and not reverse) for one, axis, turn in back]
        return [*outputs[:split], *moved]

    inputs = [*inputs[:split], *sequences]
    return _Found({"body": (parameters, results)}, types, inputs, kept, finish)


def _to_front(sequence: Tensor, axis: int, turn: bool) -> Tensor:
    rank = 0 if sequence.dims is None else len(sequence.dims)
    if not -rank <= axis < rank:
        raise ShapeError(f"{sequence!r} has no axis {axis} to scan")
    axis %= rank
    others = [one for one in range(rank) if one != axis]
    front = op("Transpose", sequence, perm=[axis, *others]) if axis else sequence
    return _turned(front) if turn else front


def _from_front(stack: Tensor, axis: int, turn: bool) -> Tensor:
    rank = 0 if stack.dims is None else len(stack.dims)
    if not -rank <= axis < rank:
        raise ShapeError(f"{stack!r} has no axis {axis} to stack along")
    axis %= rank
    stack = _turned(stack) if turn else stack
    order = list(range(1, rank))
    return op("Transpose", stack, perm=[*order[:axis], 0, *order[axis:]]) if axis else stack


def _turned(tensor: Tensor) -> Tensor:
    """The elements along axis 0 in the opposite order."""
    first, beyond = int64s([-1]), int64s([np.iinfo(np.int64).min])
    return op("Slice", tensor, first, beyond, int64s([0]), int64s([-1]))


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
    return TensorType(first.dtype, common_dims(first.dims, second.dims))


def _stacked(one: Tensor, steps: Dim) -> TensorType:
    return TensorType(one.dtype, None if one.dims is None else (steps, *one.dims))


def _steps(known: Sequence[Dim]) -> Dim:
    numbers = [size for size in known if isinstance(size, int)]
    return next(iter([*numbers, *(size for size in known if size is not None)]), None)
