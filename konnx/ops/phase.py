"""What differs between training and inference."""

from __future__ import annotations

from collections.abc import Callable

from konnx import graph
from konnx.config import fixed_learning_phase
from konnx.graph import Tensor, constant

LEARNING_PHASE = graph.in_train_phase(constant(True), constant(False), name="learning_phase")
"""True in training, False in inference; a function that lists it as an input is told which."""


def in_train_phase(
    training: Tensor, inference: Tensor, *, unless: Callable[[], bool] | None = None
) -> Tensor:
    """Make a tensor that is `training` while training and `inference` otherwise.

    Where `konnx.config.set_learning_phase` has fixed the phase, it is that side at once.

    Args:
        training: the value in training.
        inference: the value otherwise, of the same dtype and shape.
        unless: if true, the tensor is `inference` in training too (as for a layer that is frozen);
            asked when a function is emitted.

    Raises:
        ShapeError: the two differ in dtype or known shape.
    """
    fixed = fixed_learning_phase()
    if fixed is None:
        return graph.in_train_phase(training, inference, unless=unless)
    return training if fixed and not (unless and unless()) else inference
