"""Whole recurrent layers as one ONNX operator, with weights in Keras' layout.

Sequences are (time, batch, features) here. Samples of different lengths come with an int32 tensor
of lengths; `pack` moves steps that count to the front, `unpack` puts outputs in their places again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from konnx.graph import Tensor, constant, int64s, op, refine
from konnx.ops._convert import cast, scalar
from konnx.ops.shape import concatenate, expand, expand_like, shape, transpose


class StepActivation(NamedTuple):
    """An activation function as the recurrent operators of ONNX name it."""

    name: str
    alpha: float | None = None
    beta: float | None = None


@dataclass(frozen=True)
class Kernels:
    """The weights of a recurrent layer, gates side by side in Keras' order.

    Args:
        kernel: (features, gates * units).
        recurrent_kernel: (units, gates * units).
        bias: (gates * units,), or None.
        state_bias: of the product with the state, likewise.
    """

    kernel: Tensor
    recurrent_kernel: Tensor
    bias: Tensor | None = None
    state_bias: Tensor | None = None

    @property
    def units(self) -> int:
        """The size of the state."""
        units = self.recurrent_kernel.shape[0]
        assert units is not None
        return units


Outputs = tuple[Tensor, list[Tensor]]


def simple_rnn(
    steps: Tensor,
    weights: Kernels,
    states: Sequence[Tensor | None],
    activations: Sequence[StepActivation],
    lengths: Tensor | None = None,
) -> Outputs:
    """activation(x W + h R + b) at each step, as ONNX' RNN.

    Args:
        steps: (time, batch, features).
        weights: of one gate.
        states: the first h, (batch, units); None: zeros.
        activations: one.
        lengths: of the samples, int32 (batch,); None: all steps count.

    Returns:
        The outputs (time, batch, units), 0 behind a sample's end, and the last states.
    """
    operands = _operands(steps, weights, (0,), lengths, states)
    outputs, h = op("RNN", *operands, outputs=2, **_attributes(weights, activations))
    return _without_direction(outputs, 1), [_without_direction(h, 0)]


def gru(
    steps: Tensor,
    weights: Kernels,
    states: Sequence[Tensor | None],
    activations: Sequence[StepActivation],
    lengths: Tensor | None = None,
    *,
    reset_after: bool = False,
) -> Outputs:
    """The gated recurrent unit over all steps, as ONNX' GRU.

    Args:
        steps: (time, batch, features).
        weights: of the gates z, r, h.
        states: the first h, (batch, units); None: zeros.
        activations: of the gates, and of the candidate.
        lengths: of the samples, int32 (batch,); None: all steps count.
        reset_after: whether the reset gate comes after the product with the state.

    Returns:
        The outputs (time, batch, units), 0 behind a sample's end, and the last states.
    """
    operands = _operands(steps, weights, (0, 1, 2), lengths, states)
    attributes = _attributes(weights, activations)
    outputs, h = op("GRU", *operands, outputs=2, linear_before_reset=int(reset_after), **attributes)
    return _without_direction(outputs, 1), [_without_direction(h, 0)]


def lstm(
    steps: Tensor,
    weights: Kernels,
    states: Sequence[Tensor | None],
    activations: Sequence[StepActivation],
    lengths: Tensor | None = None,
) -> Outputs:
    """The long short-term memory over all steps, as ONNX' LSTM.

    Args:
        steps: (time, batch, features).
        weights: of the gates i, f, c, o.
        states: the first h and c, (batch, units) each; None: zeros.
        activations: of the gates, of the candidate, and of the output.
        lengths: of the samples, int32 (batch,); None: all steps count.

    Returns:
        The outputs (time, batch, units), 0 behind a sample's end, and the last states.
    """
    operands = _operands(steps, weights, (0, 3, 1, 2), lengths, states)
    outputs, h, c = op("LSTM", *operands, outputs=3, **_attributes(weights, activations))
    return _without_direction(outputs, 1), [_without_direction(one, 0) for one in (h, c)]


def _operands(
    steps: Tensor,
    weights: Kernels,
    order: Sequence[int],
    lengths: Tensor | None,
    states: Sequence[Tensor | None],
) -> list[Tensor | None]:
    kernels = [
        transpose(_reordered(one, weights.units, order), (1, 0))
        for one in (weights.kernel, weights.recurrent_kernel)
    ]
    w, r = (_with_direction(one) for one in kernels)
    initial = [None if one is None else _with_direction(one) for one in states]
    return [steps, w, r, _bias(weights, order), lengths, *initial]


def _bias(weights: Kernels, order: Sequence[int]) -> Tensor | None:
    given = [weights.bias, weights.state_bias]
    if given == [None, None]:
        return None
    zeros = constant(np.zeros(len(order) * weights.units, weights.kernel.dtype))
    parts = [zeros if one is None else _reordered(one, weights.units, order) for one in given]
    return _with_direction(concatenate(parts, 0))


def _reordered(wide: Tensor, units: int, order: Sequence[int]) -> Tensor:
    """The gates, side by side on the last axis, in ONNX' order."""
    if list(order) == sorted(order):
        return wide
    return concatenate([wide[..., gate * units : (gate + 1) * units] for gate in order], -1)


def _with_direction(x: Tensor) -> Tensor:
    return op("Unsqueeze", x, int64s([0]))


def _without_direction(x: Tensor, axis: int) -> Tensor:
    return op("Squeeze", x, int64s([axis]))


def _attributes(weights: Kernels, activations: Sequence[StepActivation]) -> dict[str, object]:
    alphas = [one.alpha for one in activations if one.alpha is not None]
    betas = [one.beta for one in activations if one.beta is not None]
    return {
        "hidden_size": weights.units,
        "activations": [one.name for one in activations],
        "activation_alpha": alphas or None,
        "activation_beta": betas or None,
    }


@dataclass(frozen=True)
class Packing:
    """Where the steps that count stand.

    Args:
        order: for each place of a packed sample the step that stands there, int64 (batch, time).
        counts: for each step how many up to it count, int64 (batch, time).
    """

    order: Tensor
    counts: Tensor

    @property
    def lengths(self) -> Tensor:
        """How many steps of each sample count, int32 (batch,)."""
        return cast(self.counts[:, -1], "int32")


def packing(mask: Tensor) -> Packing:
    """Find out where steps go so that those that count come first, in their order.

    Args:
        mask: bool (batch, time), true for steps that count.
    """
    kept = cast(mask, "int64")
    counts = op("CumSum", kept, constant(np.int64(1)))
    steps = shape(mask)[1:]
    place = op("Range", *(constant(np.int64(0)), op("Squeeze", steps), constant(np.int64(1))))
    among_masked = place + 1 - counts  # from 1, for steps that do not count
    target = kept * (counts - 1) + (1 - kept) * (steps - among_masked)
    order = op("ScatterElements", counts, target, expand_like(place, counts), axis=1)
    return Packing(order, counts)


def pack(x: Tensor, packed: Packing) -> Tensor:
    """Return (batch, time, features) as (time, batch, features), steps that count in front."""
    rows = _rows(packed.order) * shape(x)[1:2] + packed.order
    return op("Gather", _flat(x), transpose(rows, (1, 0)), axis=0)  # (time, batch, features)


def unpack(outputs: Tensor, before: Tensor, packed: Packing) -> Tensor:
    """Return what each step shows: its output or, where it does not count, the one before it.

    Args:
        outputs: of the steps that count, (time, batch, units).
        before: what is shown before the first of them, (batch, units).
        packed: where they stand.

    Returns:
        (batch, time, units).
    """
    shown = concatenate([op("Unsqueeze", before, int64s([0])), outputs], 0)
    rows = packed.counts * shape(before)[:1] + _rows(packed.counts)
    return op("Gather", _flat(shown), rows, axis=0)


def _rows(x: Tensor) -> Tensor:
    """The number of each sample, (batch, 1)."""
    count = op("Squeeze", op("Shape", x, start=0, end=1))
    numbers = op("Range", constant(np.int64(0)), count, constant(np.int64(1)))
    return op("Unsqueeze", numbers, int64s([1]))


def _flat(x: Tensor) -> Tensor:
    """The first two axes joined."""
    size = x.shape[2]
    assert size is not None
    return op("Reshape", x, int64s([-1, size]))


def zeros_for(x: Tensor, sizes: Sequence[int]) -> Tensor:
    """Return zeros of (batch, *sizes) for an x of (batch, ...)."""
    batch = x.shape[0]
    if batch is not None:
        return constant(np.zeros((batch, *sizes), x.dtype))
    zeros = expand(scalar(0, x), concatenate([shape(x)[:1], int64s(sizes)], 0))
    return refine(zeros, [x.dims[0] if x.dims else None, *sizes])
