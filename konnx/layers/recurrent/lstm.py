"""The long short-term memory's cell."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from konnx import initializers, ops
from konnx.graph import Tensor, Variable
from konnx.layers.recurrent.cell import GatedCell, States, implementation_of
from konnx.layers.weighted import Activation

Output = tuple[Tensor, list[Tensor]]


class LSTMCell(GatedCell):
    """A step of the long short-term memory; the kernels hold the gates i, f (forget), c, o.

    Its states are the output h and the memory c.

    Args:
        units: the size of output and states.
        activation: name or function of candidate and output; None: linear.
        recurrent_activation: name or function of the gates i, f and o.
        use_bias: whether to add a bias.
        kernel_initializer: of the kernel, (features, 4 * units).
        recurrent_initializer: of the recurrent kernel, (units, 4 * units).
        bias_initializer: of the bias, (4 * units,).
        unit_forget_bias: whether the bias of the forget gate starts at 1.
        kernel_regularizer: penalty on the kernel.
        recurrent_regularizer: penalty on the recurrent kernel.
        bias_regularizer: penalty on the bias.
        kernel_constraint: of the kernel, applied after each update.
        recurrent_constraint: of the recurrent kernel, applied after each update.
        bias_constraint: of the bias, applied after each update.
        dropout: the part of the inputs to drop in training.
        recurrent_dropout: the part of the output h to drop in training.
        implementation: 1: each gate has masks of dropout of its own; 2: all gates share them; 0,
            of older versions, counts as 1.

    Raises:
        ValueError: `units` is not positive, or a name or the implementation is unknown.

    Source: Hochreiter and Schmidhuber, Long short-term memory, Neural Computation 9, 1997.

    Example:
        >>> from konnx.layers import RNN, Input
        >>> RNN([LSTMCell(32), LSTMCell(16)])(Input((10, 8))).shape
        (None, 16)
    """

    gates = 4
    recurrent_activation: Activation

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "hard_sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        implementation: int = 1,
        **kwargs: Any,
    ) -> None:
        chosen = {
            "activation": activation,
            "recurrent_activation": recurrent_activation,
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
            masks=1 if implementation == 2 else self.gates,
            chosen=chosen,
            **kwargs,
        )
        self.implementation = implementation_of(self, implementation)
        self.unit_forget_bias = unit_forget_bias

    @property
    def state_size(self) -> Any:
        return (self.units, self.units)

    def add_bias(self) -> Variable:
        """Make the bias, that of the forget gate at 1 if so asked."""
        start = self.bias_initializer
        if self.unit_forget_bias:
            start = with_open_forget_gate(start, self.units)
        return self.add_weight(
            "bias",
            (self.gates * self.units,),
            initializer=start,
            regularizer=self.bias_regularizer,
            constraint=self.bias_constraint,
        )

    def call(self, inputs: Tensor, states: States, training: bool | None = None) -> Output:
        """Return the output and the new states after one step."""
        self.draw_missing_masks(inputs, states, training)
        weights = self.kernels
        masked = self.input_dropout.for_gates(inputs)
        given = self.by_gates(masked, weights.kernel, self.gates, weights.bias)
        dropped = self.state_dropout.for_gates(states[0])
        sums = ops.add(given, self.by_gates(dropped, weights.recurrent_kernel, self.gates))
        of_i, of_f, of_c, of_o = self.split(sums, 1, 1, 1, 1)
        i, f, o = (self.recurrent_activation(part) for part in (of_i, of_f, of_o))
        memory = ops.add(ops.multiply(f, states[1]), ops.multiply(i, self.activation(of_c)))
        output = ops.multiply(o, self.activation(memory))
        return output, [output, memory]

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "implementation": self.implementation,
            "unit_forget_bias": self.unit_forget_bias,
        }


def with_open_forget_gate(
    initializer: Callable[..., Any], units: int, before: int = 1
) -> Callable[..., np.ndarray]:
    """Return an initializer of the bias of gates i, f, c, o that starts f at 1.

    Args:
        initializer: of the other gates.
        units: the size of each gate.
        before: how many gates stand before the one that starts at 1; two stand behind it.
    """
    sizes = (before * units, 2 * units)
    parts = [initializers.deferred(initializer, (size,), "float64") for size in sizes]

    def make(shape: Any, dtype: Any = None) -> np.ndarray:
        first, last = (part() for part in parts)
        return np.concatenate([first, np.ones(units), last]).astype(dtype or "float32")

    return make
