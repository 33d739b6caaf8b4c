"""The cells of recurrent layers in plain NumPy: what one step makes of input and states.

Sources: Hochreiter and Schmidhuber, 1997; Cho et al., 2014; Shi et al., 2015; for the layouts of
weights, the documentation of Keras 2 and, for cuDNN's, that of cudnnGetRNNLinLayerMatrixParams.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from konnx.converters.verification.activations import UnsupportedError, activation, sigmoid
from konnx.converters.verification.windows import convolution

Array = np.ndarray[Any, Any]
Config = Mapping[str, Any]
States = list[Array]
Product = Callable[[Array], Array]
Step = Callable[[Array, States], tuple[Array, States]]


class Cell(NamedTuple):
    """What a cell does.

    Attributes:
        step: from an input and states, the output and new states.
        start: from an input, the states to begin with: zeros.
    """

    step: Step
    start: Callable[[Array], States]


def cell_of(layer: Any) -> Cell:
    """Return what a layer that is a cell does.

    Raises:
        UnsupportedError: there is no plain evaluation of it, as of a user's own.
    """
    kind = type(layer).__name__
    if not type(layer).__module__.startswith("konnx.") or kind not in _CELLS:
        raise UnsupportedError(f"cell class {kind}")
    return _CELLS[kind](layer)


def _zeros(units: int, count: int) -> Callable[[Array], States]:
    return lambda x: [np.zeros((len(x), units), x.dtype) for _ in range(count)]


# Of vectors -----------------------------------------------------------------------------------


def _simple(layer: Any) -> Cell:
    config, weights = layer.get_config(), layer.get_weights()
    act = activation(config["activation"])
    kernel, recurrent_kernel = weights[:2]
    bias = weights[2] if config["use_bias"] else 0

    def step(x: Array, states: States) -> tuple[Array, States]:
        output = act(x @ kernel + states[0] @ recurrent_kernel + bias)
        return output, [output]

    return Cell(step, _zeros(config["units"], 1))


def _lstm(layer: Any) -> Cell:
    config, weights = layer.get_config(), layer.get_weights()
    bias = weights[2] if config["use_bias"] else 0
    step = _lstm_step(config, lambda x: x @ weights[0] + bias, lambda h: h @ weights[1])
    return Cell(step, _zeros(config["units"], 2))


def _cudnn_lstm(layer: Any) -> Cell:
    config = layer.get_config()
    kernel, recurrent_kernel, bias = _from_cudnn(layer.get_weights(), 4)
    gates = {"activation": "tanh", "recurrent_activation": "sigmoid"}
    step = _lstm_step(gates, lambda x: x @ kernel + bias.sum(0), lambda h: h @ recurrent_kernel)
    return Cell(step, _zeros(config["units"], 2))


def _lstm_step(config: Config, of_input: Product, of_state: Product, axis: int = -1) -> Step:
    act, gate = activation(config["activation"]), activation(config["recurrent_activation"])

    def step(x: Array, states: States) -> tuple[Array, States]:
        enter, forget, new, leave = np.split(of_input(x) + of_state(states[0]), 4, axis)
        carry = gate(forget) * states[1] + gate(enter) * act(new)
        output = gate(leave) * act(carry)
        return output, [output, carry]

    return step


def _gru(layer: Any) -> Cell:
    config, weights = layer.get_config(), layer.get_weights()
    act, gate = activation(config["activation"]), activation(config["recurrent_activation"])
    width = 3 * config["units"]
    biases = weights[2].reshape(-1, width) if config["use_bias"] else np.zeros((1, width))
    after = bool(config["reset_after"])
    return _gru_cell(weights[0], weights[1], biases, act, gate, after=after)


def _cudnn_gru(layer: Any) -> Cell:
    kernel, recurrent_kernel, biases = _from_cudnn(layer.get_weights(), 3)
    return _gru_cell(kernel, recurrent_kernel, biases, np.tanh, sigmoid, after=True)


def _gru_cell(
    kernel: Array,
    recurrent_kernel: Array,
    biases: Array,
    act: Product,
    gate: Product,
    *,
    after: bool,
) -> Cell:
    """The reset gate acts before the product with the state, or `after` it."""
    units = len(recurrent_kernel)
    given = biases[0].astype(kernel.dtype)
    kept = biases[1] if len(biases) == 2 else np.zeros_like(given)

    def step(x: Array, states: States) -> tuple[Array, States]:
        (state,) = states
        update, reset, new = np.split(x @ kernel + given, 3, axis=-1)
        gates = state @ recurrent_kernel[:, : 2 * units] + kept[: 2 * units]
        update, reset = gate(update + gates[:, :units]), gate(reset + gates[:, units:])
        last, shift = recurrent_kernel[:, 2 * units :], kept[2 * units :]
        inner = reset * (state @ last + shift) if after else (reset * state) @ last + shift
        output = update * state + (1 - update) * act(new + inner)
        return output, [output]

    return Cell(step, _zeros(units, 1))


def _from_cudnn(weights: Sequence[Array], gates: int) -> list[Array]:
    """Return kernels as other layers have them, and the biases of inputs and of the state.

    cuDNN has, for each gate, the matrix (units, features) one row after the other; Keras reads
    that memory as (features, units).
    """
    kernels = [
        np.hstack([block.reshape(block.shape[::-1]).T for block in np.hsplit(kernel, gates)])
        for kernel in weights[:2]
    ]
    return [*kernels, weights[2].reshape(2, -1)]


# Of images, and of cells ------------------------------------------------------------------------


def _convolutional(layer: Any) -> Cell:
    config, weights = layer.get_config(), layer.get_weights()
    first = config["data_format"] == "channels_first"

    def moved(x: Array) -> Array:
        return np.moveaxis(x, 1, -1) if first else x

    def back(x: Array) -> Array:
        return np.moveaxis(x, -1, 1) if first else x

    def of_input(x: Array) -> Array:
        strides, dilation = config["strides"], config["dilation_rate"]
        sums = convolution(moved(x), weights[0], strides, dilation, config["padding"])
        return back(sums + weights[2] if config["use_bias"] else sums)

    def of_state(state: Array) -> Array:
        return back(convolution(moved(state), weights[1], (1, 1), (1, 1), "same"))

    def start(x: Array) -> States:
        gates = of_input(x)
        one = np.split(gates, 4, 1 if first else -1)[0]
        return [np.zeros_like(one)] * 2

    return Cell(_lstm_step(config, of_input, of_state, 1 if first else -1), start)


def _stacked(layer: Any) -> Cell:
    """Cells one upon the other; as in Keras 2.1 the states of the last come first."""
    cells = [cell_of(one) for one in layer.cells]
    counts = [len(cell.start(np.zeros((1, 1)))) for cell in cells]

    def step(x: Array, states: States) -> tuple[Array, States]:
        left = list(states)
        own: list[States] = []
        new: list[States] = []
        for count in reversed(counts):
            own.insert(0, left[:count])
            left = left[count:]
        for cell, mine in zip(cells, own, strict=True):
            x, after = cell.step(x, mine)
            new.insert(0, after)
        return x, [state for part in new for state in part]

    def start(x: Array) -> States:
        return [state for cell in reversed(cells) for state in cell.start(x)]

    return Cell(step, start)


_CELLS: Mapping[str, Callable[[Any], Cell]] = {
    "ConvLSTM2DCell": _convolutional,
    "CuDNNGRUCell": _cudnn_gru,
    "CuDNNLSTMCell": _cudnn_lstm,
    "GRUCell": _gru,
    "LSTMCell": _lstm,
    "SimpleRNNCell": _simple,
    "StackedRNNCells": _stacked,
}
