"""Metrics that are not means over batches: what they count is summed up over an epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from konnx import ops
from konnx.graph import Tensor, Variable, name_scope
from konnx.utils.naming import to_snake_case

Update = tuple[Variable, Tensor]


class StatefulMetric:
    """A metric of sums over all batches since the epoch began; the sums stay on the device.

    A subclass defines `totals` and `result`, and `get_config` if it takes arguments. Called as a
    function it gives the value of the one batch.

    Args:
        name: shown in logs; default: that of the class in snake case.
        dtype: as Keras' files have it; all is counted in float32.

    Example:
        >>> class Share(StatefulMetric):
        ...     def totals(self, y_true, y_pred, weights=None):
        ...         return [ops.sum(y_true), ops.sum(y_pred)]
        ...     def result(self, totals):
        ...         return totals[0] / totals[1]
        >>> Share().name
        'share'
    """

    def __init__(self, name: str | None = None, dtype: Any = None) -> None:
        self.name = name or to_snake_case(type(self).__name__)
        self.dtype = "float32" if dtype is None else dtype
        self.variables: list[Variable] = []

    def totals(self, y_true: Tensor, y_pred: Tensor, weights: Tensor | None = None) -> list[Tensor]:
        """Return what a batch adds to the sums: tensors of known shapes.

        Args:
            y_true: the targets.
            y_pred: the output of the model.
            weights: of samples, or of time steps: the first axes of `y_pred`.
        """
        raise TypeError(f"`{type(self).__name__}` does not define `totals`.")

    def result(self, totals: Sequence[Tensor]) -> Tensor:
        """Return the value that the sums make."""
        raise TypeError(f"`{type(self).__name__}` does not define `result`.")

    def __call__(self, y_true: Any, y_pred: Tensor, weights: Tensor | None = None) -> Tensor:
        return self.result(self.totals(ops.as_tensor(y_true), y_pred, weights))

    def accumulate(
        self, y_true: Tensor, y_pred: Tensor, weights: Tensor | None = None
    ) -> tuple[Tensor, list[Update]]:
        """Return the value up to this batch, and the new sums."""
        with name_scope(self.name):
            added = self.totals(y_true, y_pred, weights)
            if not self.variables:
                self.variables = [self._zeros(number, one) for number, one in enumerate(added)]
            sums = [old + one for old, one in zip(self.variables, added, strict=True)]
            return self.result(sums), list(zip(self.variables, sums, strict=True))

    def _zeros(self, number: int, like: Tensor) -> Variable:
        shape = [size for size in like.shape if size is not None]
        if len(shape) < len(like.shape):
            raise ValueError(
                f"`{type(self).__name__}`: the sums of a metric must have known shapes. "
                f"Received: {like!r}"
            )
        return Variable(np.zeros(shape, like.dtype), name=f"{self.name}/sum_{number}")

    def reset_states(self) -> None:
        """Begin anew."""
        for variable in self.variables:
            variable.assign(np.zeros(variable.shape, variable.dtype))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"name": self.name, "dtype": self.dtype}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> StatefulMetric:
        """Make a metric from what `get_config` returned."""
        return cls(**config)


def divide_or_zero(x: Tensor, y: Tensor) -> Tensor:
    """Return x / y, and 0 where y is 0."""
    is_zero = ops.equal(y, 0.0)
    return ops.where(is_zero, 0.0, x / ops.where(is_zero, 1.0, y))
