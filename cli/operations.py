"""How many floating-point operations a run of a model takes, estimated from its nodes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, NodeProto

Shape = tuple[int, ...]
Shapes = Mapping[str, Shape]


_FREE = frozenset({
    "Cast", "Concat", "Constant", "ConstantOfShape", "Dropout", "Expand", "Flatten", "Gather",
    "GatherElements", "GatherND", "Identity", "Pad", "Range", "Reshape", "Shape", "Slice", "Split",
    "Squeeze", "Tile", "Transpose", "Unsqueeze",
})  # fmt: skip


def count_operations(model: ModelProto) -> int:
    """Return the floating-point operations of one sample; a multiplication and an addition are two.

    Sizes that the model leaves open count as 1, and so does what has no known shape. Products and
    convolutions are counted exactly, everything else as one operation for each element.
    """
    import onnx

    fixed = onnx.ModelProto()
    fixed.CopyFrom(model)
    for value in fixed.graph.input:
        for dim in value.type.tensor_type.shape.dim:
            if not dim.HasField("dim_value"):
                dim.dim_value = 1
    del fixed.graph.value_info[:]
    for value in fixed.graph.output:
        value.type.tensor_type.ClearField("shape")
    try:
        inferred = onnx.shape_inference.infer_shapes(fixed, data_prop=True)
    except (onnx.shape_inference.InferenceError, onnx.checker.ValidationError, ValueError):
        inferred = fixed
    return _in_graph(inferred.graph, {})


def _in_graph(graph: GraphProto, outer: Shapes) -> int:
    shapes = {**outer, **_shapes(graph)}
    return sum(_in_node(node, shapes) for node in graph.node)


def _shapes(graph: GraphProto) -> dict[str, Shape]:
    values = [*graph.input, *graph.value_info, *graph.output]
    found = {value.name: _sizes(value.type.tensor_type.shape.dim) for value in values}
    return {**found, **{tensor.name: tuple(tensor.dims) for tensor in graph.initializer}}


def _sizes(dims: Iterable[Any]) -> Shape:
    return tuple(max(dim.dim_value, 1) for dim in dims)


def _in_node(node: NodeProto, shapes: Shapes) -> int:
    if node.op_type in _FREE:
        return 0
    bodies = [a.g for a in node.attribute if a.HasField("g")]
    if bodies:
        return _steps(node, shapes) * max(_in_graph(body, shapes) for body in bodies)
    count = _COUNTS.get(node.op_type, _each_element)
    inputs, output = [shapes.get(name, ()) for name in node.input], _output(node, shapes)
    try:
        return count(node, inputs, output)
    except IndexError:  # it lacks an input
        return _each_element(node, inputs, output)


def _output(node: NodeProto, shapes: Shapes) -> Shape:
    return next((shapes[name] for name in node.output if name in shapes), ())


def _steps(node: NodeProto, shapes: Shapes) -> int:
    """How often a body runs: a Scan once for each element of what it scans, others once."""
    if node.op_type != "Scan":
        return 1
    scanned = next((a.i for a in node.attribute if a.name == "num_scan_inputs"), 1)
    sizes = [shapes.get(name, (1,))[:1] or (1,) for name in node.input[-scanned:]]
    return max((size[0] for size in sizes), default=1)


def _each_element(node: NodeProto, inputs: list[Shape], output: Shape) -> int:
    return max(math.prod(shape) for shape in [output, *inputs[:1]])


def _convolution(node: NodeProto, inputs: list[Shape], output: Shape) -> int:
    kernel = inputs[1]
    bias = math.prod(output) if len(inputs) > 2 else 0
    return 2 * math.prod(output) * math.prod(kernel[1:]) + bias


def _transposed_convolution(node: NodeProto, inputs: list[Shape], output: Shape) -> int:
    bias = math.prod(output) if len(inputs) > 2 else 0
    return 2 * math.prod(inputs[0]) * math.prod(inputs[1][1:]) + bias


def _product(node: NodeProto, inputs: list[Shape], output: Shape) -> int:
    return 2 * math.prod(output) * (inputs[0][-1] if inputs[0] else 1)


def _affine(node: NodeProto, inputs: list[Shape], output: Shape) -> int:
    transposed = any(a.name == "transA" and a.i for a in node.attribute)
    rows = inputs[0][0 if transposed else -1] if inputs[0] else 1
    return 2 * math.prod(output) * rows + (math.prod(output) if len(inputs) > 2 else 0)


def _recurrent(node: NodeProto, inputs: list[Shape], output: Shape) -> int:
    """Products with kernel and recurrent kernel at each step, then about five for each gate."""
    steps_and_batch = math.prod(inputs[0][:2])
    products = 2 * (math.prod(inputs[1]) + math.prod(inputs[2]))
    return steps_and_batch * (products + 5 * math.prod(inputs[2][:2]))


_COUNTS: Mapping[str, Callable[[NodeProto, list[Shape], Shape], int]] = {
    "Conv": _convolution,
    "ConvTranspose": _transposed_convolution,
    "Gemm": _affine,
    "MatMul": _product,
    **dict.fromkeys(("GRU", "LSTM", "RNN"), _recurrent),
}
