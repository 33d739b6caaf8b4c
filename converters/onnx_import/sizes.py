"""Arithmetic on shapes, done while a file is read.

Exporters write `x.view(x.size(0), -1)` as Shape, Gather, Concat and Reshape. What such nodes
compute is known, up to the sizes that vary; those are known by name. So a Reshape gets constants,
and the shapes of what follows are known.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from konnx.converters.onnx_import.calls import Call
from konnx.graph import Dim, Tensor, constant, int64s, op, refine
from konnx.graph.passes import fold_constants

_MOST = 64  # entries


@dataclass(frozen=True)
class Entries:
    """What is known of a small integer tensor: its entries, a size that varies by its name."""

    values: tuple[Dim, ...]
    is_scalar: bool = False


class Sizes:
    """Knows the entries of tensors that are computed from shapes."""

    def __init__(self) -> None:
        self._known: dict[Tensor, Entries] = {}

    def of(self, tensor: Tensor | None) -> Entries | None:
        """Return what is known of a tensor."""
        if tensor is None:
            return None
        value = tensor.constant_value
        if value is None:
            return self._known.get(tensor)
        if value.dtype.kind not in "ib" or value.ndim > 1 or value.size > _MOST:
            return None
        return Entries(tuple(int(entry) for entry in value.reshape(-1)), value.ndim == 0)

    def note(self, call: Call, outputs: Sequence[Tensor]) -> Sequence[Tensor]:
        """Remember what a call computes; return a constant in its place where all is known."""
        if all(one is None or one.constant_value is not None for one in call.inputs):
            folded = fold_constants(outputs)
            if all(one.constant_value is not None for one in folded):
                return folded
        rule = _RULES.get(call.node.op_type)
        entries = rule(self, call) if rule is not None and len(outputs) == 1 else None
        if entries is None or len(entries.values) > _MOST:
            return outputs
        if all(isinstance(entry, int) for entry in entries.values):
            shape = () if entries.is_scalar else (len(entries.values),)
            return [constant(np.asarray(entries.values, outputs[0].dtype).reshape(shape))]
        self._known[outputs[0]] = entries
        return outputs

    def simplify(self, call: Call) -> Sequence[Tensor] | None:
        """Make a Reshape, Expand or ConstantOfShape by what is known of its shape."""
        maker = _SHAPED.get(call.node.op_type)
        entries = self.of(call.optional(0 if call.node.op_type == "ConstantOfShape" else 1))
        return None if maker is None or entries is None else maker(call, entries.values)


# What is known of the output of an operator


def _shape(sizes: Sizes, call: Call) -> Entries | None:
    if call.x.dims is None:
        return None
    return Entries(call.x.dims[call.get("start", 0) : call.get("end")])


def _gather(sizes: Sizes, call: Call) -> Entries | None:
    data, places = sizes.of(call.x), call.constant(1)
    if data is None or places is None or data.is_scalar or places.ndim > 1:
        return None
    if not all(-len(data.values) <= place < len(data.values) for place in places.reshape(-1)):
        return None
    return Entries(tuple(data.values[int(p)] for p in places.reshape(-1)), places.ndim == 0)


def _concat(sizes: Sizes, call: Call) -> Entries | None:
    parts = [sizes.of(one) for one in call.inputs]
    if any(part is None or part.is_scalar for part in parts):
        return None
    return Entries(tuple(entry for part in parts if part is not None for entry in part.values))


def _same(sizes: Sizes, call: Call) -> Entries | None:
    return sizes.of(call.x)


def _cast(sizes: Sizes, call: Call) -> Entries | None:
    return sizes.of(call.x) if call.get("to") in (6, 7) else None  # int32, int64


def _unsqueeze(sizes: Sizes, call: Call) -> Entries | None:
    data = sizes.of(call.x)
    return Entries(data.values) if data is not None and data.is_scalar else None


def _squeeze(sizes: Sizes, call: Call) -> Entries | None:
    data = sizes.of(call.x)
    if data is None or data.is_scalar or len(data.values) != 1:
        return None
    return Entries(data.values, is_scalar=True)


def _slice(sizes: Sizes, call: Call) -> Entries | None:
    data, bounds = sizes.of(call.x), [call.constant(index) for index in (1, 2)]
    steps = call.constant(4) if call.optional(4) is not None else np.ones(1, np.int64)
    if data is None or data.is_scalar or steps is None:
        return None
    if any(bound is None or bound.size != 1 for bound in bounds):
        return None
    start, end = (int(bound.reshape(-1)[0]) for bound in bounds if bound is not None)
    return Entries(data.values[start : end : int(steps.reshape(-1)[0])])


def _reshape(sizes: Sizes, call: Call) -> Entries | None:
    data, shape = sizes.of(call.x), call.constant(1)
    if data is None or shape is None or shape.size > 1:
        return None
    return Entries(data.values, is_scalar=shape.size == 0)


Arithmetic = Callable[[Dim, Dim], Dim]


def _elementwise(function: Arithmetic) -> Callable[[Sizes, Call], Entries | None]:
    def rule(sizes: Sizes, call: Call) -> Entries | None:
        a, b = sizes.of(call.x), sizes.of(call.optional(1))
        if a is None or b is None:
            return None
        count = max(len(a.values), len(b.values))
        if {len(a.values), len(b.values)} - {1, count}:
            return None
        first, second = (one.values * (count // len(one.values)) for one in (a, b))
        pairs = zip(first, second, strict=True)
        return Entries(tuple(function(*pair) for pair in pairs), a.is_scalar and b.is_scalar)

    return rule


def _on_numbers(function: Callable[[int, int], int]) -> Arithmetic:
    def apply(a: Dim, b: Dim) -> Dim:
        return function(a, b) if isinstance(a, int) and isinstance(b, int) else None

    return apply


def _divided(a: int, b: int) -> int:
    return int(a / b) if b else 0  # towards zero, as ONNX divides


def _equal(a: Dim, b: Dim) -> Dim:
    """A size that varies is at least 0, so it is no -1."""
    if isinstance(a, int) and isinstance(b, int):
        return int(a == b)
    known = a if isinstance(a, int) else b
    return 0 if isinstance(known, int) and known < 0 else None


def _where(sizes: Sizes, call: Call) -> Entries | None:
    condition, then, otherwise = (sizes.of(call.optional(index)) for index in range(3))
    if condition is None or then is None or otherwise is None:
        return None
    if not len(condition.values) == len(then.values) == len(otherwise.values):
        return None
    chosen = zip(condition.values, then.values, otherwise.values, strict=True)
    return Entries(tuple((None if c is None else a if c else b) for c, a, b in chosen))


def _constant_of_shape(sizes: Sizes, call: Call) -> Entries | None:
    value, shape = call.get("value"), call.constant(0)
    if shape is None or shape.size != 1 or shape.reshape(-1)[0] > _MOST:
        return None
    if not isinstance(value, np.ndarray) or value.dtype.kind != "i":
        return None
    return Entries((int(value.reshape(-1)[0]),) * int(shape.reshape(-1)[0]))


_RULES: dict[str, Callable[[Sizes, Call], Entries | None]] = {
    "Add": _elementwise(_on_numbers(lambda a, b: a + b)),
    "Cast": _cast,
    "Concat": _concat,
    "ConstantOfShape": _constant_of_shape,
    "Div": _elementwise(_on_numbers(_divided)),
    "Equal": _elementwise(_equal),
    "Gather": _gather,
    "Identity": _same,
    "Mod": _elementwise(_on_numbers(lambda a, b: a % b if b else 0)),
    "Mul": _elementwise(_on_numbers(lambda a, b: a * b)),
    "Reshape": _reshape,
    "Shape": _shape,
    "Slice": _slice,
    "Squeeze": _squeeze,
    "Sub": _elementwise(_on_numbers(lambda a, b: a - b)),
    "Unsqueeze": _unsqueeze,
    "Where": _where,
}


# What is made with a shape that is known in part


def _reshaped(call: Call, target: tuple[Dim, ...]) -> Sequence[Tensor] | None:
    """With a 0 for a size that stays where it is, and a -1 for one that is left over."""
    if call.get("allowzero") or 0 in target:
        return None
    dims = call.x.dims or ()
    stays = [
        isinstance(size, str) and place < len(dims) and dims[place] == size
        for place, size in enumerate(target)
    ]
    sizes = [
        0 if stay else size if isinstance(size, int) else -1
        for size, stay in zip(target, stays, strict=True)
    ]
    if sizes.count(-1) > 1:
        return None
    reshaped = op("Reshape", call.x, int64s(sizes))
    return [refine(reshaped, [None if size == -1 else size for size in target])]


def _expanded(call: Call, target: tuple[Dim, ...]) -> Sequence[Tensor] | None:
    expanded = op("Expand", call.x, call.given(1))
    if expanded.dims is None or len(expanded.dims) != len(target):
        return None
    return [refine(expanded, [None if size == 1 else size for size in target])]


def _filled(call: Call, target: tuple[Dim, ...]) -> Sequence[Tensor] | None:
    return [refine(op("ConstantOfShape", call.x, **call.attributes), target)]


_SHAPED = {"ConstantOfShape": _filled, "Expand": _expanded, "Reshape": _reshaped}
