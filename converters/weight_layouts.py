"""Weights as Keras 1 and Theano laid them out, put into the layout of Keras 2 on TensorFlow."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

import numpy as np

from konnx.converters.configs import Source
from konnx.graph import Variable
from konnx.layers.base import Layer
from konnx.layers.convolutional import Conv1D, Conv2D, Conv3D
from konnx.layers.normalization import BatchNormalization
from konnx.layers.recurrent.cell import GatedCell
from konnx.layers.recurrent.convolutional import ConvLSTM2DCell
from konnx.layers.recurrent.gru import GRUCell
from konnx.layers.recurrent.lstm import LSTMCell
from konnx.layers.separable import SeparableConv2D
from konnx.layers.transposed import Conv2DTranspose, Conv3DTranspose
from konnx.models.conversion import Conversion

Array = np.ndarray[Any, Any]
Arrays = list[Array]

_KERAS_1 = "Keras 1 wrote it"
_THEANO = "Theano mirrors kernels"


def convert_layout(
    layer: Layer,
    variables: Sequence[Variable],
    arrays: Sequence[Array],
    source: Source,
    converted: list[Conversion],
) -> Arrays:
    """Return the arrays of a file in the layout that a layer's weights have.

    Args:
        layer: of the model; what it consists of is converted, too.
        variables: its weights in the order of the file.
        arrays: what the file has for it.
        source: who wrote them.
        converted: takes a note of what was done.
    """
    if source.weights_version is not None and source.backend != "theano":
        return list(arrays)
    rest, result = list(arrays), Arrays()
    for part, run in _runs(layer, variables):
        count = _count(part, run, rest, source)
        taken, rest = rest[:count], rest[count:]
        notes: list[tuple[str, str]] = []
        if len(taken) == count:
            taken = _converted(part, run, taken, source, notes)
        result += taken
        name = layer.name if part is layer else f"{layer.name}/{part.name}"
        converted += [Conversion(name, what, why) for what, why in notes]
    return result + rest


def _runs(layer: Layer, variables: Sequence[Variable]) -> Iterator[tuple[Layer, list[Variable]]]:
    """Yield weights by the part of the layer that owns them."""
    owners = {one: part for part in layer.flattened_layers() for one in part.own_weights}
    for part, run in groupby(variables, owners.__getitem__):
        yield part, list(run)


def _count(
    part: Layer, variables: Sequence[Variable], rest: Sequence[Array], source: Source
) -> int:
    """Return how many arrays a file has for some weights: Keras 1 may keep gates apart."""
    by_gate = (
        source.weights_version is None
        and isinstance(part, LSTMCell | GRUCell)
        and len(variables) == 3
        and len(rest) >= 3 * part.gates
        and rest[2].shape == (part.units,)
    )
    return 3 * part.gates if by_gate and isinstance(part, GatedCell) else len(variables)


def _converted(
    part: Layer,
    variables: Sequence[Variable],
    arrays: Arrays,
    source: Source,
    notes: list[tuple[str, str]],
) -> Arrays:
    if source.weights_version is None:
        if isinstance(part, LSTMCell | GRUCell) and len(arrays) > len(variables):
            arrays = _joined_gates(part, arrays)
            notes.append((f"weights of {part.gates} gates joined", _KERAS_1))
        if isinstance(part, BatchNormalization):
            arrays = _variances(part, variables, arrays, source, notes)
        else:
            arrays = _turned(part, arrays, notes)
    if source.backend == "theano":
        arrays = _mirrored(part, arrays, notes)
    return arrays


# Gates


_ORDERS: Mapping[type[GatedCell], tuple[int, ...]] = {GRUCell: (0, 1, 2), LSTMCell: (0, 2, 1, 3)}
"""The places of Keras 2's gates among those of Keras 1, which has an LSTM's as i, c, f, o."""


def _joined_gates(cell: LSTMCell | GRUCell, arrays: Arrays) -> Arrays:
    order = _ORDERS[LSTMCell if isinstance(cell, LSTMCell) else GRUCell]
    if isinstance(cell, ConvLSTM2DCell) and cell.data_format == "channels_first":
        arrays = [_from_outer(one) if one.ndim == 4 else one for one in arrays]
    return [
        np.concatenate([arrays[3 * gate + kind] for gate in order], axis=-1) for kind in range(3)
    ]


# Kernels


def _from_outer(kernel: Array) -> Array:
    """(out, in, *sizes) as (*sizes, in, out)."""
    return np.transpose(kernel, (*range(2, kernel.ndim), 1, 0))


def _is_first(layer: Any) -> bool:
    return bool(layer.data_format == "channels_first")


def _conv1d(layer: Conv1D, kernel: Array) -> Array:
    """Keras 1 computed with images of one column; until 1.1 with channels first."""
    if kernel.ndim != 4:
        return kernel
    sizes = (layer.kernel_size[0], 1)
    if kernel.shape[:2] != sizes or kernel.shape[3] != layer.filters:
        kernel = _from_outer(kernel)
    return kernel[:, 0]


def _transposed(layer: Conv2DTranspose, kernel: Array) -> Array:
    """(rows, columns, in, out) or (out, in, rows, columns) as (rows, columns, out, in)."""
    return np.transpose(kernel, (2, 3, 0, 1) if _is_first(layer) else (0, 1, 3, 2))


def _spatial(layer: Any, kernel: Array) -> Array:
    """(out, in, *sizes), with channels first, as (*sizes, in, out)."""
    return _from_outer(kernel) if _is_first(layer) else kernel


_KERNELS: tuple[tuple[type[Layer], int, Callable[[Any, Array], Array], str], ...] = (
    (Conv1D, 1, _conv1d, "kernel without its axis of one column"),
    (Conv2DTranspose, 1, _transposed, "kernel transposed to (rows, columns, out, in)"),
    (Conv2D, 1, _spatial, "kernel transposed to (rows, columns, in, out)"),
    (Conv3D, 1, _spatial, "kernel transposed to (…, in, out)"),
    (SeparableConv2D, 2, _spatial, "kernels transposed to (rows, columns, in, out)"),
)
"""Classes, the number of their kernels, the conversion of one, and what it does."""


def _turned(part: Layer, arrays: Arrays, notes: list[tuple[str, str]]) -> Arrays:
    for kind, count, turn, what in _KERNELS:
        if isinstance(part, kind):
            turned = [turn(part, one) if one.ndim > 3 else one for one in arrays[:count]]
            if any(new is not one for new, one in zip(turned, arrays, strict=False)):
                notes.append((what, _KERAS_1))
            return [*turned, *arrays[count:]]
    return arrays


_MIRRORED: tuple[tuple[type[Layer], int], ...] = (
    (ConvLSTM2DCell, 2),
    (Conv1D, 1),
    (Conv2D, 1),
    (Conv3D, 1),
    (Conv2DTranspose, 1),
)
"""Classes and the number of kernels that Keras on Theano mirrors; it undoes it for the others."""


def _mirrored(part: Layer, arrays: Arrays, notes: list[tuple[str, str]]) -> Arrays:
    count = next((count for kind, count in _MIRRORED if isinstance(part, kind)), 0)
    if isinstance(part, Conv3DTranspose) or not count:
        return arrays
    notes.append(("kernel mirrored in space" if count == 1 else "kernels mirrored", _THEANO))
    flipped = [np.flip(one, tuple(range(one.ndim - 2))) for one in arrays[:count]]
    return [*flipped, *arrays[count:]]


# Normalization


def _variances(
    layer: BatchNormalization,
    variables: Sequence[Variable],
    arrays: Arrays,
    source: Source,
    notes: list[tuple[str, str]],
) -> Arrays:
    """Return the arrays with variances where releases before 1.0.7 keep standard deviations."""
    if not any(one.name.endswith("moving_variance") for one in variables):
        return arrays
    release, epsilon = source.release, layer.epsilon
    *others, deviation = arrays
    if release and release < (1, 0, 6):
        notes.append(("running_std squared to a variance", "releases before 1.0.6 divide by it"))
        return [*others, ((deviation + epsilon) ** 2 - epsilon).astype(deviation.dtype)]
    if release == (1, 0, 6) and source.backend == "theano":
        notes.append(("running_std squared to a variance", "1.0.6 keeps its root on Theano"))
        return [*others, (deviation**2 - epsilon).astype(deviation.dtype)]
    notes.append(("running_std taken for a variance", "releases from 1.0.6 on keep one there"))
    return arrays
