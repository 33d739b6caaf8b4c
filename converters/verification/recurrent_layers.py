"""Recurrent layers in plain NumPy: one step after the other, masked steps hold everything."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from konnx.converters.verification.activations import UnsupportedError, activation, sigmoid

Array = np.ndarray[Any, Any]
Config = Mapping[str, Any]
States = list[Array]
Step = Callable[[Array, States], tuple[Array, States]]


def recurrent(
    kind: str, config: Config, weights: Sequence[Array], inputs: Sequence[Array], mask: Array | None
) -> list[Array]:
    """Run a recurrent layer over a sequence.

    Args:
        kind: "SimpleRNN", "LSTM", "GRU", "CuDNNLSTM" or "CuDNNGRU".
        config: of the layer.
        weights: kernel, recurrent kernel and, if there is one, bias.
        inputs: the sequence (batch, time, features), and the first states, if they are given.
        mask: (batch, time), False for the steps that are missing.

    Returns:
        The output, and the last states if the config asks for them.

    Raises:
        UnsupportedError: the layer keeps its states between calls, or does what is not known here.
    """
    if config.get("stateful"):
        raise UnsupportedError("states that a layer keeps")
    make, count = _STEPS[kind]
    step = make(config, weights)
    x, *given = inputs
    states = given or [np.zeros((len(x), weights[1].shape[0]), x.dtype)] * count
    output, sequence = np.zeros_like(states[0]), []
    for time in reversed(range(x.shape[1])) if config["go_backwards"] else range(x.shape[1]):
        new, new_states = step(x[:, time], states)
        if mask is not None:
            valid = mask[:, time, np.newaxis].astype(bool)
            new = np.where(valid, new, output)
            new_states = [np.where(valid, a, b) for a, b in zip(new_states, states, strict=True)]
        output, states = new, new_states
        shown = (
            valid * output if mask is not None and config.get("zero_output_for_mask") else output
        )
        sequence.append(shown)
    result = np.stack(sequence, 1) if config["return_sequences"] else output
    return [result, *states] if config["return_state"] else [result]


def _simple(config: Config, weights: Sequence[Array]) -> Step:
    act = activation(config["activation"])
    kernel, recurrent_kernel = weights[:2]
    bias = weights[2] if config["use_bias"] else 0

    def step(x: Array, states: States) -> tuple[Array, States]:
        output = act(x @ kernel + states[0] @ recurrent_kernel + bias)
        return output, [output]

    return step


def _lstm(config: Config, weights: Sequence[Array]) -> Step:
    act = activation(config.get("activation", "tanh"))
    gate = activation(config.get("recurrent_activation", "sigmoid"))
    bias = weights[2] if config.get("use_bias", True) else 0
    if np.ndim(bias) and len(weights[2]) == 2 * weights[1].shape[1]:  # CuDNN has it twice
        bias = weights[2].reshape(2, -1).sum(0)

    def step(x: Array, states: States) -> tuple[Array, States]:
        parts = np.split(x @ weights[0] + states[0] @ weights[1] + bias, 4, axis=-1)
        carry = gate(parts[1]) * states[1] + gate(parts[0]) * act(parts[2])
        output = gate(parts[3]) * act(carry)
        return output, [output, carry]

    return step


def _gru(config: Config, weights: Sequence[Array]) -> Step:
    act, gate = activation(config["activation"]), activation(config["recurrent_activation"])
    after = bool(config.get("reset_after"))
    return _gru_step(weights, act, gate, after, bool(config["use_bias"]))


def _cudnn_gru(config: Config, weights: Sequence[Array]) -> Step:
    return _gru_step(weights, np.tanh, sigmoid, True, True)


def _gru_step(
    weights: Sequence[Array],
    act: Callable[[Array], Array],
    gate: Callable[[Array], Array],
    after: bool,
    use_bias: bool,
) -> Step:
    kernel, recurrent_kernel = weights[:2]
    units = recurrent_kernel.shape[0]
    bias = weights[2].reshape(-1, 3 * units) if use_bias else np.zeros((1, 3 * units))
    given, kept = bias[0], bias[1] if len(bias) == 2 else np.zeros(3 * units)

    def step(x: Array, states: States) -> tuple[Array, States]:
        (state,) = states
        update, reset, new = np.split(x @ kernel + given, 3, axis=-1)
        gates = state @ recurrent_kernel[:, : 2 * units] + kept[: 2 * units]
        update, reset = gate(update + gates[:, :units]), gate(reset + gates[:, units:])
        last, shift = recurrent_kernel[:, 2 * units :], kept[2 * units :]
        inner = reset * (state @ last + shift) if after else (reset * state) @ last + shift
        output = update * state + (1 - update) * act(new + inner)
        return output, [output]

    return step


_STEPS: Mapping[str, tuple[Callable[[Config, Sequence[Array]], Step], int]] = {
    "CuDNNGRU": (_cudnn_gru, 1),
    "CuDNNLSTM": (_lstm, 2),
    "GRU": (_gru, 1),
    "LSTM": (_lstm, 2),
    "SimpleRNN": (_simple, 1),
}
KINDS = tuple(_STEPS)


def joined(mode: str | None, forward: Array, backward: Array) -> list[Array]:
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
