"""Recurrent layers over sequences of images."""

from __future__ import annotations

from typing import Any

from konnx import ops, regularizers
from konnx.graph import Tensor, Variable
from konnx.layers.arguments import (
    Sizes,
    channel_axis,
    problem,
)
from konnx.layers.recurrent.cell import States
from konnx.layers.recurrent.cell_rnn import CellRNN
from konnx.layers.recurrent.image_window import ImageWindow
from konnx.layers.recurrent.lstm import LSTMCell
from konnx.layers.recurrent.rnn import RNN
from konnx.layers.spec import InputSpec, Shape
from konnx.ops.recurrent import zeros_for


class ConvLSTM2DCell(ImageWindow, LSTMCell):
    """A step of an LSTM whose products with input and state are convolutions.

    Args:
        filters: the channels of output and states.
        kernel_size: rows and columns of the kernels; one number for both.
        strides: of the convolution of the input.
        padding: "valid" or "same", of the convolution of the input; that of the state is "same".
        data_format: "channels_last" or "channels_first"; None: `image_data_format()`.
        dilation_rate: of the convolution of the input.
        **kwargs: arguments of `LSTMCell`, but `units` and `implementation`.

    Raises:
        ValueError: a size is not positive, or a name is unknown.

    Source: Shi et al., Convolutional LSTM network, 2015 (arXiv 1506.04214).

    Example:
        >>> from konnx.layers import ConvRNN2D, Input
        >>> ConvRNN2D(ConvLSTM2DCell(4, 3))(Input((10, 8, 8, 3))).shape
        (None, 6, 6, 4)
    """

    size_argument = "filters"

    def __init__(
        self,
        filters: int,
        kernel_size: Sizes,
        strides: Sizes = (1, 1),
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Sizes = (1, 1),
        **kwargs: Any,
    ) -> None:
        super().__init__(filters, **kwargs)
        self.filters = self.units
        self.take_window(kernel_size, strides, padding, data_format, dilation_rate)

    def build(self, input_shape: Shape) -> None:
        channels = input_shape[channel_axis(self.data_format)]
        if not channels:
            demand = "must have a known, positive number of channels"
            raise problem(self, "input_shape", demand, input_shape)
        width = self.gates * self.filters
        self.kernel = self.add_chosen_weight("kernel", (*self.kernel_size, channels, width))
        self.recurrent_kernel = self.add_chosen_weight(
            "recurrent_kernel", (*self.kernel_size, self.filters, width), by="recurrent"
        )
        if self.use_bias:
            self.bias = self.add_bias()
        self.built = True

    def call(
        self, inputs: Tensor, states: States, training: bool | None = None
    ) -> tuple[Tensor, list[Tensor]]:
        """Return the output and the new states after one step."""
        self.draw_missing_masks(inputs, states, training)
        given = self._by_gates(self.input_dropout.for_gates(inputs), self.kernel, of_input=True)
        if self.bias is not None:
            given = ops.add(given, self._spread(self.bias))
        dropped = self.state_dropout.for_gates(states[0])
        sums = ops.add(given, self._by_gates(dropped, self.recurrent_kernel, of_input=False))
        i, f, c, o = (self._channels(sums, gate) for gate in range(4))
        i, f, o = (self.recurrent_activation(gate) for gate in (i, f, o))
        memory = ops.add(ops.multiply(f, states[1]), ops.multiply(i, self.activation(c)))
        output = ops.multiply(o, self.activation(memory))
        return output, [output, memory]

    def _by_gates(self, terms: States, kernel: Variable, *, of_input: bool) -> Tensor:
        """The convolutions with the kernels of all gates, side by side."""
        if len(terms) == 1:
            return self.convolve(terms[0], kernel, of_input=of_input)
        parts = [
            self.convolve(term, self.part(kernel, gate), of_input=of_input)
            for gate, term in enumerate(terms)
        ]
        return ops.concatenate(parts, channel_axis(self.data_format))

    def convolve(self, x: Tensor, kernel: Tensor, *, of_input: bool) -> Tensor:
        """Convolve an input, or a state, with a kernel."""
        return ops.convolution(
            x,
            kernel,
            strides=self.strides if of_input else (1, 1),
            padding=self.padding if of_input else "same",
            data_format=self.data_format,
            dilations=self.dilation_rate if of_input else (1, 1),
        )

    def _channels(self, x: Tensor, gate: int) -> Tensor:
        start, stop = gate * self.filters, (gate + 1) * self.filters
        return ops.slice_axes(x, [start], [stop], [channel_axis(self.data_format) % x.ndim])

    def _spread(self, bias: Tensor) -> Tensor:
        if self.data_format == "channels_last":
            return bias
        return ops.reshape(bias, [self.gates * self.filters, 1, 1])

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        for key in ("units", "implementation"):
            del config[key]
        return {**config, **self.window_config()}


class ConvRNN2D(RNN):
    """Repeats a convolutional cell over the images of a sequence.

    Input shape (batch, time, rows, columns, channels), or (batch, time, channels, rows, columns).

    Args:
        cell: a cell whose states are images, such as `ConvLSTM2DCell`.
        return_sequences: see `RNN`, as for the four that follow.
        return_state: whether to return the last states, too.
        go_backwards: whether to begin with the last image.
        stateful: whether to go on from the states of the batch before.
        unroll: must not be set.
        **kwargs: arguments of every layer.

    Raises:
        TypeError: `unroll` is set, or several cells are given, as in Keras.

    Example:
        >>> from konnx.layers import ConvLSTM2DCell, Input
        >>> ConvRNN2D(ConvLSTM2DCell(4, 3), return_sequences=True)(Input((10, 8, 8, 3))).shape
        (None, 10, 6, 6, 4)
    """

    def __init__(
        self,
        cell: Any,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        **kwargs: Any,
    ) -> None:
        if unroll:
            raise TypeError("Unrolling is not possible with convolutional recurrent layers.")
        if isinstance(cell, list | tuple):
            raise TypeError("Convolutional cells cannot be stacked; stack the layers instead.")
        super().__init__(cell, return_sequences, return_state, go_backwards, stateful, **kwargs)
        self.input_spec = [InputSpec(ndim=5)]

    def state_shapes(self, input_shape: Shape) -> list[Shape]:
        """Return the shape of each state for a sequence of a shape."""
        shape: Shape = self.cell.image_shape((input_shape[0], *input_shape[2:]))
        return [shape, shape]

    def get_initial_state(self, inputs: Tensor) -> list[Tensor]:
        """Return the states to start with where none are given: zeros."""
        shape = self.state_shapes(inputs.shape)[0]
        sizes = [size for size in shape[1:] if size is not None]
        if len(sizes) == len(shape) - 1:
            return [zeros_for(inputs, sizes)] * 2
        first = ops.multiply(inputs[:, 0], 0.0)
        kernel = self.cell.part(self.cell.kernel, 0)
        return [ops.multiply(self.cell.convolve(first, kernel, of_input=True), 0.0)] * 2


class ConvLSTM2D(CellRNN, ConvRNN2D):
    """The convolutional LSTM of Shi et al., 2015, over sequences of images.

    Args are those of `ConvLSTM2DCell`, then those of `RNN`, and

        activity_regularizer: penalty on the output.

    Raises:
        ValueError: a size is not positive, or a name is unknown.

    Example:
        >>> from konnx.layers import Input
        >>> ConvLSTM2D(4, (3, 3), padding="same")(Input((10, 8, 8, 3))).shape
        (None, 8, 8, 4)
    """

    def __init__(
        self,
        filters: int,
        kernel_size: Sizes,
        strides: Sizes = (1, 1),
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Sizes = (1, 1),
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
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        return_sequences: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        **kwargs: Any,
    ) -> None:
        cell = ConvLSTM2DCell(
            filters,
            kernel_size,
            strides=strides,
            padding=padding,
            data_format=data_format,
            dilation_rate=dilation_rate,
            activation=activation,
            recurrent_activation=recurrent_activation,
            use_bias=use_bias,
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
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            name=kwargs.get("name"),
            dtype=kwargs.get("dtype"),
        )
        super().__init__(
            cell,
            activity_regularizer=regularizers.get(activity_regularizer),
            return_sequences=return_sequences,
            go_backwards=go_backwards,
            stateful=stateful,
            **kwargs,
        )
