"""Files for TensorBoard, written without TensorFlow."""

from konnx.callbacks.tensorboard.callback import TensorBoard

__all__ = ["TensorBoard"]
