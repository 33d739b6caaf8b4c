"""Normalization of samples by groups of their channels, or to length 1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from konnx import ops
from konnx.graph import Tensor, Variable
from konnx.layers.arguments import problem, whole_number
from konnx.layers.base import Layer
from konnx.layers.spec import InputSpec, Shape
from konnx.layers.weighted import WeightedLayer


class GroupNormalization(WeightedLayer):
    """Each sample less its mean, divided by its deviation, group of channels by group.

    Args:
        groups: the number of groups, which divides that of the channels; -1: one for each channel.
        axis: that of the channels.
        epsilon: added to the variance.
        center: whether to add a weight, beta.
        scale: whether to multiply by a weight, gamma.
        beta_initializer: of beta, (channels,).
        gamma_initializer: of gamma, (channels,).
        beta_regularizer: penalty on beta.
        gamma_regularizer: penalty on gamma.
        beta_constraint: of beta, applied after each update.
        gamma_constraint: of gamma, applied after each update.

    Raises:
        ValueError: an argument is out of bounds, or the groups do not divide the channels.

    Source: Wu and He, Group normalization, 2018 (arXiv 1803.08494).

    Example:
        >>> from konnx.layers import Input
        >>> GroupNormalization(2)(Input((8, 8, 4))).shape
        (None, 8, 8, 4)
    """

    supports_masking = True
    gamma: Variable | None = None
    beta: Variable | None = None

    def __init__(
        self,
        groups: int = 32,
        axis: int = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.groups = whole_number(self, "groups", groups, minimum=-1)
        if not self.groups:
            raise problem(self, "groups", "must be positive, or -1", groups)
        self.axis = whole_number(self, "axis", axis, minimum=-16)
        self.epsilon = float(epsilon)
        self.center = bool(center)
        self.scale = bool(scale)
        self.choose(
            beta_initializer=beta_initializer,
            gamma_initializer=gamma_initializer,
            beta_regularizer=beta_regularizer,
            gamma_regularizer=gamma_regularizer,
            beta_constraint=beta_constraint,
            gamma_constraint=gamma_constraint,
        )

    def build(self, input_shape: Shape) -> None:
        axis = self._place(len(input_shape))
        channels = input_shape[axis]
        if channels is None:
            raise problem(self, "axis", f"must be of known size in {tuple(input_shape)}", self.axis)
        if channels % self._count(channels):
            raise problem(self, "groups", f"must divide the {channels} channels", self.groups)
        if self.scale:
            self.gamma = self.add_chosen_weight("gamma", (channels,))
        if self.center:
            self.beta = self.add_chosen_weight("beta", (channels,))
        self.input_spec = InputSpec(ndim=len(input_shape), axes={axis: channels})
        super().build(input_shape)

    def _place(self, ndim: int) -> int:
        if not -ndim < self.axis < ndim or self.axis % ndim == 0:
            raise problem(self, "axis", f"must be one of {ndim}, and not the batch", self.axis)
        return self.axis % ndim

    def _count(self, channels: int) -> int:
        return channels if self.groups == -1 else self.groups

    def call(self, inputs: Tensor) -> Tensor:
        axis = self._place(inputs.ndim)
        channels = int(inputs.shape[axis] or 0)
        count = self._count(channels)
        sizes = [ops.size_of(inputs, place) for place in range(inputs.ndim)]
        grouped = ops.reshape(inputs, [*sizes[:axis], count, channels // count, *sizes[axis + 1 :]])
        axes = [place for place in range(1, grouped.ndim) if place != axis]
        centered = grouped - ops.mean(grouped, axes, keepdims=True)
        variance = ops.mean(ops.square(centered), axes, keepdims=True)
        normal = ops.divide(centered, ops.sqrt(ops.add(variance, self.epsilon)))
        outputs = ops.reshape_like(normal, inputs)
        spread = [1] * axis + [channels] + [1] * (inputs.ndim - axis - 1)
        if self.gamma is not None:
            outputs = outputs * ops.reshape(self.gamma, spread)
        return outputs if self.beta is None else outputs + ops.reshape(self.beta, spread)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "groups": self.groups,
            "axis": self.axis,
            "epsilon": self.epsilon,
            "center": self.center,
            "scale": self.scale,
        }


class UnitNormalization(Layer):
    """Each sample divided by its Euclidean norm along one axis or more.

    Args:
        axis: an axis, or a list of them.

    Example:
        >>> from konnx.layers import Input
        >>> UnitNormalization()(Input((4,))).shape
        (None, 4)
    """

    supports_masking = True

    def __init__(self, axis: int | Sequence[int] = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        given = [axis] if isinstance(axis, int) else list(axis)
        axes = [whole_number(self, "axis", one, minimum=-16) for one in given]
        self.axis = axes[0] if isinstance(axis, int) else axes

    def call(self, inputs: Tensor) -> Tensor:
        return ops.l2_normalize(inputs, self.axis)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis}
