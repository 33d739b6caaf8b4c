"""The plain recurrent's cell."""

from __future__ import annotations

from typing import Any

from konnx import ops
from konnx.graph import Tensor
from konnx.layers.recurrent.cell import GatedCell, States

Output = tuple[Tensor, list[Tensor]]


class SimpleRNNCell(GatedCell):
    """activation(inputs @ kernel + state @ recurrent_kernel + bias); the output is the new state.

    Args:
        units: the size of output and state.
        activation: name or function; None: linear.
        use_bias: whether to add a bias.
        kernel_initializer: of the kernel, (features, units).
        recurrent_initializer: of the recurrent kernel, (units, units).
        bias_initializer: of the bias, (units,).
        kernel_regularizer: penalty on the kernel.
        recurrent_regularizer: penalty on the recurrent kernel.
        bias_regularizer: penalty on the bias.
        kernel_constraint: of the kernel, applied after each update.
        recurrent_constraint: of the recurrent kernel, applied after each update.
        bias_constraint: of the bias, applied after each update.
        dropout: the part of the inputs to drop in training.
        recurrent_dropout: the part of the state to drop in training.

    Raises:
        ValueError: `units` is not positive, or a name is unknown.

    Example:
        >>> from konnx.layers import RNN, Input
        >>> RNN(SimpleRNNCell(32))(Input((10, 8))).shape
        (None, 32)
    """

    gates = 1

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        **kwargs: Any,
    ) -> None:
        chosen = {
            "activation": activation,
            "kernel_initializer": kernel_initializer,
            "recurrent_initializer": recurrent_initializer,
            "bias_initializer": bias_initializer,
            "kernel_regularizer": kernel_regularizer,
            "recurrent_regularizer": recurrent_regularizer,
            "bias_regularizer": bias_regularizer,
            "kernel_constraint": kernel_constraint,
            "recurrent_constraint": recurrent_constraint,
            "bias_constraint": bias_constraint,
        }
        super().__init__(
            units,
            use_bias=use_bias,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            masks=1,
            chosen=chosen,
            **kwargs,
        )

    def call(self, inputs: Tensor, states: States, training: bool | None = None) -> Output:
        """Return the output and the new state after one step."""
        self.draw_missing_masks(inputs, states, training)
        weights = self.kernels
        given = ops.dense(self.input_dropout(inputs), weights.kernel, weights.bias)
        kept = ops.matmul(self.state_dropout(states[0]), weights.recurrent_kernel)
        output = self.activation(ops.add(given, kept))
        return output, [output]
