"""Walks over expression graphs; none recurses, since training graphs are thousands deep."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from konnx.graph.tensor import Node, Tensor


def topological_order(
    outputs: Iterable[Tensor], stop: Callable[[Node], bool] = lambda _: False
) -> list[Node]:
    """Return every node that the outputs reach, inputs before users.

    Args:
        outputs: where to start.
        stop: nodes for which it is true are listed, but not looked behind.
    """
    order: list[Node] = []
    opened: set[Node] = set()
    done: set[Node] = set()
    stack = [tensor.node for tensor in reversed(list(outputs))]
    while stack:
        node = stack[-1]
        if node not in opened and node.inputs and not stop(node):
            opened.add(node)
            stack += [t.node for t in reversed(node.inputs) if t is not None and t.node not in done]
            continue
        stack.pop()
        if node not in done:
            done.add(node)
            order.append(node)
    return order


Replace = Callable[[Node, list[Tensor | None]], Sequence[Tensor] | None]


def rewrite(
    outputs: Sequence[Tensor],
    replace: Replace,
    stop: Callable[[Node], bool] = lambda _: False,
) -> list[Tensor]:
    """Return the outputs with each node offered to `replace(node, new_inputs)`, inputs first.

    `replace` returns the tensors that stand for the node's outputs, or None to leave the node as
    it is; then it is copied only if one of its inputs has changed.
    """
    new: dict[Tensor, Tensor] = {}
    for node in topological_order(outputs, stop):
        inputs = [None if t is None else new.get(t, t) for t in node.inputs]
        replaced = replace(node, inputs)
        if replaced is None:
            if all(a is b for a, b in zip(inputs, node.inputs, strict=True)):
                continue
            replaced = node.with_inputs(inputs).outputs
        new.update(zip(node.outputs, replaced, strict=True))
    return [new.get(tensor, tensor) for tensor in outputs]


def substitute(outputs: Sequence[Tensor], mapping: dict[Tensor, Tensor]) -> list[Tensor]:
    """Return the outputs with some tensors replaced by others of the same type."""
    nodes = {tensor.node for tensor in mapping}

    def replace(node: Node, inputs: list[Tensor | None]) -> Sequence[Tensor] | None:
        if node not in nodes:
            return None
        return [mapping.get(tensor, tensor) for tensor in node.outputs]

    def is_replaced(node: Node) -> bool:
        return node in nodes and all(tensor in mapping for tensor in node.outputs)

    return rewrite(outputs, replace, is_replaced)
