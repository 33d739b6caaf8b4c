"""What Keras 2.1 has in `keras.engine`, by the same names: inputs, layers and models."""

from konnx.layers import Input, InputLayer, InputSpec, Layer
from konnx.models import Model
from konnx.models.topology import get_source_inputs

__all__ = ["Input", "InputLayer", "InputSpec", "Layer", "Model", "get_source_inputs"]
