"""Regularizers: penalties on weights or outputs that join the loss."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from konnx import ops
from konnx.graph import Tensor
from konnx.utils.registry import CustomObjects, Registry

REGULARIZERS: Registry[Callable[..., Any]] = Registry("regularizer")


class Regularizer:
    """A function from a tensor to a scalar penalty; derive your own from it.

    The base class penalises nothing.
    """

    def __call__(self, x: Tensor) -> Tensor:
        """Return the penalty, a scalar of the dtype of x."""
        return ops.scalar(0.0, x)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Regularizer:
        """Make a regularizer from what `get_config` returned."""
        return cls(**config)


@REGULARIZERS.register
class L1L2(Regularizer):
    """l1 * sum(|x|) + l2 * sum(x * x).

    Args:
        l1: the factor of the absolute values, 0 or more.
        l2: the factor of the squares, 0 or more.

    Raises:
        ValueError: a factor is not a finite number.

    Example:
        >>> L1L2(l2=0.01).get_config()
        {'l1': 0.0, 'l2': 0.01}
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0) -> None:
        self.l1 = _factor("l1", l1)
        self.l2 = _factor("l2", l2)

    def __call__(self, x: Tensor) -> Tensor:
        """Return the penalty, a scalar of the dtype of x."""
        terms = []
        if self.l1:
            terms.append(self.l1 * ops.sum(ops.abs(x)))
        if self.l2:
            terms.append(self.l2 * ops.sum(ops.square(x)))
        if not terms:
            return super().__call__(x)
        return terms[0] if len(terms) == 1 else ops.add(*terms)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"l1": self.l1, "l2": self.l2}


def _factor(name: str, value: float) -> float:
    number = float(value)
    if not abs(number) < float("inf"):
        raise ValueError(f"`L1L2`: `{name}` must be a finite number. Received: {name}={value!r}")
    return number


@REGULARIZERS.register
def l1(l: float = 0.01) -> L1L2:  # noqa: E741  # Keras' name for it
    """Return the regularizer l * sum(|x|)."""
    return L1L2(l1=l)


@REGULARIZERS.register
def l2(l: float = 0.01) -> L1L2:  # noqa: E741  # Keras' name for it
    """Return the regularizer l * sum(x * x)."""
    return L1L2(l2=l)


@REGULARIZERS.register
def l1_l2(l1: float = 0.01, l2: float = 0.01) -> L1L2:
    """Return the regularizer l1 * sum(|x|) + l2 * sum(x * x)."""
    return L1L2(l1=l1, l2=l2)


def _l1_class(l1: float = 0.01) -> L1L2:
    return L1L2(l1=l1)


def _l2_class(l2: float = 0.01) -> L1L2:
    return L1L2(l2=l2)


# The files of tf.keras name classes of their own, with other arguments than the functions above.
REGULARIZERS.register(_l1_class, name="L1")
REGULARIZERS.register(_l2_class, name="L2")


def serialize(regularizer: Any) -> Any:
    """Return a regularizer as files hold it."""
    return REGULARIZERS.serialize(regularizer)


def deserialize(config: Any, custom_objects: CustomObjects = None) -> Any:
    """Make the regularizer that a name or configuration describes.

    Raises:
        ValueError: the name is unknown, or the arguments do not fit.
    """
    return REGULARIZERS.deserialize(config, custom_objects)


def get(identifier: Any) -> Callable[[Tensor], Tensor] | None:
    """Return the regularizer that a name, configuration or object stands for; None: none.

    Raises:
        ValueError: the name is unknown, or it is nothing of the kind.

    Example:
        >>> get("l2").get_config()
        {'l1': 0.0, 'l2': 0.01}
    """
    return None if identifier is None else REGULARIZERS.get(identifier)
