"""Running expression graphs: `Function` is Keras' K.function, and the one way to run anything."""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np

from konnx import ops, runtime
from konnx.graph import (
    Emitted,
    ShapeError,
    Tensor,
    Variable,
    emit_resolved,
    join_scans,
    select_phase,
    substitute,
    topological_order,
)
from konnx.utils.naming import free_name
from konnx.utils.random import next_run_seed

Update = tuple[Variable, Tensor]

# What a function's own inputs and outputs are called, so that no input may be.
_RESERVED = re.compile(r"seed|(output|update)_\d+")
_STATE_MAKING = threading.Lock()


class Function:
    """Computes outputs from inputs and, in the same run, gives variables new values.

    The graph is emitted and loaded at the first call. All outputs and all new values are computed
    from the variables' old values.

    Args:
        inputs: placeholders, in the order of the arrays that a call takes.
        outputs: tensors to return.
        updates: (variable, new value); of several for one variable the later ones start from the
            value of the one before.
        training: which side of `in_train_phase` to take.
        name: of the ONNX graph.
        device: "auto", "cpu", "cuda", …; None: the default device.

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
    ) -> None:
        self.inputs = list(inputs)
        self.outputs = list(outputs)
        self.updates = chain_updates(updates)
        self._training = training
        self._name = name
        self._device = device
        self._program: runtime.Program | None = None
        self._seeded = False
        self._loading = threading.Lock()

    def __call__(self, arrays: Sequence[Any]) -> list[np.ndarray]:
        """Run on one array for each input; returns one array for each output."""
        program = self._program or self._loaded()
        if self._seeded:
            return program(*arrays, next_run_seed())
        return program(*arrays)

    def _loaded(self) -> runtime.Program:
        with self._loading:
            if self._program is None:
                self._program = self._load()
            return self._program

    def _load(self) -> runtime.Program:
        emitted = self.emit()
        outputs = [f"output_{index}" for index in range(len(self.outputs))]
        updates = {
            f"update_{index}": state_of(variable) for index, variable in enumerate(self.updates)
        }
        return runtime.Program(
            emitted.model,
            feeds=list(self._feeds()),
            fetches=outputs,
            states={name: state_of(variable) for name, variable in emitted.variables.items()},
            updates=updates,
            device=self._device,
        )

    def emit(self) -> Emitted:
        """Return the function as an ONNX model.

        Its inputs are the function's, by name, then "seed" if it draws random numbers, then the
        variables; its outputs are output_0, … and update_0, …
        """
        joined = join_scans([*self.outputs, *self.updates.values()])
        values = select_phase(joined, training=self._training)
        self._seeded = draws_random_numbers(values)
        count = len(self.outputs)
        named = {f"output_{index}": tensor for index, tensor in enumerate(values[:count])}
        named |= {f"update_{index}": tensor for index, tensor in enumerate(values[count:])}
        return emit_resolved(self._feeds(), named, name=self._name)

    def _feeds(self) -> dict[str, Tensor]:
        feeds = name_tensors(self.inputs)
        return {**feeds, "seed": ops.SEED} if self._seeded else feeds


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
