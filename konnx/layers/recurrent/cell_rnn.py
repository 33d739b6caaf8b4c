"""The recurrent layers that come with their cell."""

from __future__ import annotations

from typing import Any

from konnx import regularizers
from konnx.layers.recurrent.gru import GRUCell
from konnx.layers.recurrent.lstm import LSTMCell
from konnx.layers.recurrent.rnn import RNN
from konnx.layers.recurrent.simple_rnn import SimpleRNNCell

_OF_THE_LAYER = ("name", "trainable", "batch_input_shape", "dtype")


class CellRNN(RNN):
    """A recurrent layer that is made with the arguments of its cell, and shows them as its own.

    Args:
        cell: the cell.
        activity_regularizer: penalty on the output.
        **kwargs: arguments of `RNN`.
    """

    def __init__(self, cell: Any, activity_regularizer: Any = None, **kwargs: Any) -> None:
        super().__init__(cell, **kwargs)
        self.cell.name = self.name  # errors of the cell are errors of the layer
        self.activity_regularizer = regularizers.get(activity_regularizer)

    def __getattr__(self, name: str) -> Any:
        cell = self.__dict__.get("cell")
        if cell is not None and name in cell.get_config():
            return getattr(cell, name)
        raise AttributeError(f"`{type(self).__name__}` has no attribute '{name}'")

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["cell"]
        arguments = self.cell.get_config()
        kept = {key: value for key, value in arguments.items() if key not in _OF_THE_LAYER}
        penalty = regularizers.serialize(self.activity_regularizer)
        return {**config, **kept, "activity_regularizer": penalty}


class SimpleRNN(CellRNN):
    """A recurrent layer whose output is fed back to its input.

    Input shape (batch, time, features); output shape (batch, units), or (batch, time, units) if
    `return_sequences`.

    Args are those of `SimpleRNNCell`, then those of `RNN`, and

        activity_regularizer: penalty on the output.

    Raises:
        ValueError: a size is not positive, or a name is unknown.

    Example:
        >>> from konnx.layers import Input
        >>> SimpleRNN(32)(Input((10, 8))).shape
        (None, 32)
    """

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
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        **kwargs: Any,
    ) -> None:
        cell = SimpleRNNCell(
            units,
            activation=activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            recurrent_initializer=recurrent_initializer,
            bias_initializer=bias_initializer,
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
            activity_regularizer=activity_regularizer,
            return_sequences=return_sequences,
            return_state=return_state,
            go_backwards=go_backwards,
            stateful=stateful,
            unroll=unroll,
            **kwargs,
        )


class GRU(CellRNN):
    """The gated recurrent unit of Cho et al., 2014.

    Input shape (batch, time, features); output shape (batch, units), or (batch, time, units) if
    `return_sequences`.

    Args are those of `GRUCell`, then those of `RNN`, and

        activity_regularizer: penalty on the output.

    Raises:
        ValueError: a size is not positive, or a name is unknown.

    Example:
        >>> from konnx.layers import Input
        >>> GRU(32, return_sequences=True)(Input((10, 8))).shape
        (None, 10, 32)
    """

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
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        implementation: int = 1,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        reset_after: bool = False,
        **kwargs: Any,
    ) -> None:
        cell = GRUCell(
            units,
            activation=activation,
            recurrent_activation=recurrent_activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            recurrent_initializer=recurrent_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            recurrent_regularizer=recurrent_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            recurrent_constraint=recurrent_constraint,
            bias_constraint=bias_constraint,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            implementation=implementation,
            reset_after=reset_after,
            name=kwargs.get("name"),
            dtype=kwargs.get("dtype"),
        )
        super().__init__(
            cell,
            activity_regularizer=activity_regularizer,
            return_sequences=return_sequences,
            return_state=return_state,
            go_backwards=go_backwards,
            stateful=stateful,
            unroll=unroll,
            **kwargs,
        )


class LSTM(CellRNN):
    """The long short-term memory of Hochreiter and Schmidhuber, 1997.

    Input shape (batch, time, features); output shape (batch, units), or (batch, time, units) if
    `return_sequences`.

    Args are those of `LSTMCell`, then those of `RNN`, and

        activity_regularizer: penalty on the output.

    Raises:
        ValueError: a size is not positive, or a name is unknown.

    Example:
        >>> from konnx.layers import Input
        >>> LSTM(32)(Input((10, 8))).shape
        (None, 32)
    """

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
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        implementation: int = 1,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        **kwargs: Any,
    ) -> None:
        cell = LSTMCell(
            units,
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
            implementation=implementation,
            name=kwargs.get("name"),
            dtype=kwargs.get("dtype"),
        )
        super().__init__(
            cell,
            activity_regularizer=activity_regularizer,
            return_sequences=return_sequences,
            return_state=return_state,
            go_backwards=go_backwards,
            stateful=stateful,
            unroll=unroll,
            **kwargs,
        )
