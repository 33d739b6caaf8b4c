"""Which engine differentiates: konnx' own rules, or the training build of ONNX Runtime."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from konnx import runtime
from konnx.autodiff.ort_training import BuilderError, UnsupportedError, native_gradients
from konnx.graph import Tensor

ENGINES = ("auto", "portable", "onnxruntime-training")

_LOGGER = logging.getLogger(__name__)


def check_engine(engine: str) -> None:
    """Check that there is such an engine, and that it is installed.

    Raises:
        ValueError: there is no such engine.
        RuntimeMissingError: it is not installed; names the commands that install it.
    """
    if engine not in ENGINES:
        raise ValueError(f"The gradient engine must be one of {ENGINES}. Received: {engine!r}")
    if engine == "onnxruntime-training":
        try:
            runtime.training_module()
        except runtime.RuntimeMissingError as error:
            raise runtime.RuntimeMissingError(
                f"The gradient engine 'onnxruntime-training' is not installed. {error} Or use the "
                "engine 'portable'."
            ) from error


def native_or_none(
    loss: Tensor, wrt: Sequence[Tensor], training: bool, engine: str
) -> list[Tensor | None] | None:
    """Return gradients by the training build; None where the portable engine must take them.

    Where the training build is wanted, but cannot differentiate the graph, the log says why.
    """
    if engine == "portable" or not runtime.can_differentiate():
        return None
    try:
        return native_gradients(loss, wrt, training)
    except (UnsupportedError, BuilderError) as error:
        level = logging.INFO if engine == "auto" else logging.WARNING
        message = "Gradients by konnx' portable rules: onnxruntime-training cannot differentiate %s"
        _LOGGER.log(level, message, error)
        return None
