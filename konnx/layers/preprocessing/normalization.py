"""Normalization by a mean and a variance that are known before training."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from konnx import ops
from konnx.graph import Tensor, Variable
from konnx.layers.arguments import problem
from konnx.layers.base import Layer
from konnx.layers.preprocessing.batches import batches
from konnx.layers.preprocessing.rescaling import as_floats
from konnx.layers.spec import Shape

_EPSILON = 1e-7


class Normalization(Layer):
    """The input less its mean, divided by its deviation, both from data seen before.

    `adapt(data)` takes mean and variance from data; or they are given. They are weights, if
    adapted, which training does not change.

    Args:
        axis: the axis (or axes) whose places have a mean each; None: one for all.
        mean: a number, or one for each place; with `variance`.
        variance: likewise.
        invert: whether to undo the normalization: times the deviation, plus the mean.

    Raises:
        ValueError: only one of mean and variance is given, or an axis has no known size.

    Example:
        >>> layer = Normalization()
        >>> layer.adapt(np.array([[1.0, 4.0], [3.0, 8.0]]))
        >>> layer.get_weights()[0].tolist()
        [2.0, 6.0]
    """

    mean: Variable
    variance: Variable
    count: Variable

    def __init__(
        self,
        axis: int | Sequence[int] | None = -1,
        mean: Any = None,
        variance: Any = None,
        invert: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if (mean is None) != (variance is None):
            raise problem(self, "mean", "and `variance` must be given together", (mean, variance))
        axes = () if axis is None else (axis,) if isinstance(axis, int) else tuple(axis)
        self.axis = axes
        self.input_mean = None if mean is None else _array(mean).tolist()
        self.input_variance = None if variance is None else _array(variance).tolist()
        self.invert = invert

    def build(self, input_shape: Shape) -> None:
        sizes = [input_shape[axis] for axis in self._axes(len(input_shape))]
        known = [size for size in sizes if size is not None]
        if len(known) != len(sizes):
            raise problem(self, "axis", f"must be of known size in {input_shape}", self.axis)
        if self.input_mean is None:
            self.mean = self._statistic("mean", known, "zeros")
            self.variance = self._statistic("variance", known, "ones")
            self.count = self._statistic("count", (), "zeros", "int64")
        super().build(input_shape)

    def _statistic(
        self, name: str, shape: Sequence[int], start: str, dtype: str | None = None
    ) -> Variable:
        return self.add_weight(name, shape, dtype, initializer=start, trainable=False)

    def _axes(self, ndim: int) -> list[int]:
        axes = [axis % ndim for axis in self.axis if -ndim <= axis < ndim]
        if len(axes) != len(self.axis) or 0 in axes:
            demand = f"must be axes of the {ndim} of the input, and not the batch"
            raise problem(self, "axis", demand, self.axis)
        return sorted(axes)

    def adapt(self, data: Any, batch_size: int | None = None, steps: int | None = None) -> None:
        """Take mean and variance from data.

        Args:
            data: an array of samples, or an iterable of batches of them.
            batch_size: accepted as in Keras, and without effect.
            steps: how many batches to take; None: all.

        Raises:
            ValueError: mean and variance were given to the constructor, or there is no data.
        """
        if self.input_mean is not None:
            raise problem(self, "mean", "was given, so there is nothing to adapt", self.input_mean)
        found = batches(data, steps)
        if not found:
            raise ValueError(f"`Normalization` '{self.name}': `adapt` was given no data")
        if not self.built:
            self.build_with_weights((None, *found[0].shape[1:]))
        kept = self._axes(found[0].ndim)
        rows = [_rows(batch, kept) for batch in found]
        count = sum(map(len, rows))
        mean = sum(part.sum(0) for part in rows) / count
        variance = sum(((part - mean) ** 2).sum(0) for part in rows) / count
        shape = self.mean.shape
        self.set_weights([np.reshape(mean, shape), np.reshape(variance, shape), np.int64(count)])

    def call(self, inputs: Tensor) -> Tensor:
        kept = self._axes(inputs.ndim)
        spread = [inputs.shape[axis] or 1 if axis in kept else 1 for axis in range(inputs.ndim)]
        tensor = as_floats(self, inputs)
        if self.input_mean is not None:
            mean, variance = (
                ops.as_tensor(np.broadcast_to(_array(one), [spread[a] for a in kept]), tensor.dtype)
                for one in (self.input_mean, self.input_variance)
            )
        else:
            mean, variance = self.mean, self.variance
        mean = ops.reshape(mean, spread)
        deviation = ops.maximum(ops.sqrt(ops.reshape(variance, spread)), _EPSILON)
        if self.invert:
            return mean + tensor * deviation
        return (tensor - mean) / deviation

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "axis": self.axis,
            "mean": self.input_mean,
            "variance": self.input_variance,
            "invert": self.invert,
        }


def _array(value: Any) -> np.ndarray:
    """Numbers; Keras 3 writes arrays as dicts."""
    if isinstance(value, dict):
        value = value.get("config", {}).get("value")
    return np.squeeze(np.asarray(value, float))


def _rows(batch: np.ndarray, kept: Sequence[int]) -> np.ndarray:
    """The batch as (elements, places of the axes that are kept), in float64."""
    moved = np.moveaxis(batch, kept, range(-len(kept), 0)) if kept else batch
    places = math.prod(batch.shape[axis] for axis in kept)
    return moved.reshape(-1, places).astype(np.float64)
