"""CuDNNGRU and CuDNNLSTM: layers with cuDNN's weights, that run on every device."""

from __future__ import annotations

from typing import Any

from konnx.layers.recurrent.cell_rnn import CellRNN
from konnx.layers.recurrent.cudnn_cells import CuDNNGRUCell, CuDNNLSTMCell

_FIXED = ("activation", "recurrent_activation", "use_bias", "dropout", "recurrent_dropout",
          "implementation", "reset_after", "unroll")  # fmt: skip


class _CuDNNRNN(CellRNN):
    """What the two have in common: no masks, and the short config of Keras."""

    supports_masking = False

    def call(
        self,
        inputs: Any,
        mask: Any = None,
        training: bool | None = None,
        initial_state: Any = None,
        constants: Any = None,
    ) -> Any:
        masks = mask if isinstance(mask, list) else [mask]
        if any(one is not None for one in masks):
            raise ValueError(
                f"`{type(self).__name__}` '{self.name}' takes no mask, as cuDNN does not. Use "
                f"`{type(self).__name__.removeprefix('CuDNN')}` with recurrent_activation="
                "'sigmoid', which loads the same weights."
            )
        return super().call(inputs, None, training, initial_state, constants)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return super().compute_mask(inputs, None)

    def get_config(self) -> dict[str, Any]:
        return {key: value for key, value in super().get_config().items() if key not in _FIXED}


class CuDNNGRU(_CuDNNRNN):
    """The gated recurrent unit with the weights of cuDNN.

    It computes what `GRU(recurrent_activation="sigmoid", reset_after=True)` does. Input shape
    (batch, time, features); output shape (batch, units), or (batch, time, units) if
    `return_sequences`.

    Args:
        units: the size of output and state.
        kernel_initializer: of the kernel, (features, 3 * units).
        recurrent_initializer: of the recurrent kernel, (units, 3 * units).
        bias_initializer: of the bias, (6 * units,).
        kernel_regularizer: penalty on the kernel.
        recurrent_regularizer: penalty on the recurrent kernel.
        bias_regularizer: penalty on the bias.
        activity_regularizer: penalty on the output.
        kernel_constraint: of the kernel, applied after each update.
        recurrent_constraint: of the recurrent kernel, applied after each update.
        bias_constraint: of the bias, applied after each update.
        return_sequences: whether to return the output of each step.
        return_state: whether to return the last state, too.
        stateful: whether states are carried from batch to batch.
        go_backwards: whether to begin with the last step.

    Raises:
        ValueError: `units` is not positive, a name is unknown, or the input has a mask.

    Example:
        >>> from konnx.layers import Input
        >>> CuDNNGRU(32)(Input((10, 8))).shape
        (None, 32)
    """

    def __init__(
        self,
        units: int,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        return_sequences: bool = False,
        return_state: bool = False,
        stateful: bool = False,
        go_backwards: bool = False,
        **kwargs: Any,
    ) -> None:
        cell = CuDNNGRUCell(
            units,
            kernel_initializer=kernel_initializer,
            recurrent_initializer=recurrent_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            recurrent_regularizer=recurrent_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            recurrent_constraint=recurrent_constraint,
            bias_constraint=bias_constraint,
            name=kwargs.get("name"),
            dtype=kwargs.get("dtype"),
        )
        super().__init__(
            cell,
            activity_regularizer=activity_regularizer,
            return_sequences=return_sequences,
            return_state=return_state,
            stateful=stateful,
            go_backwards=go_backwards,
            **kwargs,
        )


class CuDNNLSTM(_CuDNNRNN):
    """The long short-term memory with the weights of cuDNN.

    It computes what `LSTM(recurrent_activation="sigmoid")` does. Input shape
    (batch, time, features); output shape (batch, units), or (batch, time, units) if
    `return_sequences`.

    Args:
        units: the size of output and states.
        kernel_initializer: of the kernel, (features, 4 * units).
        recurrent_initializer: of the recurrent kernel, (units, 4 * units).
        bias_initializer: of the bias, (8 * units,).
        unit_forget_bias: whether the forget gate's bias of the state starts at 1.
        kernel_regularizer: penalty on the kernel.
        recurrent_regularizer: penalty on the recurrent kernel.
        bias_regularizer: penalty on the bias.
        activity_regularizer: penalty on the output.
        kernel_constraint: of the kernel, applied after each update.
        recurrent_constraint: of the recurrent kernel, applied after each update.
        bias_constraint: of the bias, applied after each update.
        return_sequences: whether to return the output of each step.
        return_state: whether to return the last states, too.
        stateful: whether states are carried from batch to batch.
        go_backwards: whether to begin with the last step.

    Raises:
        ValueError: `units` is not positive, a name is unknown, or the input has a mask.

    Example:
        >>> from konnx.layers import Input
        >>> CuDNNLSTM(32)(Input((10, 8))).shape
        (None, 32)
    """

    def __init__(
        self,
        units: int,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        return_sequences: bool = False,
        return_state: bool = False,
        stateful: bool = False,
        go_backwards: bool = False,
        **kwargs: Any,
    ) -> None:
        cell = CuDNNLSTMCell(
            units,
            kernel_initializer=kernel_initializer,
            recurrent_initializer=recurrent_initializer,
            bias_initializer=bias_initializer,
            unit_forget_bias=unit_forget_bias,
            kernel_regularizer=kernel_regularizer,
            recurrent_regularizer=recurrent_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            recurrent_constraint=recurrent_constraint,
            bias_constraint=bias_constraint,
            name=kwargs.get("name"),
            dtype=kwargs.get("dtype"),
        )
        super().__init__(
            cell,
            activity_regularizer=activity_regularizer,
            return_sequences=return_sequences,
            return_state=return_state,
            stateful=stateful,
            go_backwards=go_backwards,
            **kwargs,
        )
