"""Layers that every network needs: dense, activation, and changes of shape."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from konnx import ops, regularizers
from konnx.graph import Tensor, Variable
from konnx.layers.arguments import data_format_of, number, problem, sizes_or_axes, whole_number
from konnx.layers.base import Layer
from konnx.layers.spec import InputSpec, Shape
from konnx.layers.weighted import Activation as ActivationFunction
from konnx.layers.weighted import WeightedLayer
from konnx.ops.convolution import from_channels_first


class Dense(WeightedLayer):
    """activation(inputs @ kernel + bias), over the last axis of the inputs.

    Input shape (batch, ..., features), output shape (batch, ..., units).

    Args:
        units: the size of the output's last axis.
        activation: name or function; None: linear.
        use_bias: whether to add a bias.
        kernel_initializer: of the kernel, (features, units).
        bias_initializer: of the bias, (units,).
        kernel_regularizer: penalty on the kernel.
        bias_regularizer: penalty on the bias.
        activity_regularizer: penalty on the output.
        kernel_constraint: of the kernel, applied after each update.
        bias_constraint: of the bias, applied after each update.
        input_dim: short for `input_shape=(input_dim,)`.

    Raises:
        ValueError: `units` is not positive, or a name is unknown.

    Example:
        >>> from konnx.layers import Input
        >>> Dense(10, activation="softmax")(Input((784,))).shape
        (None, 10)
    """

    supports_masking = True
    activation: ActivationFunction
    kernel: Variable
    bias: Variable | None = None

    def __init__(
        self,
        units: int,
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
        input_dim = kwargs.pop("input_dim", None)
        if input_dim is not None:
            kwargs.setdefault("input_shape", (input_dim,))
        super().__init__(**kwargs)
        self.units = whole_number(self, "units", units)
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
        self.input_spec = InputSpec(min_ndim=2)

    def build(self, input_shape: Shape) -> None:
        features = input_shape[-1]
        if not features:
            raise problem(self, "input_shape", "must end in a known, positive size", input_shape)
        self.kernel = self.add_chosen_weight("kernel", (features, self.units))
        if self.use_bias:
            self.bias = self.add_chosen_weight("bias", (self.units,))
        self.input_spec = InputSpec(min_ndim=2, axes={-1: features})
        super().build(input_shape)

    def call(self, inputs: Tensor) -> Tensor:
        return self.activation(ops.dense(inputs, self.kernel, self.bias))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return (*input_shape[:-1], self.units)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units, "use_bias": self.use_bias}


class Activation(WeightedLayer):
    """An activation function as a layer of its own.

    Args:
        activation: name or function of a tensor.

    Raises:
        ValueError: the name is unknown.

    Example:
        >>> from konnx.layers import Input
        >>> Activation("relu")(Input((8,))).shape
        (None, 8)
    """

    supports_masking = True
    activation: ActivationFunction

    def __init__(self, activation: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.choose(activation=activation)

    def call(self, inputs: Tensor) -> Tensor:
        return self.activation(inputs)


class ActivityRegularization(Layer):
    """The inputs unchanged, with a penalty on them in the loss.

    Args:
        l1: factor of the sum of absolute values.
        l2: factor of the sum of squares.

    Example:
        >>> from konnx.layers import Input
        >>> ActivityRegularization(l2=0.01)(Input((8,))).shape
        (None, 8)
    """

    supports_masking = True

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.l1 = number(self, "l1", l1, negative=True)
        self.l2 = number(self, "l2", l2, negative=True)
        self.activity_regularizer = regularizers.L1L2(self.l1, self.l2)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "l1": self.l1, "l2": self.l2}


class Identity(Layer):
    """The input as it is.

    Example:
        >>> from konnx.layers import Input
        >>> Identity()(Input((3,))).shape
        (None, 3)
    """

    supports_masking = True


class Flatten(Layer):
    """All axes but the batch joined into one.

    Args:
        data_format: with "channels_first" the channels are moved to the end before, so that the
            weights of a Dense layer after it fit either format; None: `image_data_format()`.

    Raises:
        ValueError: a size other than the batch's is not known.

    Example:
        >>> from konnx.layers import Input
        >>> Flatten()(Input((4, 4, 3))).shape
        (None, 48)
    """

    def __init__(self, data_format: str | None = "channels_last", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = data_format_of(self, data_format)
        self.input_spec = InputSpec(min_ndim=1)

    def build(self, input_shape: Shape) -> None:
        self.compute_output_shape(input_shape)
        super().build(input_shape)

    def call(self, inputs: Tensor) -> Tensor:
        if self.data_format == "channels_first" and inputs.ndim > 2:
            inputs = from_channels_first(inputs, "channels_last")
        return ops.flatten_from(inputs, 1)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        sizes = [size for size in input_shape[1:] if size is not None]
        if len(sizes) != len(input_shape) - 1:
            demand = "must have known sizes after the batch; give the first layer all of them"
            raise problem(self, "input_shape", demand, input_shape)
        return (input_shape[0], math.prod(sizes))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "data_format": self.data_format}


class Reshape(Layer):
    """The elements of each sample in another shape.

    Args:
        target_shape: sizes without the batch; one of them may be -1: what is left.

    Raises:
        ValueError: a size is neither positive nor -1, or the number of elements does not fit.

    Example:
        >>> from konnx.layers import Input
        >>> Reshape((3, -1))(Input((12,))).shape
        (None, 3, 4)
    """

    def __init__(self, target_shape: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.target_shape = sizes_or_axes(self, "target_shape", target_shape)
        if (
            min(self.target_shape, default=1) < -1
            or 0 in self.target_shape
            or (self.target_shape.count(-1) > 1)
        ):
            demand = "must hold positive sizes, and -1 at most once"
            raise problem(self, "target_shape", demand, target_shape)

    def call(self, inputs: Tensor) -> Tensor:
        sizes = self.compute_output_shape(inputs.shape)[1:]
        return ops.reshape_keeping(inputs, 1, [-1 if size is None else size for size in sizes])

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        sizes = [size for size in input_shape[1:] if size is not None]
        if len(sizes) != len(input_shape) - 1:
            return (input_shape[0], *(None if size == -1 else size for size in self.target_shape))
        total = math.prod(sizes)
        known = math.prod(size for size in self.target_shape if size != -1)
        if total != known and (-1 not in self.target_shape or total % known):
            demand = f"must hold as many elements as {tuple(sizes)}, which are {total}"
            raise problem(self, "target_shape", demand, self.target_shape)
        return (input_shape[0], *(total // known if s == -1 else s for s in self.target_shape))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "target_shape": self.target_shape}


class Permute(Layer):
    """The axes of each sample in another order.

    Args:
        dims: for each axis of the output the axis of the input, counted from 1 (0 is the batch).

    Raises:
        ValueError: `dims` does not hold each axis once.

    Example:
        >>> from konnx.layers import Input
        >>> Permute((2, 1))(Input((10, 64))).shape
        (None, 64, 10)
    """

    def __init__(self, dims: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dims = sizes_or_axes(self, "dims", dims)
        if sorted(self.dims) != list(range(1, len(self.dims) + 1)):
            demand = f"must hold each of the axes 1 to {len(self.dims)} once"
            raise problem(self, "dims", demand, dims)
        self.input_spec = InputSpec(ndim=len(self.dims) + 1)

    def call(self, inputs: Tensor) -> Tensor:
        return ops.transpose(inputs, (0, *self.dims))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return (input_shape[0], *(input_shape[axis] for axis in self.dims))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "dims": self.dims}


class RepeatVector(Layer):
    """Each sample, a vector, n times: (batch, features) to (batch, n, features).

    Args:
        n: how many times.

    Raises:
        ValueError: `n` is not positive.

    Example:
        >>> from konnx.layers import Input
        >>> RepeatVector(3)(Input((32,))).shape
        (None, 3, 32)
    """

    def __init__(self, n: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.n = whole_number(self, "n", n)
        self.input_spec = InputSpec(ndim=2)

    def call(self, inputs: Tensor) -> Tensor:
        return ops.repeat(inputs, self.n)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return (input_shape[0], self.n, input_shape[1])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "n": self.n}
