"""Functions that a model brings along, written out where they are called."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

import onnx
from onnx import inliner

_MOST_NODES = 1_000_000
_MOST_LEVELS = 64  # deeper chains overflow the stack of onnx

Key = tuple[str, str, str]  # domain, name, overload


def inline_functions(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return a model without functions of its own.

    Raises:
        ValueError: a function calls itself, is called with more than it takes, or they are so many
            or so deep that writing them out would take all memory.
    """
    if not model.functions:
        return model
    _check_size(model)
    try:
        return inliner.inline_local_functions(model)
    except RuntimeError as error:  # an assertion of onnx
        raise ValueError(f"The model's functions cannot be written out: {error}") from error


def all_nodes(nodes: Iterable[onnx.NodeProto]) -> Iterator[onnx.NodeProto]:
    """Yield nodes and those of the graphs in their attributes."""
    pending = [iter(nodes)]
    while pending:
        node = next(pending[-1], None)
        if node is None:
            pending.pop()
            continue
        yield node
        for attribute in node.attribute:
            pending += [iter(attribute.g.node)] if attribute.HasField("g") else []
            pending += [iter(graph.node) for graph in attribute.graphs]


def all_graphs(graph: onnx.GraphProto) -> Iterator[onnx.GraphProto]:
    """Yield a graph and those within its nodes."""
    pending = [graph]
    while pending:
        one = pending.pop()
        yield one
        for node in one.node:
            for attribute in node.attribute:
                pending += [attribute.g] if attribute.HasField("g") else []
                pending += attribute.graphs


def _check_size(model: onnx.ModelProto) -> None:
    calls = {(f.domain, f.name, f.overload): _calls(f.node) for f in model.functions}
    sizes: dict[Key, int] = {}
    levels: dict[Key, int] = {}
    for key in _callees_first(calls):
        known = {callee: count for callee, count in calls[key].items() if callee in calls}
        inner = sum(count * sizes[callee] for callee, count in known.items())
        sizes[key] = inner + calls[key].total()
        levels[key] = 1 + max((levels[callee] for callee in known), default=0)
        if sizes[key] > _MOST_NODES or levels[key] > _MOST_LEVELS:
            raise ValueError(
                f"The model's function {key[1]!r} stands for {sizes[key]} nodes at {levels[key]} "
                f"levels. At most {_MOST_NODES} nodes and {_MOST_LEVELS} levels are read."
            )
    total = sum(count * sizes.get(key, 1) for key, count in _calls(model.graph.node).items())
    if total > _MOST_NODES:
        raise ValueError(
            f"The model stands for {total} nodes once its functions are written out. At most "
            f"{_MOST_NODES} are read."
        )


def _calls(nodes: Iterable[onnx.NodeProto]) -> Counter[Key]:
    return Counter((node.domain, node.op_type, node.overload) for node in all_nodes(nodes))


def _callees_first(calls: dict[Key, Counter[Key]]) -> list[Key]:
    order: dict[Key, None] = {}
    open_keys: set[Key] = set()
    stack = [(key, False) for key in calls]
    while stack:
        key, callees_listed = stack.pop()
        if callees_listed:
            open_keys.discard(key)
            order[key] = None
        elif key in open_keys:
            raise ValueError(f"The model's function {key[1]!r} calls itself.")
        elif key not in order:
            open_keys.add(key)
            stack.append((key, True))
            stack += [(callee, False) for callee in calls[key] if callee in calls]
    return list(order)
