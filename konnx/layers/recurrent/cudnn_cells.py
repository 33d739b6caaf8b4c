"""Cells with the weights of cuDNN's recurrent layers, as Keras' CuDNNGRU and CuDNNLSTM keep them.

The block of a gate in the kernel, (features, units), holds the memory of a (units, features)
matrix; the blocks of the recurrent kernel are transposed. Inputs and state have a bias each.
"""

from __future__ import annotations

from typing import Any

from konnx import ops
from konnx.graph import Tensor, Variable
from konnx.layers.recurrent.cell import GatedCell
from konnx.layers.recurrent.gru import GRUCell
from konnx.layers.recurrent.lstm import LSTMCell, with_open_forget_gate
from konnx.ops.recurrent import Kernels


class CuDNNGRUCell(GRUCell):
    """A step of CuDNNGRU.

    It is a `GRUCell(recurrent_activation="sigmoid", reset_after=True)` with a bias of (6 * units,).
    """

    def __init__(self, units: int, **kwargs: Any) -> None:
        super().__init__(units, recurrent_activation="sigmoid", reset_after=True, **kwargs)

    def add_bias(self) -> Variable:
        """Make the bias: that of the inputs, then that of the state."""
        return self.add_chosen_weight("bias", (6 * self.units,))

    @property
    def kernels(self) -> Kernels:
        """The weights as one step uses them."""
        return _plain(self)


class CuDNNLSTMCell(LSTMCell):
    """A step of CuDNNLSTM.

    It is an `LSTMCell(recurrent_activation="sigmoid")` with a bias of (8 * units,).
    """

    def __init__(self, units: int, **kwargs: Any) -> None:
        super().__init__(units, recurrent_activation="sigmoid", **kwargs)

    def add_bias(self) -> Variable:
        """Make the bias: that of the inputs, then that of the state."""
        start = self.bias_initializer
        if self.unit_forget_bias:
            start = with_open_forget_gate(start, self.units, before=5)
        return self.add_weight(
            "bias",
            (8 * self.units,),
            initializer=start,
            regularizer=self.bias_regularizer,
            constraint=self.bias_constraint,
        )

    @property
    def kernels(self) -> Kernels:
        """The weights as one step uses them; ONNX' LSTM and a loop add up both biases."""
        both = _plain(self)
        assert both.bias is not None
        assert both.state_bias is not None
        bias = ops.add(both.bias, both.state_bias)
        return Kernels(both.kernel, both.recurrent_kernel, bias)


def _plain(cell: GatedCell) -> Kernels:
    """The weights in the layout of other recurrent layers."""
    assert cell.bias is not None
    width = cell.gates * cell.units
    return Kernels(
        _blocks_turned(cell.kernel, cell.gates),
        _blocks_turned(cell.recurrent_kernel, cell.gates),
        cell.bias[:width],
        cell.bias[width:],
    )


def _blocks_turned(kernel: Variable, gates: int) -> Tensor:
    """Each gate's block, whose memory is a (units, size) matrix, as the transpose of that."""
    size, width = kernel.shape
    units = width // gates
    blocks = ops.transpose(ops.reshape(kernel, [size, gates, units]), (1, 0, 2))
    turned = ops.transpose(ops.reshape(blocks, [gates, units, size]), (2, 0, 1))
    return ops.reshape(turned, [size, width])
