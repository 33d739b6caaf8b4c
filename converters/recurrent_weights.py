"""Weights of cuDNN's recurrent layers for others, and the other way round, as Keras converts them.

The layers are told apart by their bias; layers of cuDNN always have one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from konnx.graph import Variable
from konnx.layers.base import Layer
from konnx.layers.recurrent.cell import GatedCell
from konnx.layers.recurrent.cudnn_cells import CuDNNGRUCell, CuDNNLSTMCell
from konnx.layers.recurrent.gru import GRUCell
from konnx.layers.recurrent.lstm import LSTMCell
from konnx.models.conversion import Conversion

_WHY = "the layer or the file is of cuDNN, and the other is not"

Turn = Callable[[np.ndarray], np.ndarray]


def fit_recurrent_weights(
    layer: Layer,
    variables: Sequence[Variable],
    arrays: Sequence[np.ndarray],
    converted: list[Conversion],
) -> list[np.ndarray]:
    """Return the arrays of a file as the recurrent layers of a model, or within a layer, need them.

    Args:
        layer: a layer of the model.
        variables: its weights.
        arrays: one for each of these.
        converted: takes a note of what was done.
    """
    fitted = list(arrays)
    places = {variable: index for index, variable in enumerate(variables)}
    for cell in layer.flattened_layers():
        if isinstance(cell, GatedCell) and cell.bias is not None:
            own = [places.get(one) for one in (cell.kernel, cell.recurrent_kernel, cell.bias)]
            indices = [index for index in own if index is not None]
            if len(indices) == 3:
                given = [fitted[index] for index in indices]
                found = _fitted(cell, given)
                for index, array in zip(indices, found, strict=True):
                    fitted[index] = array
                if found is not given:
                    converted.append(Conversion(layer.name, "gates in another layout", _WHY))
    return fitted


def _fitted(cell: GatedCell, arrays: list[np.ndarray]) -> list[np.ndarray]:
    units, shape = cell.units, arrays[2].shape
    if isinstance(cell, CuDNNLSTMCell) and shape == (4 * units,):
        return _to_cudnn(arrays, 4, np.tile(0.5 * arrays[2], 2))
    if isinstance(cell, CuDNNGRUCell) and shape == (2, 3 * units):
        return _to_cudnn(arrays, 3, arrays[2].reshape(-1))
    if type(cell) is LSTMCell and shape == (8 * units,):
        return _from_cudnn(arrays, 4, arrays[2].reshape(2, -1).sum(axis=0))
    if type(cell) is GRUCell and shape == (6 * units,) and cell.reset_after:
        return _from_cudnn(arrays, 3, arrays[2].reshape(2, -1))
    return arrays


def _from_cudnn(arrays: list[np.ndarray], gates: int, bias: np.ndarray) -> list[np.ndarray]:
    return [*(_by_gate(one, gates, _read) for one in arrays[:2]), bias]


def _to_cudnn(arrays: list[np.ndarray], gates: int, bias: np.ndarray) -> list[np.ndarray]:
    return [*(_by_gate(one, gates, _written) for one in arrays[:2]), bias]


def _by_gate(kernel: np.ndarray, gates: int, turn: Turn) -> np.ndarray:
    return np.hstack([turn(block) for block in np.hsplit(kernel, gates)])


def _read(block: np.ndarray) -> np.ndarray:
    """The (size, units) block of a gate whose memory is a (units, size) matrix."""
    return block.reshape(block.shape[::-1]).T


def _written(block: np.ndarray) -> np.ndarray:
    """The block whose memory is the transpose of a gate's kernel."""
    return block.T.reshape(block.shape)
