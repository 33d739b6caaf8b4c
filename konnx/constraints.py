"""Constraints: what a weight is projected to after each update."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from konnx import ops
from konnx.config import epsilon
from konnx.graph import Tensor, op
from konnx.utils.registry import CustomObjects, Registry

Axis = int | Sequence[int]


class Constraint:
    """A function from a new weight to the weight that is kept; derive your own from it.

    The base class keeps every weight as it is.
    """

    def __call__(self, w: Tensor) -> Tensor:
        """Return the weight that is kept, of the shape and dtype of w."""
        return w

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Constraint:
        """Make a constraint from what `get_config` returned."""
        return cls(**config)


class MaxNorm(Constraint):
    """Shrinks vectors of weights that are longer than `max_value` to that length.

    Args:
        max_value: the greatest Euclidean norm.
        axis: the axis or axes that a vector runs along: 0 for the weights into each unit of a
            Dense layer, [0, 1, 2] for each filter of a Conv2D layer.

    Source: Srivastava et al., Dropout, JMLR 2014, section 5.1.
    """

    def __init__(self, max_value: float = 2, axis: Axis = 0) -> None:
        self.max_value = max_value
        self.axis = axis

    def __call__(self, w: Tensor) -> Tensor:
        """Return w with no vector longer than `max_value`."""
        norms = _norms(w, self.axis)
        return ops.multiply(w, ops.clip(norms, 0.0, float(self.max_value)) / (norms + epsilon()))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"max_value": self.max_value, "axis": self.axis}


class NonNeg(Constraint):
    """Turns negative weights into 0.

    Example:
        >>> get("non_neg").get_config()
        {}
    """

    def __call__(self, w: Tensor) -> Tensor:
        """Return w without its negative elements."""
        return ops.maximum(w, 0.0)


class UnitNorm(Constraint):
    """Scales vectors of weights to length 1.

    Args:
        axis: the axis or axes that a vector runs along, see `MaxNorm`.
    """

    def __init__(self, axis: Axis = 0) -> None:
        self.axis = axis

    def __call__(self, w: Tensor) -> Tensor:
        """Return w with vectors of length 1."""
        return ops.divide(w, _norms(w, self.axis) + epsilon())

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"axis": self.axis}


class MinMaxNorm(Constraint):
    """Scales vectors of weights towards lengths between two bounds.

    Args:
        min_value: the smallest Euclidean norm.
        max_value: the greatest Euclidean norm.
        rate: how much of the way to the nearer bound is gone at each update; 1: all of it.
        axis: the axis or axes that a vector runs along, see `MaxNorm`.
    """

    def __init__(
        self,
        min_value: float = 0.0,
        max_value: float = 1.0,
        rate: float = 1.0,
        axis: Axis = 0,
    ) -> None:
        self.min_value = min_value
        self.max_value = max_value
        self.rate = rate
        self.axis = axis

    def __call__(self, w: Tensor) -> Tensor:
        """Return w with its vectors scaled."""
        norms = _norms(w, self.axis)
        desired = ops.clip(norms, float(self.min_value), float(self.max_value))
        if self.rate != 1:
            desired = self.rate * desired + (1.0 - self.rate) * norms
        return ops.multiply(w, desired / (norms + epsilon()))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            "min_value": self.min_value,
            "max_value": self.max_value,
            "rate": self.rate,
            "axis": self.axis,
        }


def _norms(w: Tensor, axis: Axis) -> Tensor:
    return op("Sqrt", ops.sum(ops.square(w), axis, keepdims=True))


CONSTRAINTS: Registry[type[Constraint]] = Registry("constraint")

max_norm = CONSTRAINTS.register(MaxNorm, "max_norm", "maxnorm")
non_neg = CONSTRAINTS.register(NonNeg, "non_neg", "nonneg")
unit_norm = CONSTRAINTS.register(UnitNorm, "unit_norm", "unitnorm")
min_max_norm = CONSTRAINTS.register(MinMaxNorm, "min_max_norm")
maxnorm, nonneg, unitnorm = max_norm, non_neg, unit_norm


def serialize(constraint: Any) -> Any:
    """Return a constraint as files hold it."""
    return CONSTRAINTS.serialize(constraint)


def deserialize(config: Any, custom_objects: CustomObjects = None) -> Any:
    """Make the constraint that a name or configuration describes.

    Raises:
        ValueError: the name is unknown, or the arguments do not fit.
    """
    return CONSTRAINTS.deserialize(config, custom_objects)


def get(identifier: Any) -> Callable[[Tensor], Tensor] | None:
    """Return the constraint that a name, configuration or object stands for; None: none.

    Raises:
        ValueError: the name is unknown, or it is nothing of the kind.

    Example:
        >>> get("max_norm").get_config()
        {'max_value': 2, 'axis': 0}
    """
    return None if identifier is None else CONSTRAINTS.get(identifier)
