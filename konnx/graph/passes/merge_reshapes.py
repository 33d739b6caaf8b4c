"""Of several changes of shape after one another, the last is enough."""

from __future__ import annotations

from collections.abc import Sequence

from konnx.graph.leaves import int64s
from konnx.graph.passes._nodes import ints_of, make, says_as_much
from konnx.graph.tensor import Node, Tensor
from konnx.graph.types import Dim
from konnx.graph.walk import rewrite

_RESHAPES = frozenset({"Flatten", "Reshape", "Squeeze", "Unsqueeze"})


def merge_reshapes(outputs: Sequence[Tensor]) -> list[Tensor]:
    """Return the outputs with chains of Reshape, Squeeze, Unsqueeze and Flatten made one Reshape.

    One that keeps the shape vanishes. Chains whose shape ONNX cannot state as one constant are
    left alone.
    """
    return rewrite(outputs, _replace)


def _replace(node: Node, inputs: list[Tensor | None]) -> Sequence[Tensor] | None:
    x, result = inputs[0] if inputs else None, node.outputs[0]
    if node.op_type not in _RESHAPES or x is None:
        return None
    source = _before(x)
    if _same_shape(source, result) and says_as_much(source, result):
        return [source]
    if source is x:
        return None
    sizes = _sizes(node, x, source)
    if sizes is None:
        return None
    return make("Reshape", [source, int64s(sizes)], {}, [result.type], node.name).outputs


def _before(x: Tensor) -> Tensor:
    """The tensor before all changes of shape that led to x."""
    while x.node.op_type in _RESHAPES and x.node.inputs[0] is not None:
        x = x.node.inputs[0]
    return x


def _same_shape(first: Tensor, second: Tensor) -> bool:
    """Tell whether two tensors with the same elements have one shape."""
    if first.dims is None or second.dims is None or len(first.dims) != len(second.dims):
        return False
    pairs = [(a, b) for a, b in zip(first.dims, second.dims, strict=True) if not _same(a, b)]
    # One size that is not known is what is left when the others are equal (and none is 0).
    unknown = len(pairs) == 1 and None in pairs[0]
    return not pairs or (unknown and 0 not in first.dims and _all_ints(first, second))


def _same(first: Dim, second: Dim) -> bool:
    return first is not None and first == second


def _all_ints(first: Tensor, second: Tensor) -> bool:
    """Tell whether, but for one axis, all sizes of both are numbers."""
    numbers = [sum(isinstance(dim, int) for dim in t.dims or ()) for t in (first, second)]
    return min(numbers) >= len(first.dims or ()) - 1


def _sizes(node: Node, x: Tensor, source: Tensor) -> list[int] | None:
    """The constant shape that takes `source` to the node's output."""
    dims, before = node.outputs[0].dims, source.dims
    if dims is None or before is None or 0 in dims:
        return None
    asked = ints_of(node.inputs, 1) if node.op_type == "Reshape" else None
    sizes: list[int] = []
    for axis, dim in enumerate(dims):
        if isinstance(dim, int):
            sizes.append(dim)
        elif _is_copied(axis, dim, asked, x, source):
            sizes.append(0)
        else:
            sizes.append(-1)
    return sizes if sizes.count(-1) <= 1 else None


def _is_copied(axis: int, dim: Dim, asked: list[int] | None, x: Tensor, source: Tensor) -> bool:
    """Tell whether a size that varies is that of the same axis of the source."""
    before = (source.dims or ())[axis : axis + 1]
    if dim is not None and before == (dim,):
        return True
    # Without a name: each Reshape on the way copies it.
    if asked is None or axis >= len(asked) or asked[axis] != 0:
        return False
    while x is not source:
        sizes = ints_of(x.node.inputs, 1) if x.node.op_type == "Reshape" else None
        inner = x.node.inputs[0]
        if sizes is None or axis >= len(sizes) or sizes[axis] != 0 or inner is None:
            return False
        x = inner
    return True
