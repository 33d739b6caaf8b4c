"""What all loss functions share: their type, and targets in the dtype of the outputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from konnx import ops
from konnx.graph import Tensor

Loss = Callable[[Any, Tensor], Tensor]


def targets(y_true: Any, y_pred: Tensor) -> Tensor:
    """Return targets of any dtype in that of the outputs."""
    return ops.cast(y_true, y_pred.dtype)
