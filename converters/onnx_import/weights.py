"""Which stored tensors of a file are weights: what a training may change, and what it may not."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable

import onnx

from konnx.converters.errors import printable
from konnx.graph import TensorType, Variable, is_float
from konnx.graph.inline import all_nodes
from konnx.graph.protos import ONNX_DOMAINS, stored_array, stored_type

Chosen = Callable[[str], bool] | Iterable[str] | None

_SMALL = 64  # elements; smaller tensors that are no weights stay constants: axes, sizes, factors

_ALL = frozenset(range(1000))
_PARAMETERS: dict[str, frozenset[int]] = {
    **dict.fromkeys(("Conv", "ConvTranspose", "FusedConv"), frozenset({1, 2})),
    **dict.fromkeys(("Gemm", "FusedGemm"), frozenset({0, 1, 2})),
    **dict.fromkeys(("MatMul", "FusedMatMul", "Add", "Mul"), frozenset({0, 1})),
    **dict.fromkeys(("BatchNormalization", "InstanceNormalization"), frozenset({1, 2})),
    **dict.fromkeys(("LayerNormalization", "GroupNormalization"), frozenset({1, 2})),
    **dict.fromkeys(("RMSNormalization", "SimplifiedLayerNormalization"), frozenset({1})),
    **dict.fromkeys(("PRelu", "BiasGelu", "FastGelu"), frozenset({1})),
    **dict.fromkeys(("GRU", "RNN"), frozenset({1, 2, 3})),
    **dict.fromkeys(("Concat", "Einsum"), _ALL),
    "Gather": frozenset({0}),
    "LSTM": frozenset({1, 2, 3, 7}),
    "SkipLayerNormalization": frozenset({2, 3, 4}),
    "SkipSimplifiedLayerNormalization": frozenset({2, 3}),
}
"""Inputs of operators at which a stored tensor is one that was trained."""

_STATISTICS = {"BatchNormalization": frozenset({3, 4})}
"""Inputs at which it was gathered while training."""

_PASSING = frozenset(
    {"Cast", "Expand", "Flatten", "Identity", "Reshape", "Squeeze", "Transpose", "Unsqueeze"}
)
"""Operators after which a weight is still that weight."""

_LINEAR = frozenset({"Conv", "ConvTranspose", "FusedMatMul", "Gemm", "MatMul"})

Use = tuple[onnx.NodeProto, int]


def find_weights(graph: onnx.GraphProto, chosen: Chosen = None) -> dict[str, Variable]:
    """Return variables for the stored tensors of a graph that are weights, by name.

    Trainable are floats that operators use as a kernel, a bias, a scale, a table of embeddings;
    statistics of batch normalization, and other large tensors, are weights that are not. What is
    left are constants: numbers of the computation, shapes, axes.

    Args:
        graph: without functions of its own.
        chosen: names of what is trainable, or a function that tells it of a name; default: as
            above.

    Raises:
        ValueError: a name of `chosen` is that of no stored float tensor.
    """
    uses = _Uses(graph)
    choose = _chooser(chosen, graph)
    weights: dict[str, Variable] = {}
    for tensor in graph.initializer:
        type_ = _type_of(tensor)
        trainable = is_float(type_.dtype) and (
            uses.is_parameter(tensor) if choose is None else choose(tensor.name)
        )
        is_large = _count(tensor) > _SMALL and type_.dtype != "string"
        if trainable or is_large or uses.is_statistic(tensor):
            variable = Variable(stored_array(tensor), name=safe_name(tensor.name, "weight"))
            variable.trainable = trainable
            weights[tensor.name] = variable
    return weights


def _type_of(tensor: onnx.TensorProto) -> TensorType:
    try:
        return stored_type(tensor)
    except ValueError as error:
        raise ValueError(f"Initializer {tensor.name!r}: {error}") from error


def store_constants(graph: onnx.GraphProto) -> None:
    """Make stored tensors of a graph's Constant nodes, where some exporters keep weights."""
    kept = []
    for node in graph.node:
        values = [one.t for one in node.attribute if one.name == "value"]
        if node.op_type != "Constant" or node.domain not in ONNX_DOMAINS or not values:
            kept.append(node)
            continue
        graph.initializer.add().CopyFrom(values[0])
        graph.initializer[-1].name = node.output[0]
    del graph.node[:]
    graph.node.extend(kept)


def safe_name(name: str, default: str) -> str:
    """Return a name from a file without what would lead astray in the tree of an HDF5 file."""
    parts = [part for part in name.split("/") if part not in ("", ".", "..")]
    return "".join(c if c.isprintable() else "_" for c in "/".join(parts)) or default


def _chooser(chosen: Chosen, graph: onnx.GraphProto) -> Callable[[str], bool] | None:
    if chosen is None or callable(chosen):
        return chosen
    names = frozenset([chosen] if isinstance(chosen, str) else chosen)
    floats = {one.name for one in graph.initializer if is_float(_type_of(one).dtype)}
    if names - floats:
        raise ValueError(
            f"`trainable` must name stored tensors of floats. Received: {sorted(names - floats)}. "
            f"There are: {', '.join(printable(name, 60) for name in sorted(floats)) or 'none'}"
        )
    return names.__contains__


class _Uses:
    """Which nodes use a value, and which one makes it."""

    def __init__(self, graph: onnx.GraphProto) -> None:
        self._of: dict[str, list[Use]] = defaultdict(list)
        self._maker: dict[str, str] = {}
        for node in all_nodes(graph.node):
            self._maker.update(dict.fromkeys(node.output, node.op_type))
            for place, name in enumerate(node.input):
                self._of[name].append((node, place))

    def is_parameter(self, tensor: onnx.TensorProto) -> bool:
        """Tell whether an operator uses a tensor as what was trained."""
        size = _count(tensor)
        return any(
            place in _PARAMETERS.get(node.op_type, ()) and self._is_no_number(node, place, size)
            for node, place in self._finally(tensor.name)
        )

    def is_statistic(self, tensor: onnx.TensorProto) -> bool:
        """Tell whether an operator uses a tensor as what was gathered in a training."""
        return any(
            place in _STATISTICS.get(node.op_type, ()) for node, place in self._of[tensor.name]
        )

    def _is_no_number(self, node: onnx.NodeProto, place: int, size: int) -> bool:
        """Tell a bias of one unit from a number that is added, and a scale from a factor."""
        if size > 1 or node.op_type not in ("Add", "Mul", "Concat"):
            return True
        other = node.input[1 - place] if len(node.input) == 2 else ""
        return node.op_type == "Add" and self._maker.get(other) in _LINEAR

    def _finally(self, name: str) -> list[Use]:
        """The uses of a tensor, also after it was transposed or reshaped."""
        found: list[Use] = []
        pending, seen = [name], {name}
        while pending:
            for node, place in self._of[pending.pop()]:
                found.append((node, place))
                if node.op_type in _PASSING and place == 0:
                    new = [one for one in node.output if one and one not in seen]
                    pending += new
                    seen.update(new)
        return found


def _count(tensor: onnx.TensorProto) -> int:
    return math.prod(tensor.dims)
