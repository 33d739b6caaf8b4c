"""Running expression graphs: `Function` is Keras' K.function, and the one way to run anything."""

from __future__ import annotations

import re
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from konnx import ops, runtime
from konnx.graph import (
    Emitted,
    ShapeError,
    Tensor,
    Variable,
    drop_composites,
    emit_resolved,
    printed,
    select_phase,
    substitute,
    topological_order,
)
from konnx.graph.passes import block_channels, merge_outputs
from konnx.utils.naming import free_name
from konnx.utils.random import next_run_seed

Update = tuple[Variable, Tensor]

# What a function's own inputs and outputs are called, so that no input may be.
_RESERVED = re.compile(r"seed|(output|update|print)_\d+")
_STATE_MAKING = threading.Lock()


class Function:
    """Computes outputs from inputs and, in the same run, gives variables new values.

    The graph is emitted and loaded at the first call. All outputs and all new values are computed
    from the variables' old values.

    Args:
        inputs: placeholders, in the order of the arrays that a call takes. `ops.LEARNING_PHASE` may
            be among them: a call then says whether it trains (1) or not (0).
        outputs: tensors to return.
        updates: (variable, new value); of several for one variable the later ones start from the
            value of the one before.
        training: which side of `in_train_phase` to take, unless a call says.
        name: of the ONNX graph.
        device: "auto", "cpu", "cuda", …; None: the default device.
        threads: CPU threads within one op; None lets ONNX Runtime choose.

    Example:
        >>> from konnx.graph import placeholder
        >>> x = placeholder(("batch", 2), name="x")
        >>> Function([x], [x * 2.0])([[[1.0, 2.0]]])
        [array([[2., 4.]], dtype=float32)]
    """

    def __init__(
        self,
        inputs: Sequence[Tensor],
        outputs: Sequence[Tensor],
        updates: Sequence[Update] = (),
        *,
        training: bool = False,
        name: str = "function",
        device: str | None = None,
        threads: int | None = None,
    ) -> None:
        self.inputs = list(inputs)
        self.outputs = list(outputs)
        self.updates = chain_updates(updates)
        self._placeholders = [one for one in self.inputs if one is not ops.LEARNING_PHASE]
        self.training = training
        self.name = name
        self._device, self._threads = device, threads
        self._programs: dict[bool, _Loaded] = {}
        self._loading = threading.Lock()

    def __call__(self, arrays: Sequence[Any]) -> list[np.ndarray]:
        """Run on one array for each input; returns one array for each output."""
        training, fed = self.training, arrays
        if len(self._placeholders) < len(self.inputs):
            training, fed = self._split(arrays)
        loaded = self._programs.get(training) or self._loaded(training)
        seed = [next_run_seed()] if loaded.seeded else []
        values = loaded.program(*fed, *seed)
        if not loaded.messages:
            return values
        for message, value in zip(loaded.messages, values[len(self.outputs) :], strict=True):
            print(message, value, sep="", file=sys.stderr, flush=True)
        return values[: len(self.outputs)]

    def _split(self, arrays: Sequence[Any]) -> tuple[bool, Sequence[Any]]:
        """The learning phase that a call gives, and the other values."""
        place = self.inputs.index(ops.LEARNING_PHASE)
        if len(arrays) == len(self._placeholders) == place:  # it may be left out at the end
            return self.training, arrays
        if len(arrays) != len(self.inputs):
            names = ", ".join(tensor.name for tensor in self.inputs)
            raise TypeError(
                f"A function of {len(self.inputs)} values ({names}). Received: {len(arrays)}."
            )
        return bool(arrays[place]), [*arrays[:place], *arrays[place + 1 :]]

    def _loaded(self, training: bool) -> _Loaded:
        with self._loading:
            if training not in self._programs:
                self._programs[training] = self._load(training)
            return self._programs[training]

    def _load(self, training: bool) -> _Loaded:
        device = runtime.resolve_device(self._device)
        graph = self._graph(training)
        if device.kind == "cpu":
            graph = graph.for_cpu()
        emitted = graph.emit(self.name)
        updates = {
            f"update_{index}": state_of(variable) for index, variable in enumerate(self.updates)
        }
        program = runtime.Program(
            emitted.model,
            feeds=list(graph.feeds),
            fetches=[name for name in graph.results if name not in updates],
            states={name: state_of(variable) for name, variable in emitted.variables.items()},
            updates=updates,
            device=device,
            threads=self._threads,
        )
        return _Loaded(program, "seed" in graph.feeds, graph.messages)

    def emit(self) -> Emitted:
        """Return the function as an ONNX model.

        Its inputs are the function's, by name, then "seed" if it draws random numbers, then the
        variables; its outputs are output_0, …, then update_0, …, then print_0, … for what
        `print_tensor` is to show.
        """
        return self._graph(self.training).emit(self.name)

    def _graph(self, training: bool) -> _Graph:
        wanted = [*self.outputs, *self.updates.values()]
        shown = printed(wanted, training=training)
        values = select_phase(
            [*wanted, *[tensor for _, tensor in shown]], training=training, keep_composites=True
        )
        values = merge_outputs(values)
        names = [
            f"{kind}_{index}"
            for kind, count in (
                ("output", len(self.outputs)), ("update", len(self.updates)), ("print", len(shown))
            )
            for index in range(count)
        ]  # fmt: skip
        feeds = name_tensors(self._placeholders)
        if draws_random_numbers(values):
            feeds["seed"] = ops.SEED
        results = dict(zip(names, values, strict=True))
        return _Graph(feeds, results, [message for message, _ in shown])


@dataclass(frozen=True)
class _Graph:
    """What a function computes in one phase: inputs and outputs by name, and what it prints."""

    feeds: dict[str, Tensor]
    results: dict[str, Tensor]
    messages: list[str]

    def for_cpu(self) -> _Graph:
        """The same with convolutions in the layout that is fastest on CPU; no standard ONNX."""
        values = list(self.results.values())
        if not any(node.op_type == "Conv" for node in topological_order(values)):
            return self
        block = runtime.channel_block()
        if not block:
            return self
        blocked = block_channels(values, block)
        if all(a is b for a, b in zip(values, blocked, strict=True)):
            return self
        return replace(self, results=dict(zip(self.results, blocked, strict=True)))

    def emit(self, name: str) -> Emitted:
        values = drop_composites(list(self.results.values()))
        return emit_resolved(self.feeds, dict(zip(self.results, values, strict=True)), name=name)


@dataclass(frozen=True)
class _Loaded:
    """A program for one phase; whether it takes a seed, and what goes before what it prints."""

    program: runtime.Program
    seeded: bool
    messages: list[str]


def name_tensors(tensors: Sequence[Tensor]) -> dict[str, Tensor]:
    """Return tensors by name, with `_1`, `_2`, … for names that occur again.

    Raises:
        ShapeError: a tensor occurs twice.
    """
    if len(set(tensors)) != len(tensors):
        raise ShapeError(f"A tensor occurs twice among the inputs: {list(tensors)}")
    named: dict[str, Tensor] = {}
    for tensor in tensors:
        named[free_name(tensor.name, lambda name: name in named or _is_reserved(name))] = tensor
    return named


def _is_reserved(name: str) -> bool:
    return _RESERVED.fullmatch(name) is not None


def draws_random_numbers(tensors: Sequence[Tensor]) -> bool:
    """Tell whether tensors depend on a seed that each run must be given."""
    return any(ops.SEED in node.outputs for node in topological_order(tensors))


def chain_updates(updates: Sequence[Update]) -> dict[Variable, Tensor]:
    """Return one new value for each variable; of several, each starts from the one before.

    Raises:
        ShapeError: a new value has another dtype or shape than its variable.
    """
    chained: dict[Variable, Tensor] = {}
    for variable, value in updates:
        _check_update(variable, value)
        if variable in chained:
            (value,) = substitute([value], {variable: chained[variable]})
        chained[variable] = value
    return chained


def _check_update(variable: Variable, value: Tensor) -> None:
    sizes = value.shape
    fits = len(sizes) == len(variable.shape) and all(
        size in (None, known) for size, known in zip(sizes, variable.shape, strict=True)
    )
    if value.dtype != variable.dtype or not fits:
        raise ShapeError(
            f"Variable '{variable.name}' ({variable.dtype}{list(variable.shape)}) cannot be "
            f"updated by {value!r}: dtype and shape must stay the same."
        )


def state_of(variable: Variable) -> runtime.State:
    """Return the device-resident state behind a variable, made when first asked for."""
    with _STATE_MAKING:  # two threads that make two states would compute on different values
        if not isinstance(variable.storage, runtime.State):
            variable.storage = runtime.State(variable.storage.numpy())
        return variable.storage
