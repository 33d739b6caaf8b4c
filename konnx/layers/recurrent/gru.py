"""The gated recurrent unit's cell."""

from __future__ import annotations

from typing import Any

from konnx import ops
from konnx.graph import Tensor, Variable
from konnx.layers.recurrent.cell import GatedCell, States, implementation_of
from konnx.layers.weighted import Activation
from konnx.ops.recurrent import Kernels

Output = tuple[Tensor, list[Tensor]]


class GRUCell(GatedCell):
    """A step of the gated recurrent unit; the kernels hold the gates z (update), r (reset), h.

    Args:
        units: the size of output and state.
        activation: name or function of the candidate; None: linear.
        recurrent_activation: name or function of the gates z and r.
        use_bias: whether to add a bias.
        kernel_initializer: of the kernel, (features, 3 * units).
        recurrent_initializer: of the recurrent kernel, (units, 3 * units).
        bias_initializer: of the bias: (3 * units,), or (2, 3 * units) if `reset_after`.
        kernel_regularizer: penalty on the kernel.
        recurrent_regularizer: penalty on the recurrent kernel.
        bias_regularizer: penalty on the bias.
        kernel_constraint: of the kernel, applied after each update.
        recurrent_constraint: of the recurrent kernel, applied after each update.
        bias_constraint: of the bias, applied after each update.
        dropout: the part of the inputs to drop in training.
        recurrent_dropout: the part of the state to drop in training.
        implementation: 1: each gate has masks of dropout of its own; 2: all gates share them; 0,
            of older versions, counts as 1.
        reset_after: whether the reset gate is applied after the product with the recurrent
            kernel, as cuDNN does, or before it.

    Raises:
        ValueError: `units` is not positive, or a name or the implementation is unknown.

    Source: Cho et al., Learning phrase representations using RNN encoder-decoder, 2014.

    Example:
        >>> from konnx.layers import RNN, Input
        >>> RNN(GRUCell(32))(Input((10, 8))).shape
        (None, 32)
    """

    gates = 3
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
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        implementation: int = 1,
        reset_after: bool = False,
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
        self.reset_after = reset_after

    def add_bias(self) -> Variable:
        """Make the bias: of the inputs and, if `reset_after`, another one of the state."""
        width = self.gates * self.units
        return self.add_chosen_weight("bias", (2, width) if self.reset_after else (width,))

    @property
    def kernels(self) -> Kernels:
        """The weights as one step uses them."""
        if self.bias is None or not self.reset_after:
            return super().kernels
        return Kernels(self.kernel, self.recurrent_kernel, self.bias[0], self.bias[1])

    def call(self, inputs: Tensor, states: States, training: bool | None = None) -> Output:
        """Return the output and the new state after one step."""
        self.draw_missing_masks(inputs, states, training)
        state, weights = states[0], self.kernels
        masked = self.input_dropout.for_gates(inputs)
        given = self.by_gates(masked, weights.kernel, self.gates, weights.bias)
        dropped = self.state_dropout.for_gates(state)
        if self.implementation == 2:
            state = dropped[0]  # as in Keras, the dropped state is also what is carried over
        if self.reset_after:
            z, candidate = self._reset_after(given, dropped, weights)
        else:
            z, candidate = self._reset_before(given, dropped, weights)
        output = ops.add(ops.multiply(z, ops.subtract(state, candidate)), candidate)
        return output, [output]

    def _reset_after(
        self, given: Tensor, dropped: States, weights: Kernels
    ) -> tuple[Tensor, Tensor]:
        """The update gate and the candidate, one product for all gates."""
        kept = self.by_gates(dropped, weights.recurrent_kernel, self.gates, weights.state_bias)
        given_z_r, given_h = self.split(given, 2, 1)
        kept_z_r, kept_h = self.split(kept, 2, 1)
        z, r = self._open_gates(given_z_r, kept_z_r)
        return z, self.activation(ops.add(given_h, ops.multiply(r, kept_h)))

    def _reset_before(
        self, given: Tensor, dropped: States, weights: Kernels
    ) -> tuple[Tensor, Tensor]:
        """The update gate and the candidate, whose product has to wait for the reset gate."""
        kernel = weights.recurrent_kernel
        given_z_r, given_h = self.split(given, 2, 1)
        z, r = self._open_gates(given_z_r, self.by_gates(dropped[:2], self.part(kernel, 0, 2), 2))
        kept_h = ops.matmul(ops.multiply(r, dropped[-1]), self.part(kernel, 2))
        return z, self.activation(ops.add(given_h, kept_h))

    def _open_gates(self, given: Tensor, kept: Tensor) -> tuple[Tensor, Tensor]:
        z, r = self.split(self.recurrent_activation(ops.add(given, kept)), 1, 1)
        return z, r

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "implementation": self.implementation,
            "reset_after": self.reset_after,
        }
