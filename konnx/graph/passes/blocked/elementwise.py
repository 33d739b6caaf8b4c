"""Operators that treat each element by itself, on blocked channels."""

from __future__ import annotations

from konnx.graph.operators import op
from konnx.graph.passes.blocked.affine import affine
from konnx.graph.passes.blocked.nodes import TO_FIRST, blocked_node, in_order
from konnx.graph.passes.blocked.state import Blocking
from konnx.graph.tensor import Node, Tensor
from konnx.graph.types import TensorType


def relu(state: Blocking, node: Node) -> bool:
    """Within the convolution, if nothing else reads that."""
    [x] = node.inputs
    made = None if x is None else state.blocked.get(x)
    if made is None or made.tensor.node.op_type != "Conv" or not state.is_read_once(x):
        return elementwise(state, node)
    conv = made.tensor.node
    attributes = {**conv.attributes, "activation": "Relu"}
    fused = blocked_node("Conv", conv.inputs, attributes, made.tensor.type, conv.name)
    return state.set(node, fused, last=made.last)


def elementwise(state: Blocking, node: Node) -> bool:
    """Where an operand is blocked; the others follow, if that costs little."""
    y = node.outputs[0]
    there = [t for t in node.inputs if t in state.blocked and _fill(t, y)]
    if not there:
        return _before_expansion(state, node)
    is_whole = any(t.dims == y.dims for t in there)
    given = [_unexpanded(state, t, y) if is_whole else t for t in node.inputs]
    if not _stays_blocked(state, y):
        return False
    last = state.blocked[there[0]].last
    if not state.can_block(y, last=last):
        return False
    type_ = TensorType(y.dtype, in_order(y, TO_FIRST)) if last else y.type
    alike = [t for t in there if t.dims == y.dims and state.blocked[t].last == last]
    values = [t for t in given if t is not None and _is_one_for_all(t, y, last)]
    merged = affine(state, node, alike, values, type_)
    if merged is not None:
        return state.set(node, merged, last=last)
    inputs = [None if t is None else _operand(state, t, y, last) for t in given]
    if any(made is None and t is not None for made, t in zip(inputs, given, strict=True)):
        return False
    made = Node(node.op_type, inputs, node.attributes, [type_], name=node.name)
    return state.set(node, made.outputs[0], last=last)


def _operand(state: Blocking, tensor: Tensor, y: Tensor, last: bool) -> Tensor | None:
    """An operand as it meets the others in blocks; None if that would cost too much."""
    if _is_scalar(tensor):
        return state.as_plain(tensor)
    if tensor in state.blocked and _fill(tensor, y):
        blocked = state.blocked[tensor]
        return blocked.tensor if blocked.last == last else None
    if tensor.dtype != "float32":
        return None
    if _fill(tensor, y):
        return state.as_blocked(tensor, last=last) if y in state.wanted else None
    return state.as_map(tensor, y, last) if _is_of_channels(tensor, y, last) else None


def _is_one_for_all(tensor: Tensor, y: Tensor, last: bool) -> bool:
    """Tell whether a tensor has one value for each channel of y, the same for all samples."""
    of_samples = len(tensor.dims or ()) == 4 and (tensor.dims or ())[0] != 1
    return tensor.dtype == "float32" and not of_samples and _is_of_channels(tensor, y, last)


def _unexpanded(state: Blocking, tensor: Tensor | None, y: Tensor) -> Tensor | None:
    """What is repeated to the shape of others, with which it broadcasts anyway."""
    if tensor not in state.expansions or tensor.dims != y.dims or None in (y.dims or ()):
        return tensor
    return state.expansions[tensor].inputs[0]


def expansion(state: Blocking, node: Node) -> bool:
    """Put it off: where others have that shape already, nothing need be repeated."""
    [y] = node.outputs
    if len(y.dims or ()) != 4:
        return False
    state.expansions[y] = node
    return True


def _before_expansion(state: Blocking, node: Node) -> bool:
    """Compute what is repeated before it is."""
    y = node.outputs[0]
    repeated = [t for t in node.inputs if t is not None and _unexpanded(state, t, y) is not t]
    if not repeated or not all(t in repeated or t is None or _is_scalar(t) for t in node.inputs):
        return False
    given = [_unexpanded(state, t, y) for t in node.inputs]
    once = op(
        node.op_type,
        *[None if t is None else state.as_plain(t) for t in given],
        **node.attributes,
    )
    state.plain[once] = once
    shape = state.expansions[repeated[0]].inputs[1]
    state.expansions[y] = Node("Expand", [once, shape], {}, [y.type], name=node.name)
    return True


def _stays_blocked(state: Blocking, y: Tensor) -> bool:
    """Only floats can be reordered; what is compared must be made floats right away."""
    if y.dtype == "float32":
        return True
    casts = all(n.op_type == "Cast" and n.outputs[0].dtype == "float32" for n in state.users[y])
    return casts and y not in state.outputs


def _is_scalar(tensor: Tensor) -> bool:
    return tensor.dims is not None and all(dim == 1 for dim in tensor.dims)


def _is_of_channels(tensor: Tensor, y: Tensor, last: bool) -> bool:
    """Tell whether a tensor has one value for each channel of y, perhaps of each sample."""
    dims, whole = tensor.dims or (), y.dims or ()
    sizes = (1, 1, whole[3]) if last else (whole[1], 1, 1)
    return (
        dims[-3:] == sizes[-len(dims) :]
        and (len(dims) < 4 or dims[0] in (1, whole[0]))
        and (last or len(dims) > 2)
    )


def _fill(tensor: Tensor, y: Tensor) -> bool:
    """Tell whether a tensor is as large as y, but perhaps for the batch."""
    dims, whole = tensor.dims, y.dims
    return (
        dims is not None
        and whole is not None
        and len(dims) == len(whole)
        and None not in dims[1:]
        and dims[1:] == whole[1:]
    )
