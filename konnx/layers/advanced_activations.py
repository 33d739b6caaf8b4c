"""Activations that have parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from konnx import ops
from konnx.graph import Tensor, Variable, op
from konnx.layers.arguments import number, problem, sizes_or_axes, whole_number
from konnx.layers.base import Layer
from konnx.layers.spec import InputSpec, Shape
from konnx.layers.weighted import WeightedLayer


class LeakyReLU(Layer):
    """x, or alpha * x where x is negative.

    Args:
        alpha: the slope for negative x.

    Source: Maas et al., Rectifier nonlinearities improve neural network acoustic models, 2013.

    Example:
        >>> from konnx.layers import Input
        >>> LeakyReLU()(Input((8,))).shape
        (None, 8)
    """

    supports_masking = True

    def __init__(self, alpha: float = 0.3, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.alpha = number(self, "alpha", alpha, negative=True)

    def call(self, inputs: Tensor) -> Tensor:
        return ops.relu(inputs, self.alpha)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "alpha": self.alpha}


class PReLU(WeightedLayer):
    """x, or alpha * x where x is negative, with an alpha that is learned for each element.

    Args:
        alpha_initializer: of alpha, the shape of one sample, with size 1 along the shared axes.
        alpha_regularizer: penalty on alpha.
        alpha_constraint: of alpha, applied after each update.
        shared_axes: axes along which all elements share one alpha, counted with the batch; (1, 2)
            for one alpha a channel of images with channels last.

    Raises:
        ValueError: there is no such axis, or the size of an axis that is not shared varies.

    Source: He et al., 2015 (arXiv 1502.01852).

    Example:
        >>> from konnx.layers import Input
        >>> PReLU(shared_axes=(1, 2))(Input((8, 8, 3))).shape
        (None, 8, 8, 3)
    """

    supports_masking = True
    alpha: Variable

    def __init__(
        self,
        alpha_initializer: Any = "zeros",
        alpha_regularizer: Any = None,
        alpha_constraint: Any = None,
        shared_axes: int | Sequence[int] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.choose(
            alpha_initializer=alpha_initializer,
            alpha_regularizer=alpha_regularizer,
            alpha_constraint=alpha_constraint,
        )
        given = [shared_axes] if isinstance(shared_axes, int) else shared_axes
        self.shared_axes = (
            None if given is None else [whole_number(self, "shared_axes", axis) for axis in given]
        )

    def build(self, input_shape: Shape) -> None:
        shared = set(self.shared_axes or [])
        if shared and max(shared) >= len(input_shape):
            demand = f"must be axes of {tuple(input_shape)}"
            raise problem(self, "shared_axes", demand, self.shared_axes)
        sizes: list[int] = []
        for axis, size in enumerate(input_shape[1:], start=1):
            if size is None and axis not in shared:
                demand = "must have known sizes but along `shared_axes`"
                raise problem(self, "input_shape", demand, input_shape)
            sizes.append(1 if axis in shared or size is None else size)
        self.alpha = self.add_chosen_weight("alpha", sizes)
        axes = {axis: size for axis, size in enumerate(sizes, start=1) if axis not in shared}
        self.input_spec = InputSpec(ndim=len(input_shape), axes=axes)
        super().build(input_shape)

    def call(self, inputs: Tensor) -> Tensor:
        negative = ops.relu(ops.negative(inputs))
        return ops.subtract(ops.relu(inputs), ops.multiply(self.alpha, negative))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "shared_axes": self.shared_axes}


class ELU(Layer):
    """x, or alpha * (exp(x) - 1) where x is negative.

    Args:
        alpha: minus the value that very negative x come to.

    Source: Clevert et al., 2015 (arXiv 1511.07289).

    Example:
        >>> from konnx.layers import Input
        >>> ELU()(Input((8,))).shape
        (None, 8)
    """

    supports_masking = True

    def __init__(self, alpha: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.alpha = number(self, "alpha", alpha, negative=True)

    def call(self, inputs: Tensor) -> Tensor:
        return ops.elu(inputs, self.alpha)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "alpha": self.alpha}


class ThresholdedReLU(Layer):
    """x where it is greater than theta, else 0.

    Args:
        theta: the threshold, 0 or more.

    Raises:
        ValueError: `theta` is negative.

    Source: Konda et al., 2014 (arXiv 1402.3337).

    Example:
        >>> from konnx.layers import Input
        >>> ThresholdedReLU(0.5)(Input((8,))).shape
        (None, 8)
    """

    supports_masking = True

    def __init__(self, theta: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.theta = number(self, "theta", theta)

    def call(self, inputs: Tensor) -> Tensor:
        return op("ThresholdedRelu", inputs, alpha=self.theta)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "theta": self.theta}


class Softmax(Layer):
    """exp(x) divided by its sum along an axis.

    Args:
        axis: the axis whose elements add up to 1, counted with the batch; of several, as in later
            versions, all elements along them together.

    Raises:
        ValueError: there is no such axis, or the input has fewer than two.

    Example:
        >>> from konnx.layers import Input
        >>> Softmax()(Input((8,))).shape
        (None, 8)
    """

    supports_masking = True

    def __init__(self, axis: int | Sequence[int] = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        several = isinstance(axis, Sequence)
        axes = sizes_or_axes(self, "axis", axis if isinstance(axis, Sequence) else [axis])
        if len(set(axes)) != len(axes) or not axes:
            raise problem(self, "axis", "must name each axis once", axis)
        self.axis = list(axes) if several else axes[0]
        self.input_spec = InputSpec(min_ndim=2)

    def build(self, input_shape: Shape) -> None:
        axes = self.axis if isinstance(self.axis, list) else [self.axis]
        if not all(-len(input_shape) <= axis < len(input_shape) for axis in axes):
            raise problem(self, "axis", f"must be axes of {tuple(input_shape)}", self.axis)
        super().build(input_shape)

    def call(self, inputs: Tensor) -> Tensor:
        if isinstance(self.axis, int):
            return ops.softmax(inputs, self.axis)
        return ops.exp(ops.subtract(inputs, ops.logsumexp(inputs, self.axis, keepdims=True)))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis}


class ReLU(Layer):
    """x between `threshold` and `max_value`, straight lines outside; with no argument max(x, 0).

    The layer is Keras 2.2's. Above `max_value` the output is `max_value`, up to `threshold` it is
    negative_slope * (x - threshold).

    Args:
        max_value: the largest output, 0 or more; None: no limit.
        negative_slope: the slope below the threshold, 0 or more.
        threshold: where the rectified part begins, 0 or more.

    Raises:
        ValueError: an argument is negative.

    Example:
        >>> from konnx.layers import Input
        >>> ReLU(max_value=6.0)(Input((8,))).shape
        (None, 8)
    """

    supports_masking = True

    def __init__(
        self,
        max_value: float | None = None,
        negative_slope: float = 0.0,
        threshold: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.max_value = None if max_value is None else number(self, "max_value", max_value)
        self.negative_slope = number(self, "negative_slope", negative_slope or 0.0)
        self.threshold = number(self, "threshold", threshold or 0.0)

    def call(self, inputs: Tensor) -> Tensor:
        if not self.threshold:
            return ops.relu(inputs, self.negative_slope, self.max_value)
        rectified = op("ThresholdedRelu", inputs, alpha=self.threshold)
        if self.max_value is not None:
            rectified = ops.minimum(rectified, self.max_value)
        if not self.negative_slope:
            return rectified
        below = ops.relu(ops.subtract(self.threshold, inputs))
        return ops.subtract(rectified, ops.multiply(below, self.negative_slope))

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "max_value": self.max_value,
            "negative_slope": self.negative_slope,
            "threshold": self.threshold,
        }
