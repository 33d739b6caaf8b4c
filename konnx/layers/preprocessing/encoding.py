"""Whole numbers as vectors, and numbers as whole numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from konnx import ops
from konnx.graph import Tensor
from konnx.layers.arguments import number, one_of, problem, whole_number
from konnx.layers.base import Layer
from konnx.layers.preprocessing.batches import batches
from konnx.layers.preprocessing.quantiles import boundaries_of
from konnx.layers.spec import Shape, as_list

MODES = ("multi_hot", "one_hot", "count")


def encoded(numbers: Tensor, size: int, mode: str, weights: Tensor | None, dtype: str) -> Tensor:
    """Numbers below `size` as vectors: 1 (or how often, or the sum of weights) at their places."""
    if mode == "one_hot":
        if numbers.ndim > 1 and numbers.shape[-1] == 1:
            numbers = ops.squeeze(numbers, -1)
        return ops.one_hot(numbers, size, dtype)
    if numbers.ndim == 1:
        numbers = ops.expand_dims(numbers, -1)
    hot = ops.one_hot(numbers, size, dtype)
    if mode == "multi_hot":
        return ops.max(hot, -2)
    if weights is not None:
        hot = hot * ops.expand_dims(ops.cast(weights, dtype), -1)
    return ops.sum(hot, -2)


def encoded_shape(input_shape: Shape, size: int, mode: str) -> Shape:
    """Return the shape of what `encoded` returns."""
    if mode == "one_hot":
        kept = input_shape[:-1] if len(input_shape) > 1 and input_shape[-1] == 1 else input_shape
        return (*kept, size)
    return (*(input_shape[:-1] if len(input_shape) > 1 else input_shape), size)


class CategoryEncoding(Layer):
    """Whole numbers as vectors of `num_tokens` elements.

    It is called on the numbers, or on them and weights for `count`: `layer([numbers, weights])`.
    Input (batch, numbers) gives (batch, num_tokens); with "one_hot" each number its own vector.

    Args:
        num_tokens: numbers are at least 0 and below it; others count nowhere.
        output_mode: "multi_hot", 1 for each number that occurs; "one_hot"; "count", how often each
            occurs, or the sum of its weights.
        sparse: must be False.

    Raises:
        ValueError: an argument is out of bounds.

    Example:
        >>> from konnx.layers import Input
        >>> CategoryEncoding(5)(Input((3,), dtype="int32")).shape
        (None, 5)
    """

    def __init__(
        self,
        num_tokens: int,
        output_mode: str = "multi_hot",
        sparse: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.num_tokens = whole_number(self, "num_tokens", num_tokens)
        self.output_mode = one_of(self, "output_mode", output_mode, MODES)
        if sparse:
            raise problem(self, "sparse", "must be False: ONNX has no sparse tensors", sparse)

    def __call__(self, inputs: Any, count_weights: Any = None, **kwargs: Any) -> Any:
        """Apply the layer to numbers, and to weights of the same shape."""
        if count_weights is not None:
            inputs = [*as_list(inputs), count_weights]
        return super().__call__(inputs, **kwargs)

    def call(self, inputs: Any) -> Tensor:
        numbers, *weights = as_list(inputs)
        if weights and self.output_mode != "count":
            raise problem(self, "output_mode", "must be 'count' with weights", self.output_mode)
        numbers = ops.cast(numbers, "int64")
        weight = weights[0] if weights else None
        return encoded(numbers, self.num_tokens, self.output_mode, weight, self.weight_dtype)

    def compute_output_shape(self, input_shape: Any) -> Shape:
        first = input_shape[0] if isinstance(input_shape, list) else input_shape
        return encoded_shape(first, self.num_tokens, self.output_mode)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "num_tokens": self.num_tokens,
            "output_mode": self.output_mode,
        }


class Discretization(Layer):
    """The number of the bin that each element lies in.

    Args:
        bin_boundaries: ascending; elements from one on are in the next bin.
        num_bins: how many bins `adapt` makes, where no boundaries are given.
        epsilon: how exactly `adapt` knows its data: it keeps 1 / epsilon elements of each batch.
        output_mode: "int", the number (int64); or as `CategoryEncoding` has it.
        sparse: must be False.

    Raises:
        ValueError: neither boundaries nor `num_bins` are given, or an argument is out of bounds;
            at a call, there are no boundaries yet.

    Example:
        >>> from konnx.layers import Input
        >>> Discretization([0.0, 1.0])(Input((3,))).dtype
        'int64'
    """

    def __init__(
        self,
        bin_boundaries: Sequence[float] | None = None,
        num_bins: int | None = None,
        epsilon: float = 0.01,
        output_mode: str = "int",
        sparse: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.bin_boundaries = None if bin_boundaries is None else self._ascending(bin_boundaries)
        self.num_bins = None if num_bins is None else whole_number(self, "num_bins", num_bins, 2)
        if bin_boundaries is None and num_bins is None:
            raise problem(self, "bin_boundaries", "or `num_bins` must be given", None)
        self.epsilon = number(self, "epsilon", epsilon)
        if not 0 < self.epsilon < 1:
            raise problem(self, "epsilon", "must be above 0 and below 1", epsilon)
        self.output_mode = one_of(self, "output_mode", output_mode, ("int", *MODES))
        if sparse:
            raise problem(self, "sparse", "must be False: ONNX has no sparse tensors", sparse)

    def _ascending(self, boundaries: Any) -> list[float]:
        if isinstance(boundaries, str) or not isinstance(boundaries, Sequence | np.ndarray):
            raise problem(self, "bin_boundaries", "must be a list of numbers", boundaries)
        found = [number(self, "bin_boundaries", one, negative=True) for one in boundaries]
        if sorted(found) != found:
            raise problem(self, "bin_boundaries", "must ascend", boundaries)
        return found

    def adapt(self, data: Any, batch_size: int | None = None, steps: int | None = None) -> None:
        """Take the boundaries from data, so that bins hold about equally many elements.

        Args:
            data: an array of samples, or an iterable of batches of them.
            batch_size: accepted as in Keras, and without effect.
            steps: how many batches to take; None: all.

        Raises:
            ValueError: `num_bins` is not given, there is no data, or the layer was called already.
        """
        if self.num_bins is None:
            raise problem(self, "num_bins", "must be given to `adapt` the layer", self.num_bins)
        if self.inbound_nodes:
            raise problem(self, "adapt", "comes too late: the layer was called already", self.name)
        found = [batch for batch in batches(data, steps) if batch.size]
        if not found:
            raise ValueError(f"`Discretization` '{self.name}': `adapt` was given no data")
        self.bin_boundaries = boundaries_of(found, self.num_bins, self.epsilon)

    def call(self, inputs: Tensor) -> Tensor:
        if self.bin_boundaries is None:
            demand = "must be given, or taken from data by `adapt`, before the layer is called"
            raise problem(self, "bin_boundaries", demand, None)
        values = ops.expand_dims(ops.cast(inputs, "float32"), -1)
        beyond = ops.greater_equal(values, np.asarray(self.bin_boundaries, np.float32))
        numbers = ops.sum(ops.cast(beyond, "int64"), -1)
        if self.output_mode == "int":
            return numbers
        return encoded(numbers, self._count(), self.output_mode, None, self.weight_dtype)

    def _count(self) -> int:
        """The number of bins."""
        return self.num_bins or 1 if self.bin_boundaries is None else len(self.bin_boundaries) + 1

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        if self.output_mode == "int":
            return input_shape
        return encoded_shape(input_shape, self._count(), self.output_mode)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "bin_boundaries": self.bin_boundaries,
            "num_bins": self.num_bins,
            "epsilon": self.epsilon,
            "output_mode": self.output_mode,
        }
