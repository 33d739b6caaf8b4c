"""Nodes of ONNX Runtime's own operators on tensors with blocked channels.

Such a tensor says that it is (batch, channels, height, width), but its memory holds (batch,
channels / block, height, width, block): a vector register takes the channels of one pixel. Only
operators that treat each element by itself, and those of this domain, may read it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from konnx.graph.leaves import int64s
from konnx.graph.operators import op
from konnx.graph.tensor import Node, Tensor
from konnx.graph.types import Dim, TensorType

DOMAIN = "com.microsoft.nchwc"

TO_LAST, TO_FIRST = (0, 2, 3, 1), (0, 3, 1, 2)
"""The orders of axes that take channels to the end, and back."""


@dataclass(frozen=True)
class Blocked:
    """How a tensor of the graph is there with blocked channels.

    Args:
        tensor: says that it is (batch, channels, height, width).
        last: whether the graph's tensor is (batch, height, width, channels).
    """

    tensor: Tensor
    last: bool


def blocked_node(
    op_type: str,
    inputs: Sequence[Tensor | None],
    attributes: Mapping[str, Any],
    type_: TensorType,
    name: str,
) -> Tensor:
    """Make a node of the domain; its output is of `type_`."""
    given = list(inputs)
    while given and given[-1] is None:
        given.pop()
    return Node(op_type, given, attributes, [type_], domain=DOMAIN, name=name).outputs[0]


def reorder_input(x: Tensor, name: str, *, last: bool) -> Blocked:
    """Block the channels of a plain tensor."""
    source, type_ = x, x.type
    if last:
        type_ = TensorType(x.dtype, in_order(x, TO_FIRST))
    elif perm_of(x.node) == TO_FIRST:  # from before the Transpose, which then is not needed
        [first] = x.node.inputs
        assert first is not None
        source = first
    attributes = {"channels_last": int(last or source is not x)}
    return Blocked(
        blocked_node("ReorderInput", [source], attributes, type_, f"{name}/ReorderInput"), last
    )


def reorder_output(x: Blocked, name: str) -> Tensor:
    """Undo `reorder_input`."""
    tensor = x.tensor
    type_ = TensorType(tensor.dtype, in_order(tensor, TO_LAST)) if x.last else tensor.type
    attributes = {"channels": (tensor.dims or ())[1], "channels_last": int(x.last)}
    return blocked_node("ReorderOutput", [tensor], attributes, type_, f"{name}/ReorderOutput")


def reduced(x: Tensor, block: int, op_type: str, y: Tensor, *, of_samples: bool) -> Tensor:
    """What a reduction over the pixels makes of a blocked tensor, and perhaps over samples, too.

    Args:
        x: blocked.
        block: channels in a block.
        op_type: of the reduction.
        y: what the result is like.
        of_samples: reduce over samples, too; in two steps, as one over both sides is slow.
    """
    _, channels, *sizes = x.shape
    pixels = math.prod(size or 0 for size in sizes)
    tensor = op("Reshape", x, int64s([0, (channels or 0) // block, pixels, block]))
    for axis in (2, 0) if of_samples else (2,):
        tensor = op(op_type, tensor, int64s([axis]), keepdims=0)
    sizes_of_y = int64s([0 if dim is None else dim for dim in y.shape])
    return Node("Reshape", [tensor, sizes_of_y], {}, [y.type], name=y.node.name).outputs[0]


def channel_map(values: Tensor, block: int, channels: int, sizes: Sequence[int]) -> Tensor:
    """One value for each channel, perhaps of each sample, as blocked images of these sizes."""
    blocks = channels // block
    apart = op("Reshape", values, int64s([-1, blocks, 1, block]))
    repeated = op("Expand", apart, int64s([1, blocks, math.prod(sizes), block]))
    return op("Reshape", repeated, int64s([0, channels, *sizes]))


def in_order(tensor: Tensor, perm: tuple[int, ...]) -> tuple[Dim, ...]:
    """The sizes of a tensor in another order of its axes."""
    dims = tensor.dims or ()
    return tuple(dims[axis] for axis in perm)


def perm_of(node: Node) -> tuple[int, ...] | None:
    """The order into which a Transpose brings the axes; None if the node is no Transpose."""
    if node.op_type != "Transpose" or node.domain:
        return None
    return tuple(int(axis) for axis in node.attributes.get("perm", ()))


def blocked_filter(kernel: Tensor, block: int, *, inner: bool) -> Tensor:
    """A kernel (out, in, height, width) as the blocked Conv reads it.

    Args:
        kernel: of sizes that are known.
        block: channels in a block.
        inner: block the input channels, too: (out / block, in / block, height, width, block of in,
            block of out); otherwise (out / block, in, height, width, block of out).
    """
    source, perm = kernel, [0, 1, 2, 3]
    moved = perm_of(kernel.node)
    if moved:
        [first] = kernel.node.inputs
        assert first is not None
        source, perm = first, list(moved)
    split: list[int] = []  # the sizes of the source with the blocked axes in two
    places: dict[int, list[int]] = {}  # by axis of the kernel, where its parts are
    for axis, size in enumerate(source.shape):
        assert size is not None
        part = perm.index(axis)
        parts = [size // block, block] if part == 0 or (part == 1 and inner) else [size]
        places[part] = list(range(len(split), len(split) + len(parts)))
        split += parts
    order = [place for part in range(4) for place in places[part][:1]]
    order += [place for part in (1, 0) for place in places[part][1:]]
    parts_apart = op("Reshape", source, int64s(split))
    arranged = op("Transpose", parts_apart, perm=order)
    return op("Reshape", arranged, int64s([size or 0 for size in kernel.shape]))
