"""Convolutions and what is between them on blocked channels, ONNX Runtime's fastest layout on CPU.

ONNX Runtime does this by itself for models whose weights are constants. In a training step they
are not, so that convolutions there take a third longer. The result is no standard ONNX: it is for
a graph that is loaded at once, never for a file.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from konnx.graph.leaves import int64s
from konnx.graph.operators import op
from konnx.graph.passes import _blocked_kernel_gradient as kernel_gradient
from konnx.graph.passes import _blocked_pool_gradient as pool_gradient
from konnx.graph.passes._blocked_nodes import (
    TO_FIRST,
    TO_LAST,
    Blocked,
    blocked_filter,
    blocked_node,
    channel_map,
    in_order,
    perm_of,
    reduced,
    reorder_input,
    reorder_output,
)
from konnx.graph.passes._blocked_transposed import Transposed
from konnx.graph.passes._nodes import (
    BROADCASTING,
    UNARY,
    find_users,
    ints_of,
    known_sizes,
    value_of,
)
from konnx.graph.tensor import Node, Tensor, is_composite, name_scope
from konnx.graph.types import TensorType
from konnx.graph.walk import rewrite, topological_order

_FEWEST_PIXELS = 64  # of an output: below, to reorder the kernel costs as much as it brings


def block_channels(outputs: Sequence[Tensor], block: int) -> list[Tensor]:
    """Return the outputs with two-dimensional convolutions on blocked channels.

    Operators that treat each element by itself, pooling and enlarging follow where their input is
    blocked. All that has other types or sizes stays as it is.

    Args:
        outputs: tensors of a graph without phases.
        block: the number of channels in a block, as `runtime.channel_block` tells it.
    """
    return _Blocking(outputs, block).run()


class _Blocking:
    """One walk; each old tensor has a plain form in the new graph, a blocked one, or both."""

    def __init__(self, outputs: Sequence[Tensor], block: int) -> None:
        self._outputs = _choose_composites(outputs, block)
        self._block = block
        self._order = topological_order(self._outputs)
        self._users = find_users(self._outputs)
        self._plain: dict[Tensor, Tensor] = {}
        self._blocked: dict[Tensor, Blocked] = {}
        self._expansions: dict[Tensor, Node] = {}  # repeated only where that is asked for
        # One value a channel, for each pixel of an image of some size.
        self._maps: dict[tuple[Tensor, tuple[int, ...]], Tensor] = {}
        self._wanted = self._find_wanted()

    def run(self) -> list[Tensor]:
        if not self._wanted:
            return self._outputs
        for node in self._order:
            self._visit(node)
        return [self._as_plain(tensor) for tensor in self._outputs]

    def _find_wanted(self) -> set[Tensor]:
        """The tensors from which a way of followers leads to a convolution that is worth it."""
        wanted: set[Tensor] = set()
        for node in reversed(self._order):
            follows = not node.domain and node.op_type in _FOLLOWERS and node.outputs[0] in wanted
            if self._is_worth_it(node) or follows:
                wanted.update(tensor for tensor in node.inputs[:2] if tensor is not None)
            elif node.outputs and is_composite(node.outputs[0]) and node.inputs[0] is None:
                wanted.update(tensor for tensor in node.inputs[1:] if tensor is not None)
        return wanted

    def _visit(self, node: Node) -> None:
        with name_scope(node.scope):
            if not self._apply_rule(node):
                self._copy(node)

    def _copy(self, node: Node) -> None:
        """The same on plain tensors."""
        inputs = [None if t is None else self._as_plain(t) for t in node.inputs]
        same = all(a is b for a, b in zip(inputs, node.inputs, strict=True))
        copied = node if same else node.with_inputs(inputs)
        self._plain.update(zip(node.outputs, copied.outputs, strict=True))

    def _apply_rule(self, node: Node) -> bool:
        if len(node.outputs) != 1:
            return False
        if is_composite(node.outputs[0]):
            return _COMPOSITES[node.attributes["kind"]](self, node)
        rule = None if node.domain else _RULES.get(node.op_type)
        return rule is not None and rule(self, node)

    def _as_plain(self, tensor: Tensor) -> Tensor:
        if tensor not in self._plain:
            if tensor in self._blocked:
                self._plain[tensor] = reorder_output(self._blocked[tensor], tensor.node.name)
            else:
                expand = self._expansions[tensor]
                self._copy(expand)
                self._plain[tensor] = self._plain[expand.outputs[0]]
        return self._plain[tensor]

    def _as_blocked(self, tensor: Tensor, *, last: bool) -> Tensor:
        if tensor not in self._blocked:
            plain = self._as_plain(tensor)
            self._blocked[tensor] = reorder_input(plain, tensor.node.name, last=last)
        return self._blocked[tensor].tensor

    def _set(self, node: Node, made: Tensor, *, last: bool = False) -> bool:
        self._blocked[node.outputs[0]] = Blocked(made, last)
        return True

    def _can_block(self, tensor: Tensor, *, last: bool = False) -> bool:
        """Tell whether a tensor with its channels in this place is blocked or can be."""
        if tensor in self._blocked:
            return self._blocked[tensor].last == last
        dims = tensor.dims
        channels = dims[3 if last else 1] if dims is not None and len(dims) == 4 else None
        return isinstance(channels, int) and channels > 0 and channels % self._block == 0

    # Convolutions -----------------------------------------------------------------------------

    def _is_worth_it(self, node: Node) -> bool:
        """Tell whether a convolution is faster on blocked channels even between plain tensors."""
        if node.domain or node.op_type != "Conv" or not self._fits(node):
            return False
        _, inner, *sizes = _kernel(node)
        return node.attributes.get("group", 1) == 1 and not inner % self._block and max(sizes) > 1

    def _fits(self, node: Node) -> bool:
        y = node.outputs[0]
        pixels = known_sizes((y.dims or ())[2:])
        return (
            y.dtype == "float32"
            and self._can_block(y)
            and pixels is not None
            and math.prod(pixels) >= _FEWEST_PIXELS
            and bool(_kernel(node))
        )

    def convolution(self, node: Node) -> bool:
        x, kernel, *bias = node.inputs
        if x is None or kernel is None or not self._fits(node):
            return False
        out, inner, *_ = _kernel(node)
        group = node.attributes.get("group", 1)
        few = group == 1 and inner < self._block  # such channels are read as they are
        depthwise = inner == 1 and group == out
        readable = self._is_worth_it(node) or (x in self._blocked and (group == 1 or depthwise))
        if not (node.outputs[0] in self._wanted if few else readable and self._can_block(x)):
            return False
        inputs = [
            self._as_plain(x) if few else self._as_blocked(x, last=False),
            blocked_filter(self._as_plain(kernel), self._block, inner=not few and not depthwise),
            *[None if tensor is None else self._as_plain(tensor) for tensor in bias],
        ]
        return self._set(
            node, blocked_node("Conv", inputs, node.attributes, node.outputs[0].type, node.name)
        )

    def kernel_gradient(self, node: Node) -> bool:
        _, x, dy = node.inputs
        assert x is not None
        assert dy is not None
        few = (x.shape[1] or 0) % self._block != 0
        made = kernel_gradient.KernelGradient(
            self._as_plain(x) if few else self._as_blocked_first(x),
            self._as_blocked_first(dy),
            1 if few else self._block,
            self._block,
            node.attributes,
            f"{node.scope}/KernelGradient",
        )
        self._plain[node.outputs[0]] = made.make()
        return True

    def pool_gradient(self, node: Node) -> bool:
        x, y, dy = (self._as_blocked_first(t) for t in node.inputs if t is not None)
        return self._set(node, pool_gradient.max_pool_gradient(x, y, dy, node, self._block))

    def _as_blocked_first(self, tensor: Tensor) -> Tensor:
        """With blocks of its second axis, whichever it may be blocked on."""
        if self._can_block(tensor):
            return self._as_blocked(tensor, last=False)
        return reorder_input(self._as_plain(tensor), tensor.node.name, last=False).tensor

    def transposed(self, node: Node) -> bool:
        """With strides, as a convolution without, where input and output are blocked."""
        x, kernel, *_ = node.inputs
        y = node.outputs[0]
        if x is None or kernel is None or not (x in self._blocked or y in self._wanted):
            return False
        group = node.attributes.get("group", 1)
        if group not in (1, x.shape[1]) or not self._can_block(x) or not self._can_block(y):
            return False
        found = Transposed.of(node, self._block)
        if found is None or (found.is_depthwise and y.shape[1] != group):
            return False
        made = found.make(self._as_blocked(x, last=False), self._as_plain(kernel))
        return self._set(node, made)

    # What follows -----------------------------------------------------------------------------

    def relu(self, node: Node) -> bool:
        """Within the convolution, if nothing else reads that."""
        [x] = node.inputs
        made = None if x is None else self._blocked.get(x)
        if made is None or made.tensor.node.op_type != "Conv" or not self._is_read_once(x):
            return self.elementwise(node)
        conv = made.tensor.node
        attributes = {**conv.attributes, "activation": "Relu"}
        fused = blocked_node("Conv", conv.inputs, attributes, made.tensor.type, conv.name)
        return self._set(node, fused, last=made.last)

    def _is_read_once(self, tensor: Tensor | None) -> bool:
        """Tell whether one way leads from what made a tensor, past Transposes, to its user."""
        while tensor is not None and len(self._users[tensor]) == 1 and tensor not in self._outputs:
            if not perm_of(tensor.node):
                return True
            tensor = tensor.node.inputs[0]
        return False

    def elementwise(self, node: Node) -> bool:
        y = node.outputs[0]
        there = [t for t in node.inputs if t in self._blocked and _fill(t, y)]
        if not there:
            return self._before_expansion(node)
        is_whole = any(t.dims == y.dims for t in there)
        given = [self._unexpanded(t, y) if is_whole else t for t in node.inputs]
        if not self._stays_blocked(y):
            return False
        last = self._blocked[there[0]].last
        if not self._can_block(y, last=last):
            return False
        inputs = [None if t is None else self._operand(t, y, last) for t in given]
        if any(made is None and t is not None for made, t in zip(inputs, given, strict=True)):
            return False
        type_ = TensorType(y.dtype, in_order(y, TO_FIRST)) if last else y.type
        made = Node(node.op_type, inputs, node.attributes, [type_], name=node.name)
        return self._set(node, made.outputs[0], last=last)

    def _operand(self, tensor: Tensor, y: Tensor, last: bool) -> Tensor | None:
        """An operand as it meets the others in blocks; None if that would cost too much."""
        if _is_scalar(tensor):
            return self._as_plain(tensor)
        if tensor in self._blocked and _fill(tensor, y):
            blocked = self._blocked[tensor]
            return blocked.tensor if blocked.last == last else None
        if tensor.dtype != "float32":
            return None
        if _fill(tensor, y):
            return self._as_blocked(tensor, last=last) if y in self._wanted else None
        return self._as_map(tensor, y, last) if _is_of_channels(tensor, y, last) else None

    def _as_map(self, tensor: Tensor, y: Tensor, last: bool) -> Tensor:
        """One value a channel, written for each pixel: blocks are too short to be broadcast."""
        axes = TO_FIRST[1:] if last else (1, 2, 3)
        channels, *sizes = (y.shape[axis] or 0 for axis in axes)
        key = (tensor, tuple(sizes))
        if key not in self._maps:
            self._maps[key] = channel_map(self._as_plain(tensor), self._block, channels, sizes)
        return self._maps[key]

    def _unexpanded(self, tensor: Tensor | None, y: Tensor) -> Tensor | None:
        """What is repeated to the shape of others, with which it broadcasts anyway."""
        if tensor not in self._expansions or tensor.dims != y.dims or None in (y.dims or ()):
            return tensor
        return self._expansions[tensor].inputs[0]

    def expansion(self, node: Node) -> bool:
        """Put it off: where others have that shape already, nothing need be repeated."""
        [y] = node.outputs
        if len(y.dims or ()) != 4:
            return False
        self._expansions[y] = node
        return True

    def _before_expansion(self, node: Node) -> bool:
        """Compute what is repeated before it is."""
        y = node.outputs[0]
        repeated = [t for t in node.inputs if t is not None and self._unexpanded(t, y) is not t]
        if not repeated or not all(
            t in repeated or t is None or _is_scalar(t) for t in node.inputs
        ):
            return False
        given = [self._unexpanded(t, y) for t in node.inputs]
        once = op(
            node.op_type,
            *[None if t is None else self._as_plain(t) for t in given],
            **node.attributes,
        )
        self._plain[once] = once
        shape = self._expansions[repeated[0]].inputs[1]
        self._expansions[y] = Node("Expand", [once, shape], {}, [y.type], name=node.name)
        return True

    def shape(self, node: Node) -> bool:
        """That of blocks, in the order of the axes of what is asked for."""
        [x] = node.inputs
        if x not in self._blocked:
            return False
        blocked, y = self._blocked[x], node.outputs[0]
        if node.op_type == "Size" or not blocked.last:
            self._plain[y] = op(node.op_type, blocked.tensor, **node.attributes)
        else:
            order = TO_LAST[node.attributes.get("start", 0) : node.attributes.get("end", 4)]
            self._plain[y] = op("Gather", op("Shape", blocked.tensor), int64s(order))
        return True

    def _stays_blocked(self, y: Tensor) -> bool:
        """Only floats can be reordered; what is compared must be made floats right away."""
        if y.dtype == "float32":
            return True
        casts = all(n.op_type == "Cast" and n.outputs[0].dtype == "float32" for n in self._users[y])
        return casts and y not in self._outputs

    def pooling(self, node: Node) -> bool:
        [x] = node.inputs
        attributes = {key: value for key, value in node.attributes.items() if value != 0}
        attributes.pop("storage_order", None)
        if x is None or x not in self._blocked or not self._can_block(x):
            return False
        if "ceil_mode" in attributes:
            return False
        inputs, type_ = [self._as_blocked(x, last=False)], node.outputs[0].type
        return self._set(node, blocked_node(node.op_type, inputs, attributes, type_, node.name))

    def reduction(self, node: Node) -> bool:
        """Over the pixels, perhaps of all samples: the channels are left, which are plain."""
        x, y = node.inputs[0], node.outputs[0]
        blocked = None if x is None else self._blocked.get(x)
        axes = ints_of(node.inputs, 1)
        if blocked is None or not axes:
            return False
        pixels = {1, 2} if blocked.last else {2, 3}
        axes = [axis % 4 for axis in axes]
        if {*axes} not in (pixels, {0, *pixels}):
            return False
        self._plain[y] = reduced(blocked.tensor, self._block, node.op_type, y, of_samples=0 in axes)
        return True

    def sum_of_channels(self, node: Node) -> bool:
        """Over all axes but the last."""
        standard, x = node.inputs
        assert standard is not None
        assert x is not None
        y = node.outputs[0]
        if x in self._blocked and self._blocked[x].last:
            tensor = self._blocked[x].tensor
            self._plain[y] = reduced(tensor, self._block, "ReduceSum", y, of_samples=True)
        else:
            self._plain[y] = self._as_plain(standard)
        return True

    def enlarging(self, node: Node) -> bool:
        x, y, scales = node.inputs[0], node.outputs[0], value_of(node.inputs, 2)
        if x is None or scales is None or not self._can_block(x) or not _repeats(node, scales):
            return False
        if x not in self._blocked and y not in self._wanted:
            return False
        attributes = {"scales": [int(scale) for scale in scales]}
        inputs = [self._as_blocked(x, last=False)]
        return self._set(node, blocked_node("Upsample", inputs, attributes, y.type, node.name))

    def transpose(self, node: Node) -> bool:
        [x] = node.inputs
        blocked = None if x is None else self._blocked.get(x)
        if blocked is None or perm_of(node) != (TO_FIRST if blocked.last else TO_LAST):
            return False
        return self._set(node, blocked.tensor, last=not blocked.last)


def _choose_composites(outputs: Sequence[Tensor], block: int) -> list[Tensor]:
    """Return the outputs with composites alone, where that is fastest, otherwise without any."""

    def replace(node: Node, inputs: list[Tensor | None]) -> Sequence[Tensor] | None:
        if not node.outputs or not is_composite(node.outputs[0]):
            return None
        if node.attributes["kind"] == "SumToLastAxis":
            return None
        if kernel_gradient.is_worth_it(node, block) or pool_gradient.is_worth_it(node, block):
            return node.with_inputs([None, *inputs[1:]]).outputs
        assert inputs[0] is not None
        return [inputs[0]]

    return rewrite(outputs, replace)


def _kernel(node: Node) -> tuple[int, ...]:
    """The sizes of a convolution's kernel if all are known."""
    kernel = node.inputs[1]
    return tuple(known_sizes(None if kernel is None else kernel.dims) or ())


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


def _repeats(node: Node, scales: np.ndarray) -> bool:
    """Tell whether a Resize repeats each pixel some times."""
    attributes = node.attributes
    return (
        attributes.get("mode", "nearest") == "nearest"
        and attributes.get("coordinate_transformation_mode") == "asymmetric"
        and attributes.get("nearest_mode") == "floor"
        and "axes" not in attributes
        and len(node.inputs) == 3
        and scales.size == 4
        and not (scales % 1).any()
        and bool((scales[:2] == 1).all())
    )


_RULES: dict[str, Callable[[_Blocking, Node], bool]] = {
    **dict.fromkeys(UNARY | BROADCASTING, _Blocking.elementwise),
    **dict.fromkeys(("ReduceMean", "ReduceSum"), _Blocking.reduction),
    "AveragePool": _Blocking.pooling,
    "Expand": _Blocking.expansion,
    "Shape": _Blocking.shape,
    "Size": _Blocking.shape,
    "Conv": _Blocking.convolution,
    "ConvTranspose": _Blocking.transposed,
    "MaxPool": _Blocking.pooling,
    "Relu": _Blocking.relu,
    "Resize": _Blocking.enlarging,
    "Transpose": _Blocking.transpose,
}
_COMPOSITES: dict[str, Callable[[_Blocking, Node], bool]] = {
    kernel_gradient.KIND: _Blocking.kernel_gradient,
    "SumToLastAxis": _Blocking.sum_of_channels,
    pool_gradient.KIND: _Blocking.pool_gradient,
}
_FOLLOWERS = _RULES.keys() - {"Conv", "ReduceMean", "ReduceSum", "Shape", "Size"}
