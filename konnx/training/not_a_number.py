"""Where a NaN comes from: the step that gave it is run again, and every value looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import onnx

from konnx import runtime
from konnx.function import Function, state_of


def explain_nan(function: Function, arrays: Sequence[np.ndarray]) -> str | None:
    """Say which input, weight or operator first held NaN in the last step of a function.

    The variables count as they were before that step. Every value of the graph is kept at once, so
    this takes more memory than a step does.

    Args:
        function: a training step, just run.
        arrays: what it was run on.

    Returns:
        A clause such as "Log 'loss/dense_1/Log' makes it"; None where no NaN is found.
    """
    emitted = function.emit()
    feeds = dict(zip((value.name for value in emitted.model.graph.input), arrays, strict=False))
    if len(feeds) < len(emitted.model.graph.input) - len(emitted.variables):
        feeds["seed"] = np.array(0, dtype=np.int64)  # any will do
    variables = {
        name: state_of(variable).previous() for name, variable in emitted.variables.items()
    }
    for kind, values in (("the input", feeds), ("the weight", variables)):
        for name, value in values.items():
            if _has_nan(value):
                return f"{kind} '{name}' holds NaN"
    try:
        return _find(emitted.model, {**feeds, **variables})
    except runtime.ExecutionError:
        return None  # some operators have no kernel once they are not fused


@dataclass(frozen=True)
class _Trace:
    """The values of all nodes of a graph."""

    nodes: Sequence[onnx.NodeProto]
    values: Mapping[str, np.ndarray]

    def maker(self, name: str) -> str:
        for node in self.nodes:
            if name in node.output:
                return f"{node.op_type} '{node.name}'"
        return f"the input '{name}'"


def _find(model: onnx.ModelProto, feeds: Mapping[str, np.ndarray]) -> str | None:
    trace = _run(model, feeds)
    for node in trace.nodes:
        if any(_has_nan(trace.values[name]) for name in node.output if name in trace.values):
            infinite = [name for name in node.input if _is_infinite(trace.values.get(name))]
            made = f"{node.op_type} '{node.name}' makes it"
            if not infinite:
                return made
            return f"{made} from an infinite value of {trace.maker(infinite[0])}"
    return None


def _run(model: onnx.ModelProto, feeds: Mapping[str, np.ndarray]) -> _Trace:
    """Run a graph with every value as an output."""
    known = {value.name for value in model.graph.output}
    names = [name for node in model.graph.node for name in node.output if name]
    model.graph.output.extend(onnx.ValueInfoProto(name=one) for one in names if one not in known)
    program = runtime.Program(model, feeds=list(feeds), fetches=names)
    values = dict(zip(names, program(*feeds.values()), strict=True))
    return _Trace(list(model.graph.node), {**feeds, **values})


def _has_nan(value: np.ndarray) -> bool:
    return np.asarray(value).dtype.kind == "f" and bool(np.isnan(value).any())


def _is_infinite(value: np.ndarray | None) -> bool:
    return value is not None and value.dtype.kind == "f" and bool(np.isinf(value).any())
