"""Recurrent layers in plain NumPy: one step after the other, masked steps hold everything."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from konnx.converters.verification.activations import UnsupportedError
from konnx.converters.verification.cells import Cell, States, cell_of

Array = np.ndarray[Any, Any]

KINDS = (
    "Bidirectional", "ConvLSTM2D", "ConvRNN2D", "CuDNNGRU", "CuDNNLSTM", "GRU", "LSTM", "RNN",
    "SimpleRNN",
)  # fmt: skip


def recurrent(layer: Any, inputs: list[Array], mask: Array | None) -> list[Array]:
    """Run a recurrent layer, or two as `Bidirectional` has them, over a sequence.

    Args:
        layer: of one of the classes in `KINDS`.
        inputs: the sequence (batch, time, ...), and the first states, if they are given.
        mask: (batch, time), False for the steps that are missing.

    Returns:
        The output, and the last states if the config asks for them.

    Raises:
        UnsupportedError: there is no plain evaluation of its cell.
    """
    kind, config = type(layer).__name__, layer.get_config()
    if kind == "Bidirectional":
        return _bidirectional(layer, config["merge_mode"], inputs, mask)
    if kind not in KINDS or config.get("num_constants"):
        raise UnsupportedError(f"layer class {kind}")
    cell = cell_of(layer.cell)
    x, *given = inputs
    states = given or _kept(layer, config) or cell.start(x[:, 0])
    order = range(x.shape[1])
    steps = reversed(order) if config["go_backwards"] else order
    outputs, last, states = _run(cell, x, states, steps, mask, config)
    result = np.stack(outputs, 1) if config["return_sequences"] else last
    return [result, *states] if config["return_state"] else [result]


def _kept(layer: Any, config: Mapping[str, Any]) -> States:
    """The states that a layer keeps between calls."""
    if not config["stateful"]:
        return []
    return [np.asarray(state.numpy()) for state in layer.states]


def _run(
    cell: Cell,
    x: Array,
    states: States,
    steps: Any,
    mask: Array | None,
    config: Mapping[str, Any],
) -> tuple[list[Array], Array, States]:
    # Before the first step that is there, Keras gives the first state; unrolled, zeros.
    output = np.zeros_like(states[0]) if config.get("unroll") else states[0]
    shown = []
    for time in steps:
        new, new_states = cell.step(x[:, time], states)
        if mask is not None:
            valid = mask[:, time].astype(bool)
            new = _where(valid, new, output)
            pairs = zip(new_states, states, strict=True)
            new_states = [_where(valid, after, before) for after, before in pairs]
        output, states = new, new_states
        hidden = mask is not None and config.get("zero_output_for_mask")
        shown.append(_where(valid, output, np.zeros_like(output)) if hidden else output)
    return shown, output, states


def _where(valid: Array, new: Array, old: Array) -> Array:
    return np.where(valid.reshape(-1, *[1] * (new.ndim - 1)), new, old)


def _bidirectional(
    layer: Any, merge_mode: str | None, inputs: list[Array], mask: Array | None
) -> list[Array]:
    sequence, *states = inputs
    half = len(states) // 2
    there, *first = recurrent(layer.forward_layer, [sequence, *states[:half]], mask)
    back, *second = recurrent(layer.backward_layer, [sequence, *states[half:]], mask)
    if layer.forward_layer.get_config()["return_sequences"]:
        back = back[:, ::-1]
    return [*_joined(merge_mode, there, back), *first, *second]


def _joined(mode: str | None, forward: Array, backward: Array) -> list[Array]:
    """Join the outputs of the two directions of a `Bidirectional` as its merge mode says."""
    if mode is None:
        return [forward, backward]
    combined: dict[str, Callable[[], Array]] = {
        "ave": lambda: (forward + backward) / 2,
        "concat": lambda: np.concatenate([forward, backward], -1),
        "mul": lambda: forward * backward,
        "sum": lambda: forward + backward,
    }
    return [combined[mode]()]
