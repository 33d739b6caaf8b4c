"""Layers that Keras 1 had, and Keras 2.1.6 still keeps for its sake; each says so in a warning."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

from konnx import backend as K
from konnx import initializers
from konnx.graph import Tensor, Variable
from konnx.layers.arguments import whole_number
from konnx.layers.base import InputSpec, Layer
from konnx.layers.convolutional import Conv1D, Conv2D
from konnx.layers.dot import Dot
from konnx.layers.lambda_layer import Lambda
from konnx.layers.merge import Add, Average, Concatenate, Maximum, Multiply
from konnx.layers.spec import Shape
from konnx.layers.weighted import WeightedLayer
from konnx.utils.naming import did_you_mean

_ELEMENTWISE: dict[str, type[Layer]] = {
    "ave": Average,
    "max": Maximum,
    "mul": Multiply,
    "sum": Add,
}
_MODES = [*_ELEMENTWISE, "concat", "cos", "dot"]


def merge(
    inputs: Sequence[Tensor],
    mode: str | Callable[..., Any] = "sum",
    concat_axis: int = -1,
    dot_axes: int | Sequence[int] = -1,
    output_shape: Any = None,
    output_mask: Any = None,
    arguments: dict[str, Any] | None = None,
    name: str | None = None,
) -> Any:
    """Merge tensors as Keras 1 did; the layer is one of Keras 2, such as `Add`.

    Args:
        inputs: two or more tensors.
        mode: "sum", "mul", "concat", "ave", "cos", "dot", "max", or a function of the list.
        concat_axis: the axis of "concat".
        dot_axes: the axis, or that of each, of "dot" and "cos", counted with the batch.
        output_shape: of a function; see `Lambda`.
        output_mask: of a function: a mask, or a function from the masks to it.
        arguments: further arguments of the function.
        name: of the layer.

    Raises:
        ValueError: the mode is unknown, or the tensors do not fit.

    Example:
        >>> from konnx.layers import Input
        >>> with warnings.catch_warnings():
        ...     warnings.simplefilter("ignore")
        ...     merge([Input((3,)), Input((4,))], mode="concat").shape
        (None, 7)
    """
    warn_deprecated("`merge` function")
    layer = merging_layer(mode, concat_axis, dot_axes, output_shape, output_mask, arguments, name)
    return layer(list(inputs))


def warn_deprecated(what: str, instead: str = "`add`, `concatenate`, …") -> None:
    """Warn that Keras 2 has no more use for something; points at the caller's caller."""
    warnings.warn(f"The {what} is of Keras 1. Use {instead} instead.", stacklevel=3)


def merging_layer(
    mode: str | Callable[..., Any],
    concat_axis: int = -1,
    dot_axes: int | Sequence[int] = -1,
    output_shape: Any = None,
    output_mask: Any = None,
    arguments: dict[str, Any] | None = None,
    name: str | None = None,
) -> Layer:
    """Return the layer of Keras 2 that merges in a mode of Keras 1; see `merge`."""
    if callable(mode):
        mask = (lambda _, masks: output_mask(masks)) if callable(output_mask) else output_mask
        return Lambda(mode, output_shape, mask, arguments, name=name)
    if mode in _ELEMENTWISE:
        return _ELEMENTWISE[mode](name=name)
    if mode == "concat":
        return Concatenate(axis=concat_axis, name=name)
    axes = dot_axes if isinstance(dot_axes, int) else tuple(dot_axes)
    if mode == "dot":
        return Dot(axes, name=name)
    if mode == "cos":
        return CosineMerge(axes, name=name)
    raise ValueError(
        f"`mode` must be a function or one of {_MODES}. Received: mode={mode!r}."
        f"{did_you_mean(str(mode), _MODES)}"
    )


class CosineMerge(Dot):
    """What "cos" meant: the cosine of two tensors along an axis, with an axis of 1 after the batch.

    Args:
        axes: the axis of each to sum over, counted with the batch; one number for both.
    """

    def __init__(self, axes: int | Sequence[int] = -1, **kwargs: Any) -> None:
        super().__init__(axes, normalize=True, **kwargs)

    def call(self, inputs: Sequence[Tensor]) -> Tensor:
        return K.expand_dims(super().call(inputs), 1)

    def compute_output_shape(self, input_shape: Any) -> Shape:
        batch, *rest = super().compute_output_shape(input_shape)
        return (batch, 1, *rest)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["normalize"]
        return config


def AtrousConvolution1D(  # noqa: N802  # Keras' own name
    *args: Any, atrous_rate: Any = 1, **kwargs: Any
) -> Conv1D:
    """Return a `Conv1D` with `dilation_rate=atrous_rate`."""
    warn_deprecated("`AtrousConvolution1D` layer", "`Conv1D` with `dilation_rate`")
    kwargs["dilation_rate"] = atrous_rate
    return Conv1D(*args, **kwargs)


def AtrousConvolution2D(  # noqa: N802  # Keras' own name
    *args: Any, atrous_rate: Any = 1, **kwargs: Any
) -> Conv2D:
    """Return a `Conv2D` with `dilation_rate=atrous_rate`."""
    warn_deprecated("`AtrousConvolution2D` layer", "`Conv2D` with `dilation_rate`")
    kwargs["dilation_rate"] = atrous_rate
    return Conv2D(*args, **kwargs)


AtrousConv1D, AtrousConv2D = AtrousConvolution1D, AtrousConvolution2D


class _Keras1Layer(WeightedLayer):
    """What the two dense layers share: arguments by the names of Keras 1, in configs too."""

    W: Variable
    b: Variable | None = None

    def __init__(self, init: Any, bias: bool, input_dim: int | None, **kwargs: Any) -> None:
        if input_dim is not None:
            kwargs.setdefault("input_shape", (input_dim,))
        super().__init__(**kwargs)
        self.init = initializers.get(init)
        self.bias = bias
        self.input_dim = input_dim
        self.input_spec = InputSpec(ndim=2)

    def _add(
        self, name: str, shape: tuple[int, ...], start: Any, *, chosen: bool = True
    ) -> Variable:
        return self.add_weight(
            name,
            shape,
            initializer=start,
            regularizer=getattr(self, f"{name}_regularizer") if chosen else None,
            constraint=getattr(self, f"{name}_constraint") if chosen else None,
        )

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "init": initializers.serialize(self.init),
            "bias": self.bias,
            "input_dim": self.input_dim,
        }


class MaxoutDense(_Keras1Layer):
    """The largest, unit by unit, of several linear maps; see https://arxiv.org/abs/1302.4389.

    Input shape (batch, features), output shape (batch, output_dim).

    Args:
        output_dim: the number of units.
        nb_feature: the number of maps.
        init: of the kernels W, (nb_feature, features, output_dim).
        weights: arrays to start from.
        W_regularizer: penalty on W.
        b_regularizer: penalty on the biases b, (nb_feature, output_dim).
        activity_regularizer: penalty on the output.
        W_constraint: of W, applied after each update.
        b_constraint: of b, applied after each update.
        bias: whether to add biases.
        input_dim: short for `input_shape=(input_dim,)`.

    Example:
        >>> from konnx.layers import Input
        >>> with warnings.catch_warnings():
        ...     warnings.simplefilter("ignore")
        ...     MaxoutDense(5, nb_feature=2)(Input((3,))).shape
        (None, 5)
    """

    def __init__(
        self,
        output_dim: int,
        nb_feature: int = 4,
        init: Any = "glorot_uniform",
        weights: Any = None,
        W_regularizer: Any = None,  # noqa: N803  # names of Keras 1
        b_regularizer: Any = None,
        activity_regularizer: Any = None,
        W_constraint: Any = None,  # noqa: N803
        b_constraint: Any = None,
        bias: bool = True,
        input_dim: int | None = None,
        **kwargs: Any,
    ) -> None:
        warn_deprecated("`MaxoutDense` layer", "`Dense` and `Lambda` layers")
        super().__init__(init, bias, input_dim, weights=weights, **kwargs)
        self.output_dim = whole_number(self, "output_dim", output_dim)
        self.nb_feature = whole_number(self, "nb_feature", nb_feature)
        self.choose(
            W_regularizer=W_regularizer,
            b_regularizer=b_regularizer,
            activity_regularizer=activity_regularizer,
            W_constraint=W_constraint,
            b_constraint=b_constraint,
        )

    def build(self, input_shape: Shape) -> None:
        features = whole_number(self, "input_shape", input_shape[1])
        self.W = self._add("W", (self.nb_feature, features, self.output_dim), self.init)
        if self.bias:
            self.b = self._add("b", (self.nb_feature, self.output_dim), "zeros")
        super().build(input_shape)

    def call(self, inputs: Tensor) -> Tensor:
        output = K.dot(inputs, self.W)
        return K.max(output if self.b is None else output + self.b, axis=1)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return (input_shape[0], self.output_dim)

    def get_config(self) -> dict[str, Any]:
        sizes = {"output_dim": self.output_dim, "nb_feature": self.nb_feature}
        return {**super().get_config(), **sizes}


class Highway(_Keras1Layer):
    """A dense layer that learns how much of its input to let pass; see arxiv.org/abs/1505.00387.

    Input and output shape (batch, features).

    Args:
        init: of the kernels W and W_carry, (features, features).
        activation: of the transformed part; None: linear.
        weights: arrays to start from: W, W_carry, b, b_carry.
        W_regularizer: penalty on W.
        b_regularizer: penalty on the bias b.
        activity_regularizer: penalty on the output.
        W_constraint: of W, applied after each update.
        b_constraint: of b, applied after each update.
        bias: whether to add biases; that of the gate, b_carry, starts at one.
        input_dim: short for `input_shape=(input_dim,)`.

    Example:
        >>> from konnx.layers import Input
        >>> with warnings.catch_warnings():
        ...     warnings.simplefilter("ignore")
        ...     Highway(activation="relu")(Input((3,))).shape
        (None, 3)
    """

    activation: Callable[[Tensor], Tensor]
    W_carry: Variable
    b_carry: Variable | None = None

    def __init__(
        self,
        init: Any = "glorot_uniform",
        activation: Any = None,
        weights: Any = None,
        W_regularizer: Any = None,  # noqa: N803  # names of Keras 1
        b_regularizer: Any = None,
        activity_regularizer: Any = None,
        W_constraint: Any = None,  # noqa: N803
        b_constraint: Any = None,
        bias: bool = True,
        input_dim: int | None = None,
        **kwargs: Any,
    ) -> None:
        warn_deprecated("`Highway` layer", "`Dense`, `Multiply` and `Add` layers")
        kwargs.pop("transform_bias", None)  # which Keras 2 ignores
        super().__init__(init, bias, input_dim, weights=weights, **kwargs)
        self.choose(
            activation=activation,
            W_regularizer=W_regularizer,
            b_regularizer=b_regularizer,
            activity_regularizer=activity_regularizer,
            W_constraint=W_constraint,
            b_constraint=b_constraint,
        )

    def build(self, input_shape: Shape) -> None:
        features = whole_number(self, "input_shape", input_shape[1])
        self.W = self._add("W", (features, features), self.init)
        self.W_carry = self._add("W_carry", (features, features), self.init, chosen=False)
        if self.bias:
            self.b = self._add("b", (features,), "zeros")
            self.b_carry = self._add("b_carry", (features,), "ones", chosen=False)
        super().build(input_shape)

    def call(self, inputs: Tensor) -> Tensor:
        carry, output = K.dot(inputs, self.W_carry), K.dot(inputs, self.W)
        if self.b is not None and self.b_carry is not None:
            carry, output = carry + self.b_carry, output + self.b
        gate = K.sigmoid(carry)
        return self.activation(output) * gate + (1.0 - gate) * inputs


__all__ = [
    "AtrousConv1D",
    "AtrousConv2D",
    "AtrousConvolution1D",
    "AtrousConvolution2D",
    "Highway",
    "MaxoutDense",
    "merge",
]
