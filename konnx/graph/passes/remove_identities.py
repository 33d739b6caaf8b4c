"""Operators that hand on what they are given vanish."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from konnx.graph.passes._nodes import broadcasts_into, ints_of, says_as_much, value_of
from konnx.graph.tensor import INTERNAL, Node, Tensor
from konnx.graph.types import Dim
from konnx.graph.walk import rewrite

Inputs = Sequence[Tensor | None]
Find = Callable[[Node, Inputs], "Tensor | None"]


def remove_identities(outputs: Sequence[Tensor]) -> list[Tensor]:
    """Return the outputs without what changes nothing.

    These are Identity, Dropout, a Cast to the same dtype, a Transpose, Pad, Slice, Expand or Tile
    that leaves everything where it is, sums with 0, products with 1 and powers of 1, and
    operators of many inputs that are given one.
    """
    return rewrite(outputs, _replace)


def _replace(node: Node, inputs: list[Tensor | None]) -> Sequence[Tensor] | None:
    find = None if node.domain == INTERNAL else RULES.get(node.op_type)
    same = None if find is None or len(node.outputs) != 1 else find(node, inputs)
    return [same] if same is not None and says_as_much(same, node.outputs[0]) else None


def _first(_: Node, inputs: Inputs) -> Tensor | None:
    return inputs[0]


def _only(_: Node, inputs: Inputs) -> Tensor | None:
    return inputs[0] if len(inputs) == 1 else None


def _dropout(_: Node, inputs: Inputs) -> Tensor | None:
    return inputs[0] if len(inputs) < 3 else None


def _cast(node: Node, inputs: Inputs) -> Tensor | None:
    x = inputs[0]
    return x if x is not None and x.dtype == node.outputs[0].dtype else None


def _transpose(node: Node, inputs: Inputs) -> Tensor | None:
    perm = node.attributes.get("perm")
    return inputs[0] if perm and list(perm) == sorted(perm) else None


def _zero_amounts(_: Node, inputs: Inputs) -> Tensor | None:
    amounts = ints_of(inputs, 1)
    return inputs[0] if amounts is not None and not any(amounts) else None


def _repeats_of_one(_: Node, inputs: Inputs) -> Tensor | None:
    repeats = ints_of(inputs, 1)
    return inputs[0] if repeats is not None and set(repeats) <= {1} else None


def _expand(node: Node, inputs: Inputs) -> Tensor | None:
    x, sizes = inputs[0], ints_of(inputs, 1)
    if x is None or x.dims is None or sizes is None or len(sizes) > len(x.dims):
        return None
    tail = x.dims[len(x.dims) - len(sizes) :]
    return x if all(size in (1, dim) for size, dim in zip(sizes, tail, strict=True)) else None


def _slice(_: Node, inputs: Inputs) -> Tensor | None:
    x, starts, ends = inputs[0], ints_of(inputs, 1), ints_of(inputs, 2)
    if x is None or x.dims is None or starts is None or ends is None or any(starts):
        return None
    given = len(inputs) > 3 and inputs[3] is not None
    axes = ints_of(inputs, 3) if given else list(range(len(starts)))
    steps = [1] if len(inputs) < 5 else ints_of(inputs, 4)
    if axes is None or steps is None or set(steps) != {1}:
        return None
    sizes = [x.dims[axis] for axis in axes]
    return x if all(_reaches(end, dim) for end, dim in zip(ends, sizes, strict=True)) else None


def _reaches(end: int, dim: Dim) -> bool:
    return end >= _FAR or (isinstance(dim, int) and end >= dim)


_FAR = 2**31 - 1  # ends from here on mean: all


def _neutral(number: int, *, right_only: bool) -> Find:
    """A rule for an operator of two operands to which this number, as one of them, is nothing."""

    def rule(_: Node, inputs: Inputs) -> Tensor | None:
        for place in (1,) if right_only else (1, 0):
            x, value = inputs[1 - place], value_of(inputs, place)
            if x is None or value is None or x.constant_value is not None:
                continue
            if (value == number).all() and broadcasts_into(value, x.dims):
                return x
        return None

    return rule


RULES: dict[str, Find] = {
    "Add": _neutral(0, right_only=False),
    "Cast": _cast,
    "Concat": _only,
    "Div": _neutral(1, right_only=True),
    "Dropout": _dropout,
    "Expand": _expand,
    "Identity": _first,
    "Max": _only,
    "Mean": _only,
    "Min": _only,
    "Mul": _neutral(1, right_only=False),
    "Pad": _zero_amounts,
    "Pow": _neutral(1, right_only=True),
    "Slice": _slice,
    "Sub": _neutral(0, right_only=True),
    "Sum": _only,
    "Tile": _repeats_of_one,
    "Transpose": _transpose,
}
