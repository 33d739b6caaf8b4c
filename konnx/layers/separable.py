"""Convolutions that take each channel by itself."""

from __future__ import annotations

from typing import Any

from konnx import ops
from konnx.graph import Tensor, Variable
from konnx.layers.arguments import Sizes, channel_axis, problem, whole_number
from konnx.layers.convolutional import SlidingWindow
from konnx.layers.spec import Shape


class DepthwiseConv2D(SlidingWindow):
    """Convolution of each channel by itself.

    Args:
        kernel_size: (rows, columns) of the window; one number for both.
        strides: by how much it moves.
        padding: "valid" or "same".
        depth_multiplier: output channels for each input channel.
        data_format: "channels_last" or "channels_first"; None: `image_data_format()`.
        activation: name or function; None: linear.
        use_bias: whether to add a bias.
        depthwise_initializer: of the kernel, (rows, columns, channels, depth_multiplier).
        bias_initializer: of the bias, (channels * depth_multiplier,).
        depthwise_regularizer: penalty on the kernel.
        bias_regularizer: penalty on the bias.
        activity_regularizer: penalty on the output.
        depthwise_constraint: of the kernel, applied after each update.
        bias_constraint: of the bias, applied after each update.
        dilation_rate: the distance of the window's elements.

    Raises:
        ValueError: an argument is out of bounds, or the window does not fit into the input.

    Example:
        >>> from konnx.layers import Input
        >>> DepthwiseConv2D(3, depth_multiplier=2)(Input((8, 8, 5))).shape
        (None, 6, 6, 10)
    """

    rank = 2
    depthwise_kernel: Variable

    def __init__(
        self,
        kernel_size: Sizes,
        strides: Sizes = (1, 1),
        padding: str = "valid",
        depth_multiplier: int = 1,
        data_format: str | None = None,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        bias_constraint: Any = None,
        *,
        dilation_rate: Sizes = (1, 1),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.slide(kernel_size, strides, padding, data_format, dilation_rate)
        self.depth_multiplier = whole_number(self, "depth_multiplier", depth_multiplier)
        self.use_bias = use_bias
        self.choose(
            activation=activation,
            depthwise_initializer=depthwise_initializer,
            bias_initializer=bias_initializer,
            depthwise_regularizer=depthwise_regularizer,
            bias_regularizer=bias_regularizer,
            activity_regularizer=activity_regularizer,
            depthwise_constraint=depthwise_constraint,
            bias_constraint=bias_constraint,
        )

    def build(self, input_shape: Shape) -> None:
        channels = self.channels(input_shape)
        shape = (*self.kernel_size, channels, self.depth_multiplier)
        self.depthwise_kernel = self.add_chosen_weight("depthwise_kernel", shape, by="depthwise")
        if self.use_bias:
            self.bias = self.add_chosen_weight("bias", (channels * self.depth_multiplier,))
        super().build(input_shape)

    def call(self, inputs: Tensor) -> Tensor:
        self.compute_output_shape(inputs.shape)
        outputs = ops.depthwise_convolution(
            inputs,
            self.depthwise_kernel,
            self.bias,
            strides=self.strides,
            padding=self.padding,
            data_format=self.data_format,
            dilations=self.dilation_rate,
        )
        return self.activation(outputs)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        channels = input_shape[channel_axis(self.data_format)]
        if channels is None:
            raise problem(
                self, "input_shape", "must have a known, positive number of channels", input_shape
            )
        return self.slid(input_shape, channels * self.depth_multiplier)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "depth_multiplier": self.depth_multiplier}


class DepthwiseConv1D(DepthwiseConv2D):
    """Convolution of each channel of sequences by itself.

    Input shape (batch, steps, channels), or (batch, channels, steps) for "channels_first". The
    arguments are those of `DepthwiseConv2D`, with one number for each axis.

    Raises:
        ValueError: an argument is out of bounds, or the window does not fit into the input.

    Example:
        >>> from konnx.layers import Input
        >>> DepthwiseConv1D(3, depth_multiplier=2)(Input((8, 5))).shape
        (None, 6, 10)
    """

    rank = 1

    def __init__(
        self,
        kernel_size: Sizes,
        strides: Sizes = 1,
        *arguments: Any,
        dilation_rate: Sizes = 1,
        **kwargs: Any,
    ) -> None:
        super().__init__(kernel_size, strides, *arguments, dilation_rate=dilation_rate, **kwargs)


class _SeparableConv(SlidingWindow):
    """Convolutions of each channel by itself, followed by a mixture of channels."""

    depthwise_kernel: Variable
    pointwise_kernel: Variable

    def __init__(
        self,
        filters: int,
        kernel_size: Sizes,
        strides: Sizes = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Sizes = 1,
        depth_multiplier: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        pointwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        pointwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        pointwise_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.filters = whole_number(self, "filters", filters)
        self.slide(kernel_size, strides, padding, data_format, dilation_rate)
        self.depth_multiplier = whole_number(self, "depth_multiplier", depth_multiplier)
        self.use_bias = use_bias
        self.choose(
            activation=activation,
            depthwise_initializer=depthwise_initializer,
            pointwise_initializer=pointwise_initializer,
            bias_initializer=bias_initializer,
            depthwise_regularizer=depthwise_regularizer,
            pointwise_regularizer=pointwise_regularizer,
            bias_regularizer=bias_regularizer,
            activity_regularizer=activity_regularizer,
            depthwise_constraint=depthwise_constraint,
            pointwise_constraint=pointwise_constraint,
            bias_constraint=bias_constraint,
        )

    def build(self, input_shape: Shape) -> None:
        channels = self.channels(input_shape)
        self.depthwise_kernel = self.add_chosen_weight(
            "depthwise_kernel",
            (*self.kernel_size, channels, self.depth_multiplier),
            by="depthwise",
        )
        self.pointwise_kernel = self.add_chosen_weight(
            "pointwise_kernel",
            (*[1] * self.rank, channels * self.depth_multiplier, self.filters),
            by="pointwise",
        )
        if self.use_bias:
            self.bias = self.add_chosen_weight("bias", (self.filters,))
        super().build(input_shape)

    def call(self, inputs: Tensor) -> Tensor:
        self.compute_output_shape(inputs.shape)
        outputs = ops.separable_convolution(
            inputs,
            self.depthwise_kernel,
            self.pointwise_kernel,
            self.bias,
            strides=self.strides,
            padding=self.padding,
            data_format=self.data_format,
            dilations=self.dilation_rate,
        )
        return self.activation(outputs)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return self.slid(input_shape, self.filters)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "filters": self.filters,
            "depth_multiplier": self.depth_multiplier,
        }


class SeparableConv1D(_SeparableConv):
    """Convolution of each channel by itself, then a mixture of all channels at each step.

    Args:
        filters: the number of output channels.
        kernel_size: the length of the window.
        strides: by how much it moves.
        padding: "valid", "same", or, as in later versions, "causal": an output sees no later step.
        data_format: "channels_last" or "channels_first"; None: `image_data_format()`.
        dilation_rate: the distance of the window's elements.
        depth_multiplier: channels between the two steps for each input channel.
        activation: name or function; None: linear.
        use_bias: whether to add a bias at the end.
        depthwise_initializer: of the first kernel, (kernel_size, channels, depth_multiplier).
        pointwise_initializer: of the second, (1, channels * depth_multiplier, filters).
        bias_initializer: of the bias, (filters,).
        depthwise_regularizer: penalty on the first kernel.
        pointwise_regularizer: penalty on the second kernel.
        bias_regularizer: penalty on the bias.
        activity_regularizer: penalty on the output.
        depthwise_constraint: of the first kernel, applied after each update.
        pointwise_constraint: of the second kernel, applied after each update.
        bias_constraint: of the bias, applied after each update.

    Raises:
        ValueError: an argument is out of bounds, or the window does not fit into the input.

    Source: Chollet, Xception, 2016 (arXiv 1610.02357).

    Example:
        >>> from konnx.layers import Input
        >>> SeparableConv1D(16, 3, padding="same")(Input((8, 5))).shape
        (None, 8, 16)
    """

    rank = 1
    paddings = ("valid", "same", "causal")


class SeparableConv2D(_SeparableConv):
    """Convolution of each channel by itself, then a mixture of all channels at each place.

    Args:
        filters: the number of output channels.
        kernel_size: (rows, columns) of the window; one number for both.
        strides: by how much it moves.
        padding: "valid" or "same".
        data_format: "channels_last" or "channels_first"; None: `image_data_format()`.
        dilation_rate: the distance of the window's elements.
        depth_multiplier: channels between the two steps for each input channel.
        activation: name or function; None: linear.
        use_bias: whether to add a bias at the end.
        depthwise_initializer: of the first kernel, (rows, columns, channels, depth_multiplier).
        pointwise_initializer: of the second, (1, 1, channels * depth_multiplier, filters).
        bias_initializer: of the bias, (filters,).
        depthwise_regularizer: penalty on the first kernel.
        pointwise_regularizer: penalty on the second kernel.
        bias_regularizer: penalty on the bias.
        activity_regularizer: penalty on the output.
        depthwise_constraint: of the first kernel, applied after each update.
        pointwise_constraint: of the second kernel, applied after each update.
        bias_constraint: of the bias, applied after each update.

    Raises:
        ValueError: an argument is out of bounds, or the window does not fit into the input.

    Source: Chollet, Xception, 2016 (arXiv 1610.02357).

    Example:
        >>> from konnx.layers import Input
        >>> SeparableConv2D(16, 3, padding="same")(Input((8, 8, 5))).shape
        (None, 8, 8, 16)
    """

    rank = 2


SeparableConvolution1D = SeparableConv1D
SeparableConvolution2D = SeparableConv2D
