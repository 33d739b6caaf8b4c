"""The base of convolutional recurrent layers as the first Keras 2 had it: a step, and no cell."""

from __future__ import annotations

from typing import Any

from konnx.graph import Tensor
from konnx.layers.arguments import (
    Sizes,
    problem,
    whole_number,
)
from konnx.layers.recurrent.image_window import ImageWindow
from konnx.layers.spec import InputSpec, Shape
from konnx.legacy.recurrent import Recurrent
from konnx.ops.recurrent import zeros_for


class ConvRecurrent2D(ImageWindow, Recurrent):
    """What layers over sequences of images were made from before there were cells (`ConvRNN2D`).

    Input shape (batch, time, rows, columns, channels), or (batch, time, channels, rows, columns).
    A subclass defines what one of `Recurrent` does; its states are images of `filters` channels.

    Args:
        filters: the channels of output and states.
        kernel_size: rows and columns of the kernels; one number for both.
        strides: of the convolution of the input.
        padding: "valid" or "same", of the convolution of the input.
        data_format: "channels_last" or "channels_first"; None: `image_data_format()`.
        dilation_rate: of the convolution of the input.
        return_sequences: whether to return the output of each step, not only the last one.
        go_backwards: whether to begin with the last step.
        stateful: whether a batch starts with the states that the one before ended with.

    Raises:
        ValueError: a size is not positive, or a name is unknown.

    Example:
        >>> from konnx.layers import Input
        >>> class Sum(ConvRecurrent2D):
        ...     def step(self, inputs, states):
        ...         return inputs + states[0], [inputs + states[0]]
        >>> Sum(3, 1, return_sequences=True)(Input((10, 8, 8, 3))).shape
        (None, 10, 8, 8, 3)
    """

    def __init__(
        self,
        filters: int,
        kernel_size: Sizes,
        strides: Sizes = (1, 1),
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Sizes = (1, 1),
        return_sequences: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            return_sequences=return_sequences,
            go_backwards=go_backwards,
            stateful=stateful,
            **kwargs,
        )
        self.filters = whole_number(self, "filters", filters)
        self.take_window(kernel_size, strides, padding, data_format, dilation_rate)
        self.input_spec = [InputSpec(ndim=5)]

    def state_shapes(self, input_shape: Shape) -> list[Shape]:
        """Return the shape of each state for a sequence of a shape."""
        return [self.image_shape((input_shape[0], *input_shape[2:]))] * self._count

    def get_initial_state(self, inputs: Tensor) -> list[Tensor]:
        """Return the states to start with where none are given: zeros.

        Raises:
            ValueError: the images are of unknown size.
        """
        shapes = self.state_shapes(inputs.shape)
        sizes = [size for size in shapes[0][1:] if size is not None]
        if len(sizes) < 3:
            demand = "must have rows and columns of known size, or `get_initial_state` be defined"
            raise problem(self, "input_shape", demand, inputs.shape)
        return [zeros_for(inputs, sizes) for _ in shapes]

    def compute_output_shape(self, input_shape: Any) -> Any:
        sequence = input_shape[0] if isinstance(input_shape, list) else input_shape
        states = self.state_shapes(sequence)
        batch, *image = states[0]
        output = (batch, *((sequence[1],) if self.return_sequences else ()), *image)
        return [output, *states] if self.return_state else output

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self.window_config()}
