"""Prediction: on the variables as they are, or frozen into a graph that is faster."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from konnx import ops, runtime
from konnx.function import (
    Function,
    Update,
    chain_updates,
    draws_random_numbers,
    name_tensors,
    state_of,
)
from konnx.graph import (
    Tensor,
    Variable,
    emit_resolved,
    printed,
    select_phase,
    topological_order,
)
from konnx.graph.passes import freeze_variables, optimize
from konnx.graph.variable import Storage
from konnx.utils.random import next_run_seed

PATIENCE = 16
"""Calls on changed weights before they are frozen: freezing took as long as 20 to 70 calls save."""

# Storages count their writes each for itself, and a variable may move to another storage.
Version = tuple[Storage, int]
Versions = tuple[Version, ...]


class Predictor:
    """Computes a model's outputs.

    As long as the weights stay the same it runs a frozen session: weights are constants of the
    graph, batch normalization is folded away, and ONNX Runtime packs kernels once. After a change
    of weights the next calls run on the variables themselves, since freezing costs more than a few
    calls save; then it freezes anew. Safe to call from several threads.

    Args:
        inputs: placeholders, in the order of the arrays that a call takes.
        outputs: what to compute.
        updates: (variable, new value) of states that are carried from call to call; these
            variables are never frozen.
        device: "auto", "cpu", "cuda", …; None: the default device.
        threads: CPU threads within one op; None lets ONNX Runtime choose.
    """

    def __init__(
        self,
        inputs: Sequence[Tensor],
        outputs: Sequence[Tensor],
        updates: Sequence[Update] = (),
        *,
        device: str | None = None,
        threads: int | None = None,
    ) -> None:
        self._inputs, self._outputs = list(inputs), list(outputs)
        self._updates = chain_updates(updates)
        self._device, self._threads = device, threads
        self._live = Function(
            inputs, outputs, updates, name="predict", device=device, threads=threads
        )
        inferred = select_phase([*outputs, *self._updates.values()], training=False)
        self._variables = [one for one in variables_of(inferred) if one not in self._updates]
        self._seeded = draws_random_numbers(inferred)
        self._prints = bool(printed(outputs, training=False))
        self._frozen: tuple[Versions, runtime.Program] | None = None
        self._live_calls: tuple[Versions, int] = ((), 0)

    def __call__(self, arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Return one array for each output."""
        if self._prints:
            return self._live(arrays)
        versions = tuple((one.storage, one.storage.version) for one in self._variables)
        frozen = self._frozen
        if frozen is not None and frozen[0] == versions:
            return frozen[1](*arrays, *self._seed())
        if frozen is not None and self._is_early(versions):
            return self._live(arrays)
        program = self._freeze()
        self._frozen = (versions, program)
        return program(*arrays, *self._seed())

    def _is_early(self, versions: Versions) -> bool:
        """Count the calls on these weights, and say whether freezing them would not pay yet."""
        seen, calls = self._live_calls
        calls = calls + 1 if seen == versions else 1
        self._live_calls = (versions, calls)
        return calls <= PATIENCE

    def _seed(self) -> list[np.ndarray]:
        return [next_run_seed()] if self._seeded else []

    def _freeze(self) -> runtime.Program:
        tensors = [*self._outputs, *self._updates.values()]
        frozen = inference_graph(tensors, keep=self._updates.keys())
        feeds = name_tensors(self._inputs) | ({"seed": ops.SEED} if self._seeded else {})
        outputs = [f"output_{index}" for index in range(len(self._outputs))]
        updates = [f"update_{index}" for index in range(len(self._updates))]
        named = dict(zip([*outputs, *updates], frozen, strict=True))
        emitted = emit_resolved(feeds, named, name="predict")
        return runtime.Program(
            emitted.model,
            feeds=list(feeds),
            fetches=outputs,
            states={name: state_of(variable) for name, variable in emitted.variables.items()},
            updates={
                name: state_of(variable)
                for name, variable in zip(updates, self._updates, strict=True)
            },
            device=self._device,
            threads=self._threads,
        )


def inference_graph(outputs: Sequence[Tensor], keep: Collection[Variable] = ()) -> list[Tensor]:
    """Return outputs as they are in inference, weights as constants, and simplified.

    Args:
        outputs: tensors of a graph.
        keep: variables that stay variables.
    """
    return optimize(freeze_variables(select_phase(outputs, training=False), keep))


def variables_of(outputs: Sequence[Tensor]) -> list[Variable]:
    """Return the variables that outputs depend on."""
    tensors = [tensor for node in topological_order(outputs) for tensor in node.outputs]
    return [tensor for tensor in tensors if isinstance(tensor, Variable)]
