"""Convolutions over one, two or three spatial axes."""

from __future__ import annotations

from typing import Any, ClassVar

from konnx import ops
from konnx.graph import Tensor, Variable
from konnx.layers.arguments import (
    Sizes,
    channel_axis,
    data_format_of,
    one_of,
    problem,
    slid_shape,
    whole_number,
    whole_numbers,
)
from konnx.layers.spec import InputSpec, Shape
from konnx.layers.weighted import Activation, WeightedLayer


class SlidingWindow(WeightedLayer):
    """What all convolutions share: a window that slides, a bias and an activation."""

    rank: ClassVar[int]
    paddings: ClassVar[tuple[str, ...]] = ("valid", "same")
    activation: Activation
    use_bias: bool
    bias: Variable | None = None

    def slide(
        self,
        kernel_size: Sizes,
        strides: Sizes,
        padding: str,
        data_format: str | None,
        dilation_rate: Sizes,
    ) -> None:
        """Check and keep how the window lies and moves."""
        self.kernel_size = whole_numbers(self, "kernel_size", kernel_size, self.rank)
        self.strides = whole_numbers(self, "strides", strides, self.rank)
        self.padding = one_of(self, "padding", padding, self.paddings)
        self.data_format = data_format_of(self, data_format)
        self.dilation_rate = whole_numbers(self, "dilation_rate", dilation_rate, self.rank)
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def channels(self, input_shape: Shape) -> int:
        """Return the number of channels and demand it of every later input."""
        axis = channel_axis(self.data_format)
        channels = input_shape[axis]
        if not channels:
            demand = "must have a known, positive number of channels"
            raise problem(self, "input_shape", demand, input_shape)
        self.input_spec = InputSpec(ndim=self.rank + 2, axes={axis: channels})
        return channels

    def slid(self, input_shape: Shape, channels: int) -> Shape:
        """Return the shape of the output, which has this many channels."""
        shape = list(
            slid_shape(
                self,
                input_shape,
                self.data_format,
                self.kernel_size,
                self.padding,
                self.strides,
                self.dilation_rate,
            )
        )
        shape[channel_axis(self.data_format)] = channels
        return tuple(shape)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "padding": self.padding,
            "data_format": self.data_format,
            "dilation_rate": self.dilation_rate,
            "use_bias": self.use_bias,
        }


class Convolution(SlidingWindow):
    """Convolutions whose kernel sees all channels."""

    kernel: Variable

    def __init__(
        self,
        filters: int,
        kernel_size: Sizes,
        strides: Sizes = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Sizes = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        *,
        groups: int = 1,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.filters = whole_number(self, "filters", filters)
        self.slide(kernel_size, strides, padding, data_format, dilation_rate)
        self.use_bias = use_bias
        self.groups = whole_number(self, "groups", groups)
        if self.filters % self.groups:
            raise problem(self, "groups", f"must divide the {self.filters} filters", groups)
        self.choose(
            activation=activation,
            kernel_initializer=kernel_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            bias_regularizer=bias_regularizer,
            activity_regularizer=activity_regularizer,
            kernel_constraint=kernel_constraint,
            bias_constraint=bias_constraint,
        )

    def build(self, input_shape: Shape) -> None:
        shape = self.kernel_shape(self.channels(input_shape))
        self.kernel = self.add_chosen_weight("kernel", shape)
        if self.use_bias:
            self.bias = self.add_chosen_weight("bias", (self.filters,))
        super().build(input_shape)

    def kernel_shape(self, channels: int) -> tuple[int, ...]:
        """Return the shape of the kernel for this many input channels."""
        if channels % self.groups:
            raise problem(self, "groups", f"must divide the {channels} channels", self.groups)
        return (*self.kernel_size, channels // self.groups, self.filters)

    def call(self, inputs: Tensor) -> Tensor:
        self.compute_output_shape(inputs.shape)
        outputs = ops.convolution(
            inputs,
            self.kernel,
            self.bias,
            strides=self.strides,
            padding=self.padding,
            data_format=self.data_format,
            dilations=self.dilation_rate,
            groups=self.groups,
        )
        return self.activation(outputs)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return self.slid(input_shape, self.filters)

    def get_config(self) -> dict[str, Any]:
        config = {**super().get_config(), "filters": self.filters}
        # Keras 2.1 knows no groups and stumbles over the key.
        return config if self.groups == 1 else {**config, "groups": self.groups}


class Conv1D(Convolution):
    """Convolution over time or another single axis.

    Input shape (batch, steps, channels), or (batch, channels, steps) for "channels_first".

    Args:
        filters: the number of output channels.
        kernel_size: the length of the window.
        strides: by how much it moves.
        padding: "valid", "same", or "causal": an output sees no later step.
        dilation_rate: the distance of the window's elements.
        activation: name or function; None: linear.
        use_bias: whether to add a bias.
        kernel_initializer: of the kernel, (kernel_size, channels, filters).
        bias_initializer: of the bias, (filters,).
        kernel_regularizer: penalty on the kernel.
        bias_regularizer: penalty on the bias.
        activity_regularizer: penalty on the output.
        kernel_constraint: of the kernel, applied after each update.
        bias_constraint: of the bias, applied after each update.
        data_format: "channels_last" or "channels_first".
        groups: of the channels; each is convolved by itself, with its part of the filters.

    Raises:
        ValueError: an argument is out of bounds, or the window does not fit into the input.

    Example:
        >>> from konnx.layers import Input
        >>> Conv1D(8, 3, padding="causal")(Input((20, 4))).shape
        (None, 20, 8)
    """

    rank = 1
    paddings = ("valid", "same", "causal")

    def __init__(
        self,
        filters: int,
        kernel_size: Sizes,
        strides: Sizes = 1,
        padding: str = "valid",
        dilation_rate: Sizes = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        *,
        data_format: str = "channels_last",
        **kwargs: Any,
    ) -> None:
        super().__init__(
            filters,
            kernel_size,
            strides,
            padding,
            data_format,
            dilation_rate,
            activation,
            use_bias,
            kernel_initializer,
            bias_initializer,
            kernel_regularizer,
            bias_regularizer,
            activity_regularizer,
            kernel_constraint,
            bias_constraint,
            **kwargs,
        )

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        if self.data_format == "channels_last":
            del config["data_format"]  # Keras 2.1 knows no other and stumbles over the key.
        return config


class Conv2D(Convolution):
    """Convolution over images.

    Input shape (batch, rows, columns, channels), or (batch, channels, rows, columns) for
    "channels_first".

    Args:
        filters: the number of output channels.
        kernel_size: (rows, columns) of the window; one number for both.
        strides: by how much it moves.
        padding: "valid" or "same".
        data_format: "channels_last" or "channels_first"; None: `image_data_format()`.
        dilation_rate: the distance of the window's elements.
        activation: name or function; None: linear.
        use_bias: whether to add a bias.
        kernel_initializer: of the kernel, (rows, columns, channels, filters).
        bias_initializer: of the bias, (filters,).
        kernel_regularizer: penalty on the kernel.
        bias_regularizer: penalty on the bias.
        activity_regularizer: penalty on the output.
        kernel_constraint: of the kernel, applied after each update.
        bias_constraint: of the bias, applied after each update.
        groups: of the channels; each is convolved by itself, with its part of the filters.

    Raises:
        ValueError: an argument is out of bounds, or the window does not fit into the input.

    Example:
        >>> from konnx.layers import Input
        >>> Conv2D(8, 3, strides=2, padding="same")(Input((28, 28, 1))).shape
        (None, 14, 14, 8)
    """

    rank = 2


class Conv3D(Convolution):
    """Convolution over volumes.

    Input shape (batch, depth, rows, columns, channels), or (batch, channels, depth, rows, columns)
    for "channels_first".

    Args:
        filters: the number of output channels.
        kernel_size: (depth, rows, columns) of the window; one number for all.
        strides: by how much it moves.
        padding: "valid" or "same".
        data_format: "channels_last" or "channels_first"; None: `image_data_format()`.
        dilation_rate: the distance of the window's elements.
        activation: name or function; None: linear.
        use_bias: whether to add a bias.
        kernel_initializer: of the kernel, (depth, rows, columns, channels, filters).
        bias_initializer: of the bias, (filters,).
        kernel_regularizer: penalty on the kernel.
        bias_regularizer: penalty on the bias.
        activity_regularizer: penalty on the output.
        kernel_constraint: of the kernel, applied after each update.
        bias_constraint: of the bias, applied after each update.
        groups: of the channels; each is convolved by itself, with its part of the filters.

    Raises:
        ValueError: an argument is out of bounds, or the window does not fit into the input.

    Example:
        >>> from konnx.layers import Input
        >>> Conv3D(8, 3)(Input((6, 6, 6, 1))).shape
        (None, 4, 4, 4, 8)
    """

    rank = 3


Convolution1D = Conv1D
Convolution2D = Conv2D
Convolution3D = Conv3D
