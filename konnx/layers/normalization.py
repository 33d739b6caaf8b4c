"""Normalization by the statistics of a batch."""

from __future__ import annotations

from typing import Any

from konnx import ops
from konnx.graph import Tensor, Variable
from konnx.layers.arguments import problem, whole_number
from konnx.layers.spec import InputSpec, Shape
from konnx.layers.weighted import WeightedLayer


class BatchNormalization(WeightedLayer):
    """gamma * (x - mean) / sqrt(variance + epsilon) + beta, for each channel.

    In training the mean and the variance are those of the batch, over all axes but `axis`, and
    moving averages of them are kept; in inference they are the moving averages. A frozen layer
    (trainable = False, or inside a model that is) works as in inference, as in TensorFlow 2; with
    `infers_when_frozen = False`, set on the layer or on the class, it keeps its moving averages,
    yet takes those of the batch in training, as in Keras 2.1.

    Args:
        axis: that of the channels; 1 after a convolution with "channels_first".
        momentum: moving = momentum * moving + (1 - momentum) * of the batch. The variance is that
            of the population (divided by n).
        epsilon: added to the variance.
        center: whether to add `beta`.
        scale: whether to multiply with `gamma`.
        beta_initializer: of beta, (channels,).
        gamma_initializer: of gamma, (channels,).
        moving_mean_initializer: of the moving mean, (channels,).
        moving_variance_initializer: of the moving variance, (channels,).
        beta_regularizer: penalty on beta.
        gamma_regularizer: penalty on gamma.
        beta_constraint: of beta, applied after each update.
        gamma_constraint: of gamma, applied after each update.

    Raises:
        ValueError: there is no such axis, or its size is not known.

    Source: Ioffe and Szegedy, 2015 (arXiv 1502.03167).

    Example:
        >>> from konnx.layers import Input
        >>> BatchNormalization(axis=1)(Input((3, 8, 8))).shape
        (None, 3, 8, 8)
    """

    supports_masking = True
    infers_when_frozen = True
    gamma: Variable | None = None
    beta: Variable | None = None
    moving_mean: Variable
    moving_variance: Variable

    def __init__(
        self,
        axis: int = -1,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.axis = axis
        self.momentum = float(momentum)
        self.epsilon = float(epsilon)
        self.center = center
        self.scale = scale
        self._check()
        self.choose(
            beta_initializer=beta_initializer,
            gamma_initializer=gamma_initializer,
            moving_mean_initializer=moving_mean_initializer,
            moving_variance_initializer=moving_variance_initializer,
            beta_regularizer=beta_regularizer,
            gamma_regularizer=gamma_regularizer,
            beta_constraint=beta_constraint,
            gamma_constraint=gamma_constraint,
        )
        self.input_spec = InputSpec(min_ndim=2)

    def _check(self) -> None:
        whole_number(self, "axis", self.axis, minimum=-16)
        if not 0 <= self.momentum <= 1:
            raise problem(self, "momentum", "must lie between 0 and 1", self.momentum)
        if self.epsilon < 0:
            raise problem(self, "epsilon", "must not be negative", self.epsilon)

    def build(self, input_shape: Shape) -> None:
        channels = self._channels(input_shape)
        if self.scale:
            self.gamma = self.add_chosen_weight("gamma", (channels,))
        if self.center:
            self.beta = self.add_chosen_weight("beta", (channels,))
        self.moving_mean = self.add_chosen_weight("moving_mean", (channels,), trainable=False)
        self.moving_variance = self.add_chosen_weight(
            "moving_variance", (channels,), trainable=False
        )
        self.input_spec = InputSpec(ndim=len(input_shape), axes={self.axis: channels})
        super().build(input_shape)

    def _channels(self, input_shape: Shape) -> int:
        if not -len(input_shape) <= self.axis < len(input_shape):
            raise problem(self, "axis", f"must be an axis of {tuple(input_shape)}", self.axis)
        channels = input_shape[self.axis]
        if channels is None:
            demand = f"must be an axis of known size of {tuple(input_shape)}"
            raise problem(self, "axis", demand, self.axis)
        return channels

    def call(self, inputs: Tensor, training: bool | None = None) -> Tensor:
        if training is False or (training and self._infers()):
            return self._by_moving_statistics(inputs)
        trained = self._by_batch_statistics(inputs)
        if training:
            return trained
        inferred = self._by_moving_statistics(inputs)
        return ops.in_train_phase(trained, inferred, unless=self._infers)

    def _infers(self) -> bool:
        return self.is_frozen and self.infers_when_frozen

    def _by_batch_statistics(self, inputs: Tensor) -> Tensor:
        axis = ops.canonical_axis(self.axis, inputs.ndim)
        others = [other for other in range(inputs.ndim) if other != axis]
        is_last = axis == inputs.ndim - 1
        mean = ops.mean(inputs, others, keepdims=not is_last)
        # Deviations add up to 0, and so does what the mean's gradient would get from the variance.
        deviation = inputs - ops.stop_gradient(mean)
        variance = ops.mean(ops.square(deviation), others, keepdims=not is_last)
        self.add_update(
            [self._moved(self.moving_mean, mean), self._moved(self.moving_variance, variance)]
        )
        return self._normalize(inputs, mean, variance)

    def _moved(self, moving: Variable, of_batch: Tensor) -> tuple[Variable, Tensor]:
        new = ops.reshape(of_batch, moving.shape) if of_batch.ndim > 1 else of_batch
        return moving, moving * self.momentum + new * (1 - self.momentum)

    def _by_moving_statistics(self, inputs: Tensor) -> Tensor:
        mean, variance = (
            self._spread(weight, inputs) for weight in (self.moving_mean, self.moving_variance)
        )
        return self._normalize(inputs, mean, variance)

    def _normalize(self, inputs: Tensor, mean: Tensor, variance: Tensor) -> Tensor:
        gamma, beta = (
            None if weight is None else self._spread(weight, inputs)
            for weight in (self.gamma, self.beta)
        )
        return ops.normalize(inputs, mean, variance, gamma, beta, self.epsilon)

    def _spread(self, weight: Variable, inputs: Tensor) -> Tensor:
        """The weight in a shape that broadcasts along the inputs' channels."""
        after = inputs.ndim - 1 - ops.canonical_axis(self.axis, inputs.ndim)
        return ops.reshape(weight, [*weight.shape] + [1] * after) if after else weight

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "axis": self.axis,
            "momentum": self.momentum,
            "epsilon": self.epsilon,
            "center": self.center,
            "scale": self.scale,
        }
