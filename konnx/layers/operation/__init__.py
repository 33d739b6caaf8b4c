"""Operations between layers: what `x + 1` or `tf.reshape(x, ...)` leaves in a file, as a layer.

tf.keras 2.4 to 2.15 write them as `TFOpLambda` and `SlicingOpLambda`, TensorFlow 1.13 to 2.3 as
`TensorFlowOpLayer`, Keras 3 as operations of `keras.src.ops`. Here all of them are `Operation`,
whose symbol a table knows; nothing is imported or evaluated by a name from a file.
"""

from konnx.layers.operation.configs import operand
from konnx.layers.operation.layer import Operation
from konnx.layers.operation.reading import is_operation, operation_from_config
from konnx.layers.operation.table import SYMBOLS

__all__ = ["SYMBOLS", "Operation", "is_operation", "operand", "operation_from_config"]
