"""What depends on constants alone is computed now."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from konnx.graph.leaves import constant
from konnx.graph.operators import op
from konnx.graph.passes._evaluate import evaluate
from konnx.graph.passes._nodes import ints_of, known_sizes, make, value_of
from konnx.graph.sameness import attributes_key
from konnx.graph.subgraph import bodies_of
from konnx.graph.tensor import INTERNAL, Node, Tensor, is_constant
from konnx.graph.types import Dim, TensorType, merge_dims
from konnx.graph.walk import rewrite

_SMALL = 1024  # elements; a larger result must not exceed what it is computed from


def fold_constants(outputs: Sequence[Tensor]) -> list[Tensor]:
    """Return the outputs with constants in place of nodes that depend on nothing else.

    Computed with NumPy in the node's own dtype. Sizes that are known count as constants too.
    A result much larger than its inputs (an Expand, a Tile) is left to the runtime.
    """
    known: dict[object, Tensor] = {}

    def replace(node: Node, inputs: list[Tensor | None]) -> Sequence[Tensor] | None:
        if node.domain == INTERNAL:
            return None
        key = _key(node, inputs)
        if key not in known:
            sharper = _sharpened(node, inputs)
            value = _shape_value(sharper, inputs)
            value = _value(sharper, inputs) if value is None else value
            if value is None:
                return None if sharper is node else sharper.outputs
            known[key] = constant(value, name=_name(node, inputs))
        return [known[key]]

    return rewrite(outputs, replace)


def _key(node: Node, inputs: list[Tensor | None]) -> object:
    """Equal for nodes of the same result: a kernel that two layers share stays one constant."""
    return (node.op_type, attributes_key(node), *inputs)


def _sharpened(node: Node, inputs: list[Tensor | None]) -> Node:
    """The node with what its new inputs say of its shape: a size, once folded, may decide it."""
    if all(_tells_nothing_new(a, b) for a, b in zip(node.inputs, inputs, strict=True)):
        return node
    if bodies_of(node):  # ONNX' inference cannot look into them
        return node
    if all(known_sizes(output.dims) is not None for output in node.outputs):
        return node
    count = len(node.outputs)
    outputs: Sequence[Tensor]
    if count == 1:
        outputs = [op(node.op_type, *inputs, **node.attributes)]
    else:
        outputs = op(node.op_type, *inputs, outputs=count, **node.attributes)
    types = [
        TensorType(old.dtype, merge_dims(new.dims, old.dims))
        for new, old in zip(outputs, node.outputs, strict=True)
    ]
    return make(node.op_type, inputs, node.attributes, types, node.name)


def _tells_nothing_new(old: Tensor | None, new: Tensor | None) -> bool:
    if old is None or new is None:
        return True
    return old.type == new.type and is_constant(old) == is_constant(new)


def _name(node: Node, inputs: list[Tensor | None]) -> str:
    """A weight keeps its name through Transpose and Reshape; other results take the node's."""
    if node.op_type in ("Cast", "Identity", "Reshape", "Squeeze", "Transpose", "Unsqueeze"):
        return inputs[0].node.name if inputs[0] is not None else node.name
    return node.name


def _value(node: Node, inputs: list[Tensor | None]) -> np.ndarray | None:
    values = [value_of(inputs, index) for index in range(len(inputs))]
    given = [value for value in values if value is not None]
    if len(given) < len([tensor for tensor in inputs if tensor is not None]) or not given:
        return None
    sizes = known_sizes(node.outputs[0].dims)
    if sizes is None or np.prod(sizes) > max(_SMALL, sum(value.size for value in given)):
        return None
    return evaluate(node, values)


def _shape_value(node: Node, inputs: list[Tensor | None]) -> np.ndarray | None:
    """The value of Shape or Size, or of some entries of a Shape, where those are known."""
    dims = _asked_dims(node, inputs)
    sizes = known_sizes(dims)
    if sizes is None:
        return None
    if node.op_type == "Size":
        return np.array(np.prod(sizes, dtype=np.int64))
    return np.array(sizes, np.int64).reshape(_sizes_shape(node, len(sizes)))


def _sizes_shape(node: Node, count: int) -> list[int]:
    shape = known_sizes(node.outputs[0].dims)
    return [count] if shape is None else shape


def _asked_dims(node: Node, inputs: list[Tensor | None]) -> Sequence[Dim] | None:
    """The sizes that the node's output consists of, None if it asks for none."""
    source = inputs[0] if inputs else None
    if source is None:
        return None
    if node.op_type == "Size":
        return source.dims
    if node.op_type == "Shape":
        return _shape_dims(node, source)
    if node.op_type == "Gather" and source.node.op_type == "Shape":
        return _gathered_dims(_shape_dims(source.node, source.node.inputs[0]), inputs)
    return None


def _gathered_dims(dims: Sequence[Dim] | None, inputs: list[Tensor | None]) -> Sequence[Dim] | None:
    places = ints_of(inputs, 1)
    if dims is None or places is None or not all(-len(dims) <= p < len(dims) for p in places):
        return None
    return [dims[place] for place in places]


def _shape_dims(node: Node, source: Tensor | None) -> Sequence[Dim] | None:
    if source is None or source.dims is None:
        return None
    return source.dims[node.attributes.get("start", 0) : node.attributes.get("end")]
