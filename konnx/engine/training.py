"""What Keras 2.1 has in `keras.engine.training`: models."""

from konnx.models import Model

__all__ = ["Model"]
