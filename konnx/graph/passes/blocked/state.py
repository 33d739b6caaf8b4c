"""The two forms that a graph's tensors have while it is put on blocked channels."""

from __future__ import annotations

from collections.abc import Sequence, Set

from konnx.graph.passes._nodes import find_users
from konnx.graph.passes.blocked.nodes import (
    TO_FIRST,
    Blocked,
    channel_map,
    perm_of,
    reorder_input,
    reorder_output,
)
from konnx.graph.tensor import Node, Tensor


class Blocking:
    """A graph and what its tensors have become: each has a plain form, a blocked one, or both.

    Args:
        outputs: of the graph.
        block: channels in a block.
    """

    def __init__(self, outputs: Sequence[Tensor], block: int) -> None:
        self.outputs = list(outputs)
        self.block = block
        # From which a way leads to what is worth it; a tensor that is plain is blocked for that.
        self.wanted: Set[Tensor] = frozenset()
        self.users = find_users(outputs)
        self.plain: dict[Tensor, Tensor] = {}
        self.blocked: dict[Tensor, Blocked] = {}
        self.expansions: dict[Tensor, Node] = {}  # repeated only where that is asked for
        # One value a channel, for each pixel of an image of some size.
        self._maps: dict[tuple[Tensor, tuple[int, ...]], Tensor] = {}

    def as_plain(self, tensor: Tensor) -> Tensor:
        """The plain form, made if need be."""
        if tensor not in self.plain:
            if tensor in self.blocked:
                self.plain[tensor] = reorder_output(self.blocked[tensor], tensor.node.name)
            else:
                expand = self.expansions[tensor]
                self.copy(expand)
                self.plain[tensor] = self.plain[expand.outputs[0]]
        return self.plain[tensor]

    def copy(self, node: Node) -> None:
        """Let a node stay as it is, on plain tensors."""
        inputs = [None if t is None else self.as_plain(t) for t in node.inputs]
        same = all(a is b for a, b in zip(inputs, node.inputs, strict=True))
        copied = node if same else node.with_inputs(inputs)
        self.plain.update(zip(node.outputs, copied.outputs, strict=True))

    def as_blocked(self, tensor: Tensor, *, last: bool) -> Tensor:
        """The blocked form, made if need be; `last`: of a tensor whose channels come last."""
        if tensor not in self.blocked:
            plain = self.as_plain(tensor)
            self.blocked[tensor] = reorder_input(plain, tensor.node.name, last=last)
        return self.blocked[tensor].tensor

    def as_blocked_first(self, tensor: Tensor) -> Tensor:
        """With blocks of its second axis, whichever it may be blocked on."""
        if self.can_block(tensor):
            return self.as_blocked(tensor, last=False)
        return reorder_input(self.as_plain(tensor), tensor.node.name, last=False).tensor

    def as_map(self, tensor: Tensor, y: Tensor, last: bool) -> Tensor:
        """One value a channel, written for each pixel: blocks are too short to be broadcast."""
        axes = TO_FIRST[1:] if last else (1, 2, 3)
        channels, *sizes = (y.shape[axis] or 0 for axis in axes)
        key = (tensor, tuple(sizes))
        if key not in self._maps:
            self._maps[key] = channel_map(self.as_plain(tensor), self.block, channels, sizes)
        return self._maps[key]

    def set(self, node: Node, made: Tensor, *, last: bool = False) -> bool:
        """Note what a node's output has become; True, as a rule says that has worked."""
        self.blocked[node.outputs[0]] = Blocked(made, last)
        return True

    def is_read_once(self, tensor: Tensor | None) -> bool:
        """Tell whether one way leads from what made a tensor, past Transposes, to its user."""
        while tensor is not None and len(self.users[tensor]) == 1 and tensor not in self.outputs:
            if not perm_of(tensor.node):
                return True
            tensor = tensor.node.inputs[0]
        return False

    def can_block(self, tensor: Tensor, *, last: bool = False) -> bool:
        """Tell whether a tensor with its channels in this place is blocked or can be."""
        if tensor in self.blocked:
            return self.blocked[tensor].last == last
        dims = tensor.dims
        channels = dims[3 if last else 1] if dims is not None and len(dims) == 4 else None
        return isinstance(channels, int) and channels > 0 and channels % self.block == 0
