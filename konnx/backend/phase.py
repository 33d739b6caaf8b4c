"""What differs between training and inference."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from konnx import config, ops
from konnx.backend.control import switch
from konnx.graph import Tensor


def learning_phase() -> Any:
    """Return the learning phase: a bool tensor, or 0 or 1 where `set_learning_phase` fixed it.

    As an input of a function it takes 1 (or True) for training and 0 for inference; a function that
    does not list it computes inference.

    Example:
        >>> from konnx import backend as K
        >>> x = K.placeholder((2,))
        >>> f = K.function([x, K.learning_phase()], [K.in_train_phase(x * 10.0, x)])
        >>> f([[1, 2], 1])[0].tolist(), f([[1, 2], 0])[0].tolist()
        ([10.0, 20.0], [1.0, 2.0])
    """
    fixed = config.fixed_learning_phase()
    return ops.LEARNING_PHASE if fixed is None else int(fixed)


def set_learning_phase(value: int) -> None:
    """Build everything from now on, layers included, for training (1) or inference (0) alone.

    `clear_session` takes this back.

    Raises:
        ValueError: the value is neither 0 nor 1.
    """
    if value not in (0, 1):
        raise ValueError(f"Expected the learning phase to be 0 or 1. Received: value={value!r}")
    config.set_learning_phase(value)


def in_train_phase(x: Any, alt: Any, training: Any = None) -> Tensor:
    """Return x in training and `alt` otherwise.

    Args:
        x: a tensor, or a function that makes it.
        alt: likewise, of the same shape.
        training: True, False, 1 or 0, which decide now; `learning_phase()`, which is the default;
            or a scalar tensor, by which each run chooses one and computes only that.
    """
    training = learning_phase() if training is None else training
    if not isinstance(training, Tensor):
        return _made(x if training else alt)
    if training is ops.LEARNING_PHASE:
        return ops.in_train_phase(_made(x), _made(alt))
    return ops.as_tensor(switch(training, x, alt))


def in_test_phase(x: Any, alt: Any, training: Any = None) -> Tensor:
    """Return x in inference and `alt` in training; arguments as of `in_train_phase`."""
    return in_train_phase(alt, x, training=training)


def _made(side: Tensor | Callable[[], Tensor]) -> Tensor:
    return ops.as_tensor(side if isinstance(side, Tensor) or not callable(side) else side())
