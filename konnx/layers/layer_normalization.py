"""Normalization of each sample by itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from konnx import ops
from konnx.graph import Tensor, Variable, op
from konnx.layers.arguments import problem, whole_number
from konnx.layers.base import Layer
from konnx.layers.spec import InputSpec, Shape
from konnx.layers.weighted import WeightedLayer


class LayerNormalization(WeightedLayer):
    """gamma * (x - mean) / sqrt(variance + epsilon) + beta, with the statistics of each sample.

    The layer is TensorFlow 2's; Keras 2.1 has none.

    Args:
        axis: the axis, or axes, over which mean and variance are taken, counted with the batch.
        epsilon: added to the variance.
        center: whether to add `beta`.
        scale: whether to multiply with `gamma`.
        beta_initializer: of beta, which has the sizes of `axis`.
        gamma_initializer: of gamma, which has the sizes of `axis`.
        beta_regularizer: penalty on beta.
        gamma_regularizer: penalty on gamma.
        beta_constraint: of beta, applied after each update.
        gamma_constraint: of gamma, applied after each update.
        rms_scaling: whether the mean stays, and there is no beta, as in Keras 3.

    Raises:
        ValueError: there is no such axis, or its size is not known.

    Source: Ba et al., 2016 (arXiv 1607.06450).

    Example:
        >>> from konnx.layers import Input
        >>> LayerNormalization()(Input((10, 64))).shape
        (None, 10, 64)
    """

    supports_masking = True
    gamma: Variable | None = None
    beta: Variable | None = None

    def __init__(
        self,
        axis: int | Sequence[int] = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        *,
        rms_scaling: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.rms_scaling = bool(rms_scaling)
        self.axis, self.epsilon = given_axes(self, axis, epsilon)
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
        sizes = axes_of(self, self.axis, input_shape)
        known = list(sizes.values())
        if self.scale or self.rms_scaling:
            self.gamma = self.add_chosen_weight("gamma", known)
        if self.center and not self.rms_scaling:
            self.beta = self.add_chosen_weight("beta", known)
        self.input_spec = InputSpec(ndim=len(input_shape), axes=sizes)
        super().build(input_shape)

    def call(self, inputs: Tensor) -> Tensor:
        axes = [axis % inputs.ndim for axis in self.axis]
        trailing = axes == list(range(inputs.ndim - len(axes), inputs.ndim))
        exact = (
            inputs.dtype == "float64"
        )  # for which the operator's epsilon, a float32, is too coarse
        if trailing and self.gamma is not None and not self.rms_scaling and not exact:
            return op(
                "LayerNormalization",
                inputs,
                self.gamma,
                self.beta,
                axis=axes[0],
                epsilon=self.epsilon,
            )
        mean = ops.mean(inputs, axes, keepdims=True)
        centered = ops.subtract(inputs, mean)
        variance = ops.mean(ops.square(centered), axes, keepdims=True)
        scaled = inputs if self.rms_scaling else centered
        outputs = ops.divide(scaled, ops.sqrt(ops.add(variance, self.epsilon)))
        if self.gamma is not None:
            outputs = ops.multiply(outputs, spread(self.gamma, axes, inputs.ndim))
        if self.beta is not None:
            outputs = ops.add(outputs, spread(self.beta, axes, inputs.ndim))
        return outputs

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "axis": self.axis,
            "epsilon": self.epsilon,
            "center": self.center,
            "scale": self.scale,
            **({"rms_scaling": True} if self.rms_scaling else {}),
        }


def given_axes(layer: Layer, axis: int | Sequence[int], epsilon: float) -> tuple[list[int], float]:
    """Return the arguments `axis` and `epsilon` of a normalization.

    Raises:
        ValueError: there is no axis, or epsilon is negative.
    """
    given = list(axis) if isinstance(axis, Sequence) else [axis]
    if not given:
        raise problem(layer, "axis", "must name one axis or more", axis)
    if epsilon < 0:
        raise problem(layer, "epsilon", "must not be negative", epsilon)
    return [whole_number(layer, "axis", one, minimum=-16) for one in given], float(epsilon)


def axes_of(layer: Layer, given: Sequence[int], input_shape: Shape) -> dict[int, int]:
    """Return the sizes of the axes that are normalized, by their numbers from the start.

    Raises:
        ValueError: one is no axis, the batch, named twice or of unknown size.
    """
    ndim = len(input_shape)
    axes = [axis % ndim for axis in given if -ndim <= axis < ndim]
    if len(set(axes)) != len(given) or 0 in axes:
        demand = f"must be different axes of the {ndim} of the input, and not the batch"
        raise problem(layer, "axis", demand, given)
    sizes = {axis: input_shape[axis] for axis in axes}
    known = {axis: size for axis, size in sizes.items() if size is not None}
    if len(known) != len(sizes):
        demand = f"must be axes of known size of {tuple(input_shape)}"
        raise problem(layer, "axis", demand, given)
    return known


def spread(weight: Variable, axes: Sequence[int], ndim: int) -> Tensor:
    """The weight with its axes where those of the inputs lie."""
    order = sorted(range(len(axes)), key=lambda place: axes[place])
    tensor: Tensor = weight if order == list(range(len(axes))) else ops.transpose(weight, order)
    sizes = [1] * ndim
    for place, axis in enumerate(axes):
        sizes[axis] = int(weight.shape[place] or 1)
    return ops.reshape(tensor, sizes)
