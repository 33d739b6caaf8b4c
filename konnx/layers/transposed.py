"""Transposed convolutions, which enlarge what a convolution makes smaller."""

from __future__ import annotations

from typing import Any

from konnx import ops
from konnx.graph import Tensor
from konnx.layers.arguments import Sizes, channel_axis, problem, spatial_axes, whole_numbers
from konnx.layers.convolutional import Convolution
from konnx.layers.spec import Shape


class _ConvTranspose(Convolution):
    """What transposed convolutions share; the kernel is (*spatial, filters, channels)."""

    def __init__(
        self,
        filters: int,
        kernel_size: Sizes,
        strides: Sizes = 1,
        padding: str = "valid",
        data_format: str | None = None,
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
        output_padding: Sizes | None = None,
        dilation_rate: Sizes = 1,
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
        if self.groups != 1:
            raise problem(self, "groups", "must be 1", self.groups)
        self.output_padding = self._output_padding(output_padding)

    def _output_padding(self, value: Sizes | None) -> tuple[int, ...] | None:
        if value is None:
            return None
        amounts = whole_numbers(self, "output_padding", value, self.rank, minimum=0)
        if any(one >= stride for one, stride in zip(amounts, self.strides, strict=True)):
            demand = f"must be less than strides={self.strides}"
            raise problem(self, "output_padding", demand, value)
        return amounts

    def kernel_shape(self, channels: int) -> tuple[int, ...]:
        return (*self.kernel_size, self.filters, channels)

    def call(self, inputs: Tensor) -> Tensor:
        sizes: list[Any] | None = None
        if self.output_padding is not None:
            axes = spatial_axes(self.data_format, self.rank)
            sizes = [
                self._padded_length(ops.size_of(inputs, axis), i, self.output_padding[i])
                for i, axis in enumerate(axes)
            ]
        outputs = ops.convolution_transpose(
            inputs,
            self.kernel,
            self.bias,
            strides=self.strides,
            output_sizes=sizes,
            padding=self.padding,
            data_format=self.data_format,
            dilations=self.dilation_rate,
        )
        return self.activation(outputs)

    def _padded_length(self, length: Any, i: int, output_padding: int) -> Any:
        """The output's size along a spatial axis, a number or a scalar tensor as the input's."""
        covered = (self.kernel_size[i] - 1) * self.dilation_rate[i] + 1
        cut = 2 * (covered // 2) if self.padding == "same" else 0
        return (length - 1) * self.strides[i] + (covered - cut + output_padding)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        shape = list(input_shape)
        for i, axis in enumerate(spatial_axes(self.data_format, self.rank)):
            shape[axis] = self._length(shape[axis], i)
        shape[channel_axis(self.data_format)] = self.filters
        return tuple(shape)

    def _length(self, length: int | None, i: int) -> int | None:
        if length is not None and self.output_padding is not None:
            return int(self._padded_length(length, i, self.output_padding[i]))
        size, stride, dilation = self.kernel_size[i], self.strides[i], self.dilation_rate[i]
        return ops.transposed_length(length, size, self.padding, stride, dilation)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        # Arguments of later versions: Keras 2.1 reads the config only without them.
        if set(self.dilation_rate) == {1}:
            del config["dilation_rate"]
        if self.output_padding is not None:
            config["output_padding"] = self.output_padding
        return config


class Conv1DTranspose(_ConvTranspose):
    """Does to sequences what the gradient of a convolution does to its output.

    Input shape (batch, steps, channels), or (batch, channels, steps) for "channels_first". The
    arguments are those of `Conv2DTranspose`, with one number for each axis.

    Raises:
        ValueError: an argument is out of bounds.

    Example:
        >>> from konnx.layers import Input
        >>> Conv1DTranspose(8, 3, strides=2)(Input((7, 4))).shape
        (None, 15, 8)
    """

    rank = 1


class Conv2DTranspose(_ConvTranspose):
    """Does to images what the gradient of a convolution does to its output ("deconvolution").

    Args:
        filters: the number of output channels.
        kernel_size: (rows, columns) of the window; one number for both.
        strides: how far apart the elements of the input lie in the output.
        padding: "valid" or "same"; the latter makes sizes `strides` times those of the input.
        data_format: "channels_last" or "channels_first"; None: `image_data_format()`.
        activation: name or function; None: linear.
        use_bias: whether to add a bias.
        kernel_initializer: of the kernel, (rows, columns, filters, channels).
        bias_initializer: of the bias, (filters,).
        kernel_regularizer: penalty on the kernel.
        bias_regularizer: penalty on the bias.
        activity_regularizer: penalty on the output.
        kernel_constraint: of the kernel, applied after each update.
        bias_constraint: of the bias, applied after each update.
        output_padding: what the smallest possible output lacks; None: sizes as `padding` has them.
        dilation_rate: the distance of the window's elements.

    Raises:
        ValueError: an argument is out of bounds.

    Source: Dumoulin and Visin, 2016 (arXiv 1603.07285).

    Example:
        >>> from konnx.layers import Input
        >>> Conv2DTranspose(8, 3, strides=2, padding="same")(Input((7, 7, 4))).shape
        (None, 14, 14, 8)
    """

    rank = 2


class Conv3DTranspose(_ConvTranspose):
    """Does to volumes what the gradient of a convolution does to its output.

    Args:
        filters: the number of output channels.
        kernel_size: (depth, rows, columns) of the window; one number for all.
        strides: how far apart the elements of the input lie in the output.
        padding: "valid" or "same"; the latter makes sizes `strides` times those of the input.
        data_format: "channels_last" or "channels_first"; None: `image_data_format()`.
        activation: name or function; None: linear.
        use_bias: whether to add a bias.
        kernel_initializer: of the kernel, (depth, rows, columns, filters, channels).
        bias_initializer: of the bias, (filters,).
        kernel_regularizer: penalty on the kernel.
        bias_regularizer: penalty on the bias.
        activity_regularizer: penalty on the output.
        kernel_constraint: of the kernel, applied after each update.
        bias_constraint: of the bias, applied after each update.
        output_padding: what the smallest possible output lacks; None: sizes as `padding` has them.
        dilation_rate: the distance of the window's elements.

    Raises:
        ValueError: an argument is out of bounds.

    Example:
        >>> from konnx.layers import Input
        >>> Conv3DTranspose(2, 3, strides=2)(Input((3, 4, 4, 1))).shape
        (None, 7, 9, 9, 2)
    """

    rank = 3


Deconv2D = Deconvolution2D = Convolution2DTranspose = Conv2DTranspose
Deconv3D = Deconvolution3D = Conv3DTranspose
