"""Running any tensors of an expression graph, without a model around them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from konnx.graph import Tensor, emit_resolved, select_phase, topological_order
from konnx.ops.random import SEED
from konnx.runtime import Program

Run = Callable[..., list[np.ndarray]]


def evaluate(
    tensors: Sequence[Tensor],
    feeds: Mapping[Tensor, Any] | None = None,
    *,
    training: bool = False,
    seed: int = 0,
    device: str = "cpu",
) -> list[np.ndarray]:
    """Return the values of tensors.

    Args:
        tensors: what to compute.
        feeds: a value for each placeholder that they need.
        training: which side of `in_train_phase` to compute.
        seed: of the random numbers.
        device: as for `konnx.runtime.Program`.

    Raises:
        ShapeError: a placeholder that the tensors need has no value.
        ValueError: a value does not fit its placeholder.

    Example:
        >>> from konnx import ops
        >>> from konnx.graph import placeholder
        >>> x = placeholder(("batch",), name="x")
        >>> evaluate([ops.square(x)], {x: [1.0, 2.0]})
        [array([1., 4.], dtype=float32)]
    """
    feeds = feeds or {}
    run = prepare(tensors, list(feeds), training=training, seed=seed, device=device)
    return run(*feeds.values())


def prepare(
    tensors: Sequence[Tensor],
    placeholders: Sequence[Tensor],
    *,
    training: bool = False,
    seed: int = 0,
    device: str = "cpu",
) -> Run:
    """Return a function from the placeholders' values to the tensors' values.

    Arguments and errors are those of `evaluate`. Variables are read once, now.

    Example:
        >>> from konnx.graph import placeholder
        >>> x = placeholder((), name="x")
        >>> double = prepare([x + x], [x])
        >>> double(2.0), double(3.0)
        ([array(4., dtype=float32)], [array(6., dtype=float32)])
    """
    resolved = select_phase(tensors, training=training)
    inputs = list(placeholders)
    state: list[np.ndarray] = []
    if SEED not in inputs and _reaches(resolved, SEED):
        inputs.append(SEED)
        state.append(np.array(seed, dtype=np.int64))
    names = {f"input_{index}": tensor for index, tensor in enumerate(inputs)}
    fetches = {f"output_{index}": tensor for index, tensor in enumerate(resolved)}
    emitted = emit_resolved(names, fetches)
    state.extend(variable.numpy() for variable in emitted.variables.values())
    program = Program(
        emitted.model,
        feeds=[*names, *emitted.variables],
        fetches=list(fetches),
        device=device,
    )
    return lambda *values: program(*values, *state)


def _reaches(tensors: Iterable[Tensor], wanted: Tensor) -> bool:
    return any(node is wanted.node for node in topological_order(tensors))
