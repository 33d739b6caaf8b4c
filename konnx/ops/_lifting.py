"""Computing for all steps of a loop at once what its body computes for each.

Only what depends on the carried state must be computed step by step. The rest is cheaper as one
operator over a tensor that has the steps stacked along a new first axis: one large matrix product
in place of many small ones. A row of `_RULES` says how an operator is applied to stacked inputs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from konnx.graph import Node, Tensor, int64s, op, refine, topological_order
from konnx.graph.leaves import in_train_phase, stop_gradient
from konnx.graph.tensor import INTERNAL, is_composite, is_phase, is_stop_gradient


@dataclass(frozen=True, slots=True)
class Lifted:
    """The value of a tensor for every step: stacked along axis 0, or one that is always the same.

    Args:
        tensor: the value.
        stacked: whether axis 0 runs over the steps.
        rank: the number of axes of the value of one step.
    """

    tensor: Tensor
    stacked: bool
    rank: int


Inputs = Sequence[Lifted | None]
Rule = Callable[[Node, Inputs], Sequence[Tensor] | None]


class Lifter:
    """Lifts tensors of a body, remembering what it has lifted.

    Args:
        is_leaf: whether a node is not to be looked behind.
        leaf: the value of an output of such a node; None if it has none.
        fallback: asked where an operator has no rule.
    """

    def __init__(
        self,
        is_leaf: Callable[[Node], bool],
        leaf: Callable[[Tensor], Lifted | None],
        fallback: Callable[[Tensor], Lifted | None] = lambda tensor: None,
    ) -> None:
        self.failed: set[Node] = set()
        self._is_leaf = is_leaf
        self._leaf = leaf
        self._fallback = fallback
        self._known: dict[Tensor, Lifted | None] = {}

    def lift(self, tensor: Tensor) -> Lifted | None:
        """Return the value for all steps; None, with the node in `failed`, where that cannot be."""
        for node in topological_order([tensor], stop=self._is_leaf):
            if not self._is_leaf(node) and node.outputs[0] not in self._known:
                self._known.update(zip(node.outputs, self._lift_node(node), strict=True))
        return self._value(tensor)

    def _value(self, tensor: Tensor) -> Lifted | None:
        if tensor not in self._known:
            self._known[tensor] = self._leaf(tensor)
        return self._known[tensor]

    def _lift_node(self, node: Node) -> Sequence[Lifted | None]:
        inputs = [None if tensor is None else self._value(tensor) for tensor in node.inputs]
        given = [tensor is not None for tensor in node.inputs]
        if any(wanted and one is None for wanted, one in zip(given, inputs, strict=True)):
            return [None] * len(node.outputs)  # because of what failed before
        if not any(one is not None and one.stacked for one in inputs):
            return _same_for_all(node, inputs)
        return _apply(node, inputs) or self._fail(node)

    def _fail(self, node: Node) -> Sequence[Lifted | None]:
        found = [self._fallback(tensor) for tensor in node.outputs]
        if None in found:
            self.failed.add(node)
        return found


def _same_for_all(node: Node, inputs: Inputs) -> list[Lifted]:
    tensors = [None if one is None else one.tensor for one in inputs]
    same = all(a is b for a, b in zip(tensors, node.inputs, strict=True))
    outputs = node.outputs if same else node.with_inputs(tensors).outputs
    return [Lifted(tensor, False, len(tensor.dims or ())) for tensor in outputs]


def _apply(node: Node, inputs: Inputs) -> Sequence[Lifted] | None:
    if any(tensor.dims is None for tensor in node.outputs):
        return None
    if node.domain == INTERNAL:
        return _apply_internal(node, inputs)
    rule = _RULES.get(node.op_type)
    outputs = None if rule is None or node.domain else rule(node, inputs)
    if outputs is None:
        return None
    if node.op_type in ("Shape", "Size"):
        return [Lifted(tensor, False, tensor.ndim) for tensor in outputs]
    steps = next(one.tensor.dims for one in inputs if one is not None and one.stacked)
    return [
        Lifted(refine(new, [*(steps or (None,))[:1], *(old.dims or ())]), True, old.ndim)
        for new, old in zip(outputs, node.outputs, strict=True)
    ]


def _apply_internal(node: Node, inputs: Inputs) -> Sequence[Lifted] | None:
    """Phase, StopGradient and Composite, which vanish when emitted."""
    output = node.outputs[0]
    if is_composite(output):
        return None if inputs[0] is None else [inputs[0]]
    tensors = [one.tensor for one in inputs if one is not None and one.stacked]
    if len(tensors) != len(inputs):
        return None
    if is_stop_gradient(output):
        return [Lifted(stop_gradient(tensors[0]), True, output.ndim)]
    if is_phase(output):
        chosen = in_train_phase(*tensors, unless=node.attributes["unless"])
        return [Lifted(chosen, True, output.ndim)]
    return None


# What rules are made of -------------------------------------------------------------------------


def _first(inputs: Inputs) -> Lifted:
    assert inputs[0] is not None
    return inputs[0]


def _only_first_is_stacked(inputs: Inputs) -> bool:
    return _first(inputs).stacked and not any(one and one.stacked for one in inputs[1:])


def _rank(inputs: Inputs) -> int:
    """The number of axes that the first input has in one step."""
    return _first(inputs).rank


def _others(inputs: Inputs) -> list[Tensor | None]:
    return [None if one is None else one.tensor for one in inputs[1:]]


def _aligned(one: Lifted, rank: int) -> Tensor:
    """The tensor with axes of size 1 behind the steps, so that it broadcasts as each step would."""
    if not one.stacked or one.rank == rank:
        return one.tensor
    return op("Unsqueeze", one.tensor, int64s(range(1, 1 + rank - one.rank)))


def _steps(one: Lifted) -> Tensor:
    return op("Shape", one.tensor, start=0, end=1)


def _constant_ints(inputs: Inputs, index: int) -> list[int] | None:
    given = inputs[index] if index < len(inputs) else None
    value = None if given is None or given.stacked else given.tensor.constant_value
    return None if value is None else [int(item) for item in value.reshape(-1)]


def _is_given(inputs: Inputs, index: int) -> bool:
    return index < len(inputs) and inputs[index] is not None


def _shifted(axes: Sequence[int], rank: int) -> Tensor:
    return int64s([axis % rank + 1 for axis in axes])


# Rules ------------------------------------------------------------------------------------------


def _elementwise(node: Node, inputs: Inputs) -> Sequence[Tensor] | None:
    given = [one for one in inputs if one is not None]
    rank = max(one.rank for one in given)
    return [op(node.op_type, *[_aligned(one, rank) for one in given], **node.attributes)]


def _of_first(node: Node, inputs: Inputs) -> Sequence[Tensor] | None:
    """An operator that treats each element of its first input by itself."""
    if not _only_first_is_stacked(inputs):
        return None
    return [op(node.op_type, _first(inputs).tensor, *_others(inputs), **node.attributes)]


def _matmul(node: Node, inputs: Inputs) -> Sequence[Tensor] | None:
    given = [one for one in inputs if one is not None]
    if min(one.rank for one in given) < 2:
        return None
    return _elementwise(node, inputs)


def _gemm(node: Node, inputs: Inputs) -> Sequence[Tensor] | None:
    """One product for the rows of all steps."""
    columns = node.outputs[0].shape[-1]
    if node.attributes or columns is None or not _only_first_is_stacked(inputs):
        return None
    x = _first(inputs).tensor
    rows = op("Reshape", x, op("Concat", int64s([-1]), op("Shape", x, start=2), axis=0))
    if x.shape[2] is not None:
        rows = op("Reshape", x, int64s([-1, x.shape[2]]))
    product = op("Gemm", rows, *_others(inputs))
    return [op("Reshape", product, _rows_shape(x, columns))]


def _rows_shape(x: Tensor, columns: int) -> Tensor:
    """(steps, rows, columns), of which at most one size is left to the run if they are known."""
    front = x.shape[:2]
    if front.count(None) <= 1:
        return int64s([*(-1 if size is None else size for size in front), columns])
    return op("Concat", op("Shape", x, start=0, end=2), int64s([columns]), axis=0)


def _transpose(node: Node, inputs: Inputs) -> Sequence[Tensor] | None:
    perm = node.attributes.get("perm", range(_rank(inputs))[::-1])
    return [op("Transpose", _first(inputs).tensor, perm=[0, *(axis + 1 for axis in perm)])]


def _concat(node: Node, inputs: Inputs) -> Sequence[Tensor] | None:
    given = [one for one in inputs if one is not None]
    steps = _steps(next(one for one in given if one.stacked))
    parts = [one.tensor if one.stacked else _repeated(one.tensor, steps) for one in given]
    return [op("Concat", *parts, axis=node.attributes["axis"] % given[0].rank + 1)]


def for_all_steps(lifted: Lifted, sequence: Tensor) -> Tensor:
    """The value stacked over as many steps as a sequence has, even if it is always the same."""
    if lifted.stacked:
        return lifted.tensor
    return _repeated(lifted.tensor, op("Shape", sequence, start=0, end=1))


def _repeated(tensor: Tensor, steps: Tensor) -> Tensor:
    sizes = op("Concat", steps, op("Shape", tensor), axis=0)
    return op("Expand", tensor, sizes)


def _split(node: Node, inputs: Inputs) -> Sequence[Tensor] | None:
    if not _only_first_is_stacked(inputs) or len(node.outputs) == 1:
        return None
    axis = node.attributes.get("axis", 0) % _rank(inputs) + 1
    attributes = {**node.attributes, "axis": axis}
    x, *sizes = _first(inputs).tensor, *_others(inputs)
    return list(op("Split", x, *sizes, outputs=len(node.outputs), **attributes))


def _slice(node: Node, inputs: Inputs) -> Sequence[Tensor] | None:
    starts, axes = _constant_ints(inputs, 1), _constant_ints(inputs, 3)
    if starts is None or not _only_first_is_stacked(inputs) or (axes is None and len(inputs) > 3):
        return None
    axes = list(range(len(starts))) if axes is None else axes
    start, end, *rest = _others(inputs)
    step = rest[1] if len(rest) > 1 else None
    return [op("Slice", _first(inputs).tensor, start, end, _shifted(axes, _rank(inputs)), step)]


def _along_axes(node: Node, inputs: Inputs) -> Sequence[Tensor] | None:
    """Squeeze, Unsqueeze and reductions, whose axes are their second input."""
    if not _only_first_is_stacked(inputs):
        return None
    rank = len(node.outputs[0].dims or ()) if node.op_type == "Unsqueeze" else _rank(inputs)
    axes = _constant_ints(inputs, 1)
    if axes is None:
        if _is_given(inputs, 1) or node.op_type == "Squeeze":
            return None
        axes = [] if node.attributes.get("noop_with_empty_axes") else list(range(rank))
    if not axes:
        return None
    return [op(node.op_type, _first(inputs).tensor, _shifted(axes, rank), **node.attributes)]


def _along_axis(node: Node, inputs: Inputs) -> Sequence[Tensor] | None:
    """Softmax, ArgMax and others of one input, whose axis is an attribute."""
    axis = node.attributes.get("axis", 0 if node.op_type.startswith("Arg") else -1)
    attributes = {**node.attributes, "axis": axis % _rank(inputs) + 1}
    return [op(node.op_type, _first(inputs).tensor, **attributes)]


def _shape(node: Node, inputs: Inputs) -> Sequence[Tensor] | None:
    rank = _rank(inputs)
    start = node.attributes.get("start", 0)
    end = node.attributes.get("end", rank)
    attributes = {
        "start": (start + rank if start < 0 else start) + 1,
        "end": (end + rank if end < 0 else end) + 1,
    }
    return [op("Shape", _first(inputs).tensor, **attributes)]


def _size(node: Node, inputs: Inputs) -> Sequence[Tensor] | None:
    one = _first(inputs)
    return [op("Div", op("Size", one.tensor), op("Squeeze", _steps(one), int64s([0])))]


def _reshape(node: Node, inputs: Inputs) -> Sequence[Tensor] | None:
    if not _only_first_is_stacked(inputs) or node.attributes.get("allowzero"):
        return None
    sizes = _constant_ints(inputs, 1)
    if sizes is not None:  # a 0 means the input's size at that place, which moves as well
        return [op("Reshape", _first(inputs).tensor, int64s([0, *sizes]))]
    shape = _others(inputs)[0]
    return [op("Reshape", _first(inputs).tensor, op("Concat", int64s([0]), shape, axis=0))]


def _expand(node: Node, inputs: Inputs) -> Sequence[Tensor] | None:
    if not _only_first_is_stacked(inputs):
        return None
    shape = op("Concat", int64s([1]), _others(inputs)[0], axis=0)
    return [op("Expand", _aligned(_first(inputs), node.outputs[0].ndim), shape)]


def _pad(node: Node, inputs: Inputs) -> Sequence[Tensor] | None:
    amounts = _constant_ints(inputs, 1)
    if amounts is None or len(inputs) > 3 or not _only_first_is_stacked(inputs):
        return None
    rank = _rank(inputs)
    moved = int64s([0, *amounts[:rank], 0, *amounts[rank:]])
    return [op("Pad", _first(inputs).tensor, moved, *_others(inputs)[1:], **node.attributes)]


def _over_batch(node: Node, inputs: Inputs) -> Sequence[Tensor] | None:
    """Operators that treat each sample of a batch by itself: steps and batch become one axis."""
    x, y = _first(inputs), node.outputs[0]
    if not _only_first_is_stacked(inputs) or len(node.outputs) > 1:
        return None
    sizes = op("Shape", x.tensor)
    tail = op("Slice", sizes, int64s([2]), int64s([x.rank + 1]))
    flat = op("Reshape", x.tensor, op("Concat", int64s([-1]), tail, axis=0))
    known = (x.tensor.dims or ())[2:]
    if all(isinstance(size, int) for size in known):
        flat = op("Reshape", x.tensor, int64s([-1, *(d for d in known if isinstance(d, int))]))
    result = op(node.op_type, flat, *_others(inputs), **node.attributes)
    front = op("Slice", sizes, int64s([0]), int64s([2]))
    shape = op("Concat", front, op("Shape", result, start=1, end=y.ndim), axis=0)
    return [op("Reshape", result, shape)]


# fmt: off
_ELEMENTWISE = (
    "Abs", "Add", "And", "Ceil", "Cos", "Div", "Equal", "Elu", "Erf", "Exp", "Floor", "Greater",
    "GreaterOrEqual", "HardSigmoid", "Identity", "LeakyRelu", "Less", "LessOrEqual", "Log", "Max",
    "Mean", "Min", "Mul", "Neg", "Not", "Or", "Pow", "Reciprocal", "Relu", "Round", "Selu",
    "Sigmoid", "Sign", "Sin", "Softplus", "Softsign", "Sqrt", "Sub", "Sum", "Tanh",
    "ThresholdedRelu", "Where", "Xor",
)
_ALONG_AXES = (
    "ReduceL1", "ReduceL2", "ReduceLogSumExp", "ReduceMax", "ReduceMean", "ReduceMin",
    "ReduceProd", "ReduceSum", "ReduceSumSquare", "Squeeze", "Unsqueeze",
)
_OVER_BATCH = (
    "AveragePool", "Conv", "ConvTranspose", "GlobalAveragePool", "GlobalMaxPool", "MaxPool",
)
# fmt: on

_RULES: dict[str, Rule] = {
    **dict.fromkeys(_ELEMENTWISE, _elementwise),
    **dict.fromkeys(_ALONG_AXES, _along_axes),
    **dict.fromkeys(_OVER_BATCH, _over_batch),
    **dict.fromkeys(("Cast", "Clip"), _of_first),
    **dict.fromkeys(("ArgMax", "ArgMin", "LogSoftmax", "Softmax"), _along_axis),
    "Concat": _concat,
    "Expand": _expand,
    "Gemm": _gemm,
    "MatMul": _matmul,
    "Pad": _pad,
    "Reshape": _reshape,
    "Shape": _shape,
    "Size": _size,
    "Slice": _slice,
    "Split": _split,
    "Transpose": _transpose,
}


def has_lifting_rule(op_type: str) -> bool:
    """Tell whether an operator can be applied to all steps at once."""
    return op_type in _RULES
