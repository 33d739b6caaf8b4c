"""Reverse-mode differentiation of expression graphs, portable: it emits standard ONNX only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from konnx import ops
from konnx.autodiff.engines import check_engine, native_or_none
from konnx.autodiff.path import (
    active_tensors,
    backward_scope,
    differentiable_inputs,
    passed_on,
)
from konnx.autodiff.rules import RULES, Rule
from konnx.graph import (
    Node,
    ShapeError,
    Tensor,
    constant,
    has_phase,
    in_train_phase,
    is_float,
    name_scope,
    op,
    refine,
    topological_order,
)


class GradientError(ValueError):
    """A gradient was asked for that does not exist; names the operator and its layer."""


def gradients(
    loss: Tensor,
    wrt: Sequence[Tensor],
    *,
    training: bool | None = None,
    engine: str = "portable",
) -> list[Tensor | None]:
    """Return the gradient of the sum of `loss` for each tensor of `wrt`.

    Args:
        loss: a float tensor, usually a scalar.
        wrt: float tensors (variables, inputs or anything between) that the loss may depend on.
        training: differentiate the training side of `in_train_phase`, or the other; None: both,
            so that the gradients themselves differ by phase.
        engine: "portable": konnx' own rules; the result is standard ONNX and can be differentiated
            again. "onnxruntime-training": the training build of ONNX Runtime, where alone the
            result runs; a graph that it cannot differentiate goes to "portable", and a line in the
            log says why. "auto": the latter where it is installed.

    Returns:
        A tensor of the shape and dtype of each of `wrt`; None where the loss does not depend on it.

    Raises:
        RuntimeMissingError: the engine is not installed.
        ValueError: there is no such engine.
        GradientError: an operator on the way has no rule, or a tensor is not of a float type.

    Source: reverse accumulation, Griewank and Walther, Evaluating Derivatives, 2008, chapter 3.

    Example:
        >>> from konnx.graph import placeholder
        >>> x = placeholder((3,), name="x")
        >>> gradients(ops.sum(x * x), [x])
        [<Tensor 'grad/Mul' shape=(3,) dtype=float32>]
    """
    for tensor in (loss, *wrt):
        if not is_float(tensor.dtype):
            raise GradientError(
                f"Only float tensors have gradients. Received: {tensor!r}. Use K.cast first."
            )
    check_engine(engine)
    if training is None and has_phase([loss]):
        both = [gradients(loss, wrt, training=side, engine=engine) for side in (True, False)]
        return [_join(x, *sides) for x, *sides in zip(wrt, *both, strict=True)]
    found = native_or_none(loss, wrt, training is not False, engine)
    if found is not None:
        return found
    one = ops.expand_like(ops.scalar(1, loss), loss)
    return _Backward(topological_order([loss]), {loss: one}, wrt, training is not False).run()


def pull_back(
    outputs: Sequence[Tensor],
    dys: Sequence[Tensor | None],
    wrt: Sequence[Tensor],
    *,
    leaves: Sequence[Tensor] = (),
    training: bool = True,
) -> list[Tensor | None]:
    """Return the gradient for each of `wrt` of what is computed from them.

    Nothing behind `wrt` and `leaves` is looked at, even where one is computed from another.

    Args:
        outputs: float tensors.
        dys: the gradient of each output; None: unused.
        wrt: float tensors, each once.
        leaves: other tensors that the outputs are computed from.
        training: which side of `in_train_phase` to differentiate.

    Returns:
        A tensor of the shape and dtype of each of `wrt`; None where there is no gradient.
    """
    sums: dict[Tensor, Tensor] = {}
    for y, dy in zip(outputs, dys, strict=True):
        if dy is not None:
            sums[y] = op("Add", sums[y], dy) if y in sums else dy
    ends = {tensor.node for tensor in (*wrt, *leaves)}
    order = topological_order(sums, lambda node: node in ends)
    inside = [node for node in order if node not in ends]
    return _Backward(inside, sums, wrt, training).run()


def _join(x: Tensor, training: Tensor | None, inference: Tensor | None) -> Tensor | None:
    if training is None and inference is None:
        return None
    return in_train_phase(
        ops.zeros_like(x) if training is None else training,
        ops.zeros_like(x) if inference is None else inference,
    )


class _Backward:
    """One pass backwards over nodes in order, from tensors whose gradients are known."""

    def __init__(
        self,
        order: Sequence[Node],
        known: dict[Tensor, Tensor],
        wrt: Sequence[Tensor],
        training: bool,
    ) -> None:
        self._wrt = list(wrt)
        self._training = training
        self._order = order
        self._active = active_tensors(order, wrt, training)
        self._sums = dict(known)

    def run(self) -> list[Tensor | None]:
        for node in reversed(self._order):
            dys = [self._sums.get(tensor) for tensor in node.outputs]
            if any(dy is not None for dy in dys) and self._has_active_input(node):
                self._pass_back(node, dys)
        return [self._sums.get(tensor) for tensor in self._wrt]

    def _has_active_input(self, node: Node) -> bool:
        return any(tensor in self._active for tensor in differentiable_inputs(node, self._training))

    def _pass_back(self, node: Node, dys: list[Tensor | None]) -> None:
        passed = passed_on(node, self._training)
        if passed is not None and dys[0] is not None:
            self._add(passed, dys[0])
            return
        rule = RULES.get(node.op_type)
        if rule is None:
            raise _no_rule(node)
        with name_scope(backward_scope(node)):
            lowered = rule.lowering(node) if rule.lowering else None
            if lowered is None:
                self._apply(rule, node, dys)
        if lowered is not None:
            self._pass_through(lowered, node, dys)

    def _pass_through(
        self, lowered: Sequence[Tensor], node: Node, dys: list[Tensor | None]
    ) -> None:
        """Differentiate what a node is composed of."""
        leaves = [tensor for tensor in node.inputs if tensor is not None]
        inputs = differentiable_inputs(node, self._training)
        wrt = [x for x in dict.fromkeys(inputs) if x in self._active]
        found = pull_back(lowered, dys, wrt, leaves=leaves, training=self._training)
        for x, dx in zip(wrt, found, strict=True):
            if dx is not None:
                self._add(x, dx)

    def _apply(self, rule: Rule, node: Node, dys: list[Tensor | None]) -> None:
        if rule.control is not None:
            found = rule.control(node, dys, self._context(node))
        elif rule.function is not None:
            found = rule.function(node, *dys)
        else:
            raise GradientError(f"{node!r}: this form of the operator has no gradient rule.")
        for x, dx in zip(node.inputs, found, strict=True):
            if x is not None and dx is not None and x in self._active:
                self._add(x, sum_to_shape(dx, x) if rule.broadcasts else dx)

    def _context(self, node: Node) -> _BodyContext:
        differentiable = differentiable_inputs(node, self._training)
        needed = [t is not None and t in differentiable and t in self._active for t in node.inputs]
        return _BodyContext(needed, self._training)

    def _add(self, x: Tensor, dx: Tensor) -> None:
        known = self._sums.get(x)
        self._sums[x] = dx if known is None else op("Add", known, dx)


@dataclass(frozen=True)
class _BodyContext:
    """What rules of operators that hold bodies are given; see `konnx.autodiff.rules.Context`."""

    needed: Sequence[bool]
    training: bool

    def depend(self, results: Sequence[Tensor], sources: Sequence[Tensor]) -> list[bool]:
        active = active_tensors(topological_order(results), sources, self.training)
        return [tensor in active for tensor in results]

    def pull_back(
        self, outputs: Sequence[Tensor], dys: Sequence[Tensor], wrt: Sequence[Tensor]
    ) -> list[Tensor | None]:
        return pull_back(outputs, dys, wrt, training=self.training)


def _no_rule(node: Node) -> GradientError:
    where = f" in '{node.scope}'" if node.scope else ""
    return GradientError(
        f"The operator {node.op_type}{where} (node '{node.name}') has no gradient rule. Register "
        "one with konnx.autodiff.rule, or cut the path with K.stop_gradient."
    )


def sum_to_shape(dx: Tensor, x: Tensor) -> Tensor:
    """Undo broadcasting: sum a gradient over what x had to be repeated along.

    Raises:
        ShapeError: the rank of one of them is unknown.
    """
    if dx.dims == x.dims and None not in (x.dims or (None,)):
        return dx
    if dx.dims is None or x.dims is None:
        raise ShapeError(f"The rank of {dx!r} and {x!r} must be known to differentiate")
    extra = len(dx.dims) - len(x.dims)
    axes = list(range(extra))
    for axis, (wide, narrow) in enumerate(zip(dx.dims[extra:], x.dims, strict=True)):
        if narrow == 1 and wide != 1:
            axes.append(extra + axis)
        elif not _same_size(wide, narrow):
            return _sum_to_dynamic_shape(dx, x)
    if axes and axes == list(range(extra)) and len(x.dims) == 1:
        return refine(ops.sum_to_last_axis(dx), x.dims)
    if axes == list(range(extra)):
        return refine(ops.sum(dx, axes) if axes else dx, x.dims)
    dx = ops.sum(dx, axes, keepdims=True)
    return ops.reshape_like(dx, x) if extra else refine(dx, x.dims)


def _same_size(wide: int | str | None, narrow: int | str | None) -> bool:
    """A size that varies may be 1; a known one cannot be broadcast to another."""
    return isinstance(narrow, int) or (narrow is not None and narrow == wide)


def _sum_to_dynamic_shape(dx: Tensor, x: Tensor) -> Tensor:
    """As above where only the run knows which sizes are 1: sum over those and over new axes."""
    missing = constant([1] * (dx.ndim - x.ndim), "int64")
    sizes = op("Concat", missing, op("Shape", x), axis=0)
    repeated = ops.logical_and(
        ops.equal(sizes, constant(1, "int64")),
        ops.logical_not(ops.equal(op("Shape", dx), constant(1, "int64"))),
    )
    axes = op("Squeeze", op("NonZero", repeated), constant([0], "int64"))
    summed = op("ReduceSum", dx, axes, keepdims=1, noop_with_empty_axes=1)
    summed = refine(summed, [None] * dx.ndim)  # a loop's body must know the rank
    return refine(op("Reshape", summed, op("Shape", x)), x.dims or ())
