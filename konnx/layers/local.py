"""Convolutions with a kernel of its own at each place."""

from __future__ import annotations

import math
from typing import Any

from konnx import ops
from konnx.graph import Tensor, Variable
from konnx.layers.arguments import Sizes, problem, spatial_axes, whole_number
from konnx.layers.convolutional import SlidingWindow
from konnx.layers.spec import InputSpec, Shape


class _LocallyConnected(SlidingWindow):
    """What the locally connected layers share."""

    paddings = ("valid",)
    kernel: Variable

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
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.filters = whole_number(self, "filters", filters)
        self.slide(kernel_size, strides, padding, data_format, 1)
        self.use_bias = use_bias
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
        channels = self.channels(input_shape)
        places = self._output_sizes(input_shape)
        patch = math.prod(self.kernel_size) * channels
        shape = (math.prod(places), patch, self.filters)
        self.kernel = self.add_chosen_weight("kernel", shape)
        if self.use_bias:
            self.bias = self.add_chosen_weight("bias", (*places, self.filters))
        axes = dict(enumerate(input_shape[1:], start=1))
        self.input_spec = InputSpec(ndim=self.rank + 2, axes=axes)
        super().build(input_shape)

    def _output_sizes(self, input_shape: Shape) -> list[int]:
        shape = self.compute_output_shape(input_shape)
        places = [shape[axis] for axis in spatial_axes(self.data_format, self.rank)]
        known = [size for size in places if size is not None]
        if len(known) != self.rank:
            demand = "must have known sizes, as each place has weights of its own"
            raise problem(self, "input_shape", demand, input_shape)
        return known

    def call(self, inputs: Tensor) -> Tensor:
        outputs = ops.local_convolution(
            inputs,
            self.kernel,
            self.kernel_size,
            self.strides,
            self._output_sizes(inputs.shape),
            self.data_format,
        )
        if self.bias is not None:
            outputs = ops.bias_add(outputs, self.bias, self.data_format)
        return self.activation(outputs)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return self.slid(input_shape, self.filters)

    def get_config(self) -> dict[str, Any]:
        config = {**super().get_config(), "filters": self.filters}
        del config["dilation_rate"]
        return config


class LocallyConnected1D(_LocallyConnected):
    """Convolution over sequences with a kernel of its own at each step of the output.

    Input shape (batch, steps, channels), or (batch, channels, steps) for "channels_first".

    Args:
        filters: the number of output channels.
        kernel_size: the length of the window.
        strides: by how much it moves.
        padding: "valid".
        data_format: "channels_last" or "channels_first"; None: "channels_last", as Keras 2.1
            computes whatever is set.
        activation: name or function; None: linear.
        use_bias: whether to add a bias.
        kernel_initializer: of the kernel, (output steps, kernel_size * channels, filters).
        bias_initializer: of the bias, (output steps, filters).
        kernel_regularizer: penalty on the kernel.
        bias_regularizer: penalty on the bias.
        activity_regularizer: penalty on the output.
        kernel_constraint: of the kernel, applied after each update.
        bias_constraint: of the bias, applied after each update.

    Raises:
        ValueError: an argument is out of bounds, or the number of steps is not known.

    Example:
        >>> from konnx.layers import Input
        >>> LocallyConnected1D(8, 3)(Input((10, 4))).shape
        (None, 8, 8)
    """

    rank = 1

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
        **kwargs: Any,
    ) -> None:
        super().__init__(
            filters,
            kernel_size,
            strides,
            padding,
            data_format or "channels_last",
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


class LocallyConnected2D(_LocallyConnected):
    """Convolution over images with a kernel of its own at each place of the output.

    Args:
        filters: the number of output channels.
        kernel_size: (rows, columns) of the window; one number for both.
        strides: by how much it moves.
        padding: "valid".
        data_format: "channels_last" or "channels_first"; None: `image_data_format()`.
        activation: name or function; None: linear.
        use_bias: whether to add a bias.
        kernel_initializer: of the kernel, (places, patch, filters); a patch is flattened as
            (rows, columns, channels), or for "channels_first" as (channels, rows, columns).
        bias_initializer: of the bias, (output rows, output columns, filters).
        kernel_regularizer: penalty on the kernel.
        bias_regularizer: penalty on the bias.
        activity_regularizer: penalty on the output.
        kernel_constraint: of the kernel, applied after each update.
        bias_constraint: of the bias, applied after each update.

    Raises:
        ValueError: an argument is out of bounds, or the sizes of the images are not known.

    Example:
        >>> from konnx.layers import Input
        >>> LocallyConnected2D(4, (3, 3))(Input((8, 8, 3))).shape
        (None, 6, 6, 4)
    """

    rank = 2
