"""Recurrent layers as single ONNX operators, for inference.

ONNX' RNN, GRU and LSTM compute what Keras' cells do, if ONNX knows the activation functions. They
take samples of different lengths, but no masks; so the steps that count are moved to the front, and
the outputs back to their places afterwards, where a masked step repeats what was before it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from konnx import activations, ops
from konnx.graph import Tensor
from konnx.layers.recurrent.cell import GatedCell
from konnx.layers.recurrent.cudnn_cells import CuDNNGRUCell, CuDNNLSTMCell
from konnx.layers.recurrent.gru import GRUCell
from konnx.layers.recurrent.lstm import LSTMCell
from konnx.layers.recurrent.simple_rnn import SimpleRNNCell
from konnx.layers.recurrent.stacked import StackedRNNCells
from konnx.ops.recurrent import StepActivation

_ACTIVATIONS: Mapping[Callable[..., Any], StepActivation] = {
    activations.tanh: StepActivation("Tanh"),
    activations.sigmoid: StepActivation("Sigmoid"),
    activations.hard_sigmoid: StepActivation("HardSigmoid", 0.2, 0.5),
    activations.relu: StepActivation("Relu"),
    activations.linear: StepActivation("Affine", 1.0, 0.0),
    activations.softsign: StepActivation("Softsign"),
    activations.softplus: StepActivation("Softplus"),
    activations.elu: StepActivation("Elu", 1.0),
}

_DTYPE = "float32"  # the only one that ONNX Runtime has kernels for


class Outcome(NamedTuple):
    """What a recurrent layer computes of a sequence."""

    last_output: Tensor
    outputs: Tensor
    states: list[Tensor]


def can_fuse(cell: Any) -> bool:
    """Tell whether a cell, or each of a stack, is one whose layer is an ONNX operator."""
    if type(cell) is StackedRNNCells:
        return all(type(one) is not StackedRNNCells and can_fuse(one) for one in cell.cells)
    return (
        type(cell) in _FORMS
        and cell.dtype == _DTYPE
        and all(function in _ACTIVATIONS for function in _functions(cell))
    )


def fuse(
    cell: Any,
    sequence: Tensor,
    states: Sequence[Tensor],
    mask: Tensor | None,
    *,
    go_backwards: bool,
    from_zero: bool = False,
    masked_start: Tensor | None = None,
) -> Outcome:
    """Compute a layer by ONNX' recurrent operators.

    Args:
        cell: one that `can_fuse`.
        sequence: (batch, time, features).
        states: the first states, in the cell's order.
        mask: (batch, time) or (batch, time, 1), or None.
        go_backwards: whether the last step comes first.
        from_zero: whether the first states are known to be zero.
        masked_start: what masked steps show before the first that counts; default: the first state.
    """
    if go_backwards:
        sequence, mask = sequence[:, ::-1], None if mask is None else mask[:, ::-1]
    start = [None] * len(states) if from_zero else states
    if mask is None:
        steps, final = _run(cell, ops.transpose(sequence, (1, 0, 2)), start, None)
        return Outcome(final[0], ops.transpose(steps, (1, 0, 2)), final)
    packed = ops.packing(mask if mask.ndim == 2 else ops.squeeze(mask, -1))
    steps, final = _run(cell, ops.pack(sequence, packed), start, packed.lengths)
    outputs = ops.unpack(steps, states[0] if masked_start is None else masked_start, packed)
    started = ops.expand_dims(ops.greater(packed.lengths, 0), 1)
    final = [ops.where(started, new, old) for new, old in zip(final, states, strict=True)]
    return Outcome(outputs[:, -1], outputs, final)


Start = Sequence[Tensor | None]
Form = Callable[[Any, Tensor, Start, Tensor | None], tuple[Tensor, list[Tensor]]]


def _run(
    cell: Any, steps: Tensor, states: Start, lengths: Tensor | None
) -> tuple[Tensor, list[Tensor]]:
    """The outputs (time, batch, units) and the last states of a cell or, one by one, of a stack."""
    if not isinstance(cell, StackedRNNCells):
        return _FORMS[type(cell)](cell, steps, states, lengths)
    final: list[list[Tensor]] = []
    for one, own in zip(cell.cells, cell.split(states), strict=True):
        steps, new = _run(one, steps, own, lengths)
        final.append(new)
    return steps, cell.join(final)


def _simple(
    cell: SimpleRNNCell, steps: Tensor, states: Start, lengths: Tensor | None
) -> tuple[Tensor, list[Tensor]]:
    return ops.simple_rnn(steps, cell.kernels, states, _named(cell.activation), lengths)


def _gru(
    cell: GRUCell, steps: Tensor, states: Start, lengths: Tensor | None
) -> tuple[Tensor, list[Tensor]]:
    named = _named(cell.recurrent_activation, cell.activation)
    return ops.gru(steps, cell.kernels, states, named, lengths, reset_after=cell.reset_after)


def _lstm(
    cell: LSTMCell, steps: Tensor, states: Start, lengths: Tensor | None
) -> tuple[Tensor, list[Tensor]]:
    named = _named(cell.recurrent_activation, cell.activation, cell.activation)
    return ops.lstm(steps, cell.kernels, states, named, lengths)


_FORMS: dict[type, Form] = {
    SimpleRNNCell: _simple,
    GRUCell: _gru,
    LSTMCell: _lstm,
    CuDNNGRUCell: _gru,
    CuDNNLSTMCell: _lstm,
}
"""By the class itself: a subclass may compute something else."""


def _functions(cell: GatedCell) -> list[Callable[..., Any]]:
    gates = getattr(cell, "recurrent_activation", None)
    return [cell.activation] if gates is None else [cell.activation, gates]


def _named(*functions: Callable[..., Any]) -> list[StepActivation]:
    return [_ACTIVATIONS[function] for function in functions]
