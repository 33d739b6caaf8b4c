"""The operations that files may name, with their parameters and what computes them."""

from __future__ import annotations

from konnx.layers.operation.keras_ops import KERAS
from konnx.layers.operation.parameters import Symbol, Table
from konnx.layers.operation.tensorflow import TENSORFLOW
from konnx.utils.naming import did_you_mean

SYMBOLS: Table = {**TENSORFLOW, **KERAS}
"""By symbol. Those of TensorFlow are its public names after "tf.", and the operators of a graph
after "tf.raw_ops."; those of Keras 3 are the classes of its operations after "keras.ops."."""


def find_symbol(symbol: str, layer_name: str) -> Symbol:
    """Return what a symbol stands for.

    Raises:
        ValueError: the table does not have it; names the layer and symbols like it.
    """
    if symbol not in SYMBOLS:
        raise ValueError(
            f"`Operation` '{layer_name}': the operation '{str(symbol)[:100]}' is not supported."
            f"{did_you_mean(str(symbol)[:100], list(SYMBOLS))} docs/operations.md lists those that "
            "are; write a layer of your own in its place."
        )
    return SYMBOLS[symbol]
