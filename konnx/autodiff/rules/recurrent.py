"""ONNX' own recurrent operators, as loops over a cell.

konnx trains with loops that it writes itself; files of other programs bring these operators. Time
comes first: ONNX Runtime does not run the other `layout`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from konnx import ops
from konnx.autodiff.rules._table import lowering, present
from konnx.graph import Dim, Node, Tensor, int64s, op, refine

Activation = Callable[[Tensor], Tensor]
Cell = Callable[["_Direction", Tensor, list[Tensor]], list[Tensor]]

# name -> (default alpha, default beta, the function of x, alpha and beta)
_ACTIVATIONS: dict[
    str, tuple[float | None, float | None, Callable[[Tensor, float, float], Tensor]]
] = {
    "Affine": (1.0, 0.0, lambda x, a, b: x * a + b),
    "Elu": (1.0, None, lambda x, a, b: ops.elu(x, a)),
    "HardSigmoid": (0.2, 0.5, lambda x, a, b: op("HardSigmoid", x, alpha=a, beta=b)),
    "LeakyRelu": (0.01, None, lambda x, a, b: op("LeakyRelu", x, alpha=a)),
    "Relu": (None, None, lambda x, a, b: ops.relu(x)),
    "ScaledTanh": (0.0, 0.0, lambda x, a, b: ops.tanh(x * b) * a),
    "Sigmoid": (None, None, lambda x, a, b: ops.sigmoid(x)),
    "Softplus": (None, None, lambda x, a, b: ops.softplus(x)),
    "Softsign": (None, None, lambda x, a, b: ops.softsign(x)),
    "Tanh": (None, None, lambda x, a, b: ops.tanh(x)),
    "ThresholdedRelu": (1.0, None, lambda x, a, b: op("ThresholdedRelu", x, alpha=a)),
}


@dataclass(frozen=True)
class _Direction:
    """One direction of a node: its weights, read as its cell needs them."""

    node: Node
    number: int
    gates: int
    activations: Sequence[Activation]

    def given(self, place: int) -> Tensor | None:
        """The part of an input that belongs to this direction; None where it is absent."""
        tensor = _input(self.node, place)
        return None if tensor is None else tensor[self.number]

    @property
    def size(self) -> int:
        return int(self.node.attributes["hidden_size"])

    @property
    def recurrent(self) -> Tensor:
        """The recurrent weights, (hidden, gates * hidden)."""
        return ops.transpose(present(self.given(2)))

    def biases(self) -> tuple[Tensor, Tensor] | None:
        """Those of the input and of the recurrence, (gates * hidden,) each."""
        both, size = self.given(3), self.gates * self.size
        return None if both is None else (both[:size], both[size:])

    def gate(self, x: Tensor, number: int, count: int = 1) -> Tensor:
        """The part of the last axis that belongs to one gate, or to some that lie together."""
        return x[..., number * self.size : (number + count) * self.size]

    def activate(self, number: int, x: Tensor) -> Tensor:
        """Apply the activation of that number to what `clip` leaves."""
        limit = self.node.attributes.get("clip")
        clipped = x if limit is None else ops.clip(x, -float(limit), float(limit))
        return self.activations[number](clipped)


def _input(node: Node, place: int) -> Tensor | None:
    return node.inputs[place] if len(node.inputs) > place else None


def _run(node: Node, gates: int, states: int, defaults: Sequence[str], cell: Cell) -> list[Tensor]:
    """All directions of a node: the outputs of all steps, then the last states."""
    turned = {"forward": [False], "reverse": [True], "bidirectional": [False, True]}
    ways = turned[node.attributes.get("direction", "forward")]
    activations = _activations(node, list(defaults) * len(ways))
    x = present(node.inputs[0])
    found = []
    for number, backwards in enumerate(ways):
        own = activations[number * len(defaults) : (number + 1) * len(defaults)]
        direction = _Direction(node, number, gates, own)
        found.append(_one_direction(direction, x, states, cell, backwards))
    axes = [1, *[0] * states]
    outputs = [
        ops.concatenate([ops.expand_dims(one[place], axis) for one in found], axis)
        for place, axis in enumerate(axes)
    ]
    return outputs[: len(node.outputs)]


def _activations(node: Node, defaults: Sequence[str]) -> list[Activation]:
    """The activations of all directions; each takes the parameters that it needs off the lists."""
    alphas = list(node.attributes.get("activation_alpha", []))
    betas = list(node.attributes.get("activation_beta", []))
    return [
        _activation(name, alphas, betas) for name in node.attributes.get("activations", defaults)
    ]


def _activation(name: str, alphas: list[float], betas: list[float]) -> Activation:
    alpha, beta, function = {key.lower(): row for key, row in _ACTIVATIONS.items()}[name.lower()]
    if alpha is not None and alphas:
        alpha = alphas.pop(0)
    if beta is not None and betas:
        beta = betas.pop(0)
    return lambda x: function(x, alpha or 0.0, beta or 0.0)


def _one_direction(
    direction: _Direction, x: Tensor, states: int, cell: Cell, backwards: bool
) -> list[Tensor]:
    """The outputs, (time, batch, hidden), and the last states, (batch, hidden) each."""
    lengths = _input(direction.node, 4)
    projected = op("MatMul", x, ops.transpose(present(direction.given(1))))
    biases = direction.biases()
    if biases is not None:
        projected = projected + biases[0]
    # What meets inside of the loop must be known to have as many rows.
    rows = (x.dims or (None, None))[1] or "recurrent_rows"
    projected = _with_dims(projected, [None, rows, direction.gates * direction.size])
    initial = [_initial(direction, place, x, rows) for place in (5, 6)[:states]]
    if lengths is None:
        last, (outputs,) = ops.scan(
            lambda old, now: _step(direction, cell, old, now[0], None),
            initial,
            [projected],
            reverse=backwards,
        )
        return [outputs, *last]
    places = ops.arange(op("Squeeze", op("Shape", x, end=1), int64s([0])))
    counts = ops.less(ops.expand_dims(places, 1), ops.cast(lengths, "int64"))
    turn = _turned(ops.cast(lengths, "int64")) if backwards else ops.identity
    last, (outputs,) = ops.scan(
        lambda old, now: _step(direction, cell, old, now[0], now[1]),
        initial,
        [turn(projected), _with_dims(ops.expand_dims(counts, 2), [None, rows, 1])],
    )
    return [turn(outputs), *last]


def _turned(lengths: Tensor) -> Activation:
    """What turns the steps of each sequence round, up to its length."""
    return lambda x: op("ReverseSequence", x, lengths, time_axis=0, batch_axis=1)


def _with_dims(x: Tensor, dims: list[Dim]) -> Tensor:
    """The tensor with other names for its sizes."""
    return refine(op("Reshape", x, op("Shape", x)), dims)


def _initial(direction: _Direction, place: int, x: Tensor, rows: Dim) -> Tensor:
    """A state before the first step, (batch, hidden); zeros where none is given."""
    given = _input(direction.node, place)
    if given is None:
        sizes = op("Concat", op("Shape", x, start=1, end=2), int64s([direction.size]), axis=0)
        return refine(op("Expand", ops.scalar(0, x), sizes), [rows, direction.size])
    return _with_dims(given[direction.number], [rows, direction.size])


def _step(
    direction: _Direction, cell: Cell, old: list[Tensor], now: Tensor, counts: Tensor | None
) -> tuple[list[Tensor], list[Tensor]]:
    new = [
        refine(tensor, state.dims or ())
        for tensor, state in zip(cell(direction, now, old), old, strict=True)
    ]
    if counts is None:
        return new, [new[0]]
    kept = [refine(ops.where(counts, a, b), b.dims or ()) for a, b in zip(new, old, strict=True)]
    return kept, [ops.where(counts, new[0], ops.scalar(0, new[0]))]


@lowering("RNN")
def rnn(node: Node) -> Sequence[Tensor]:
    """h' = f(x W + h R + b)."""

    def cell(direction: _Direction, now: Tensor, states: list[Tensor]) -> list[Tensor]:
        recurrent = _with_bias(direction, op("MatMul", states[0], direction.recurrent))
        return [direction.activate(0, now + recurrent)]

    return _run(node, 1, 1, ["Tanh"], cell)


def _with_bias(direction: _Direction, recurrent: Tensor) -> Tensor:
    biases = direction.biases()
    return recurrent if biases is None else recurrent + biases[1]


@lowering("GRU")
def gru(node: Node) -> Sequence[Tensor]:
    """h' = (1 - z) * candidate + z * h; gates in the order z, r, candidate."""
    return _run(node, 3, 1, ["Sigmoid", "Tanh"], _gru_cell)


def _gru_cell(direction: _Direction, now: Tensor, states: list[Tensor]) -> list[Tensor]:
    (h,) = states
    size, weights = direction.size, direction.recurrent
    if direction.node.attributes.get("linear_before_reset", 0):
        recurrent = _with_bias(direction, op("MatMul", h, weights))
        gates = direction.gate(now, 0, 2) + direction.gate(recurrent, 0, 2)
        z_and_r = direction.activate(0, gates)
        reset = z_and_r[:, size:] * direction.gate(recurrent, 2)
    else:
        biases = direction.biases()
        now = now if biases is None else now + biases[1]
        gates = direction.gate(now, 0, 2) + op("MatMul", h, weights[:, : 2 * size])
        z_and_r = direction.activate(0, gates)
        reset = op("MatMul", z_and_r[:, size:] * h, weights[:, 2 * size :])
    candidate = direction.activate(1, direction.gate(now, 2) + reset)
    z = z_and_r[:, :size]
    return [(1.0 - z) * candidate + z * h]


@lowering("LSTM")
def lstm(node: Node) -> Sequence[Tensor]:
    """c' = f * c + i * candidate, h' = o * tanh(c'); gates in the order i, o, f, candidate."""
    return _run(node, 4, 2, ["Sigmoid", "Tanh", "Tanh"], _lstm_cell)


def _lstm_cell(direction: _Direction, now: Tensor, states: list[Tensor]) -> list[Tensor]:
    h, c = states
    gates = now + _with_bias(direction, op("MatMul", h, direction.recurrent))
    i, o, f, candidate = (direction.gate(gates, number) for number in range(4))
    peepholes = direction.given(7)
    if peepholes is not None:
        i, f = i + direction.gate(peepholes, 0) * c, f + direction.gate(peepholes, 2) * c
    i = direction.activate(0, i)
    f = 1.0 - i if direction.node.attributes.get("input_forget", 0) else direction.activate(0, f)
    new_c = f * c + i * direction.activate(1, candidate)
    if peepholes is not None:
        o = o + direction.gate(peepholes, 1) * new_c
    return [direction.activate(0, o) * direction.activations[2](new_c), new_c]
