"""Between files and models: those of Keras, and ONNX."""

from konnx.converters.errors import FileFormatError
from konnx.converters.keras_files import load_model, load_weights, save_model, save_weights
from konnx.converters.onnx_export import ExportOptions, export_onnx, export_triton, to_onnx
from konnx.converters.onnx_import import from_onnx
from konnx.converters.training_artifacts import export_training_artifacts
from konnx.converters.training_export import export_training, training_graphs
from konnx.converters.training_state import load_training_state

__all__ = [
    "ExportOptions",
    "FileFormatError",
    "export_onnx",
    "export_training",
    "export_training_artifacts",
    "export_triton",
    "from_onnx",
    "load_model",
    "load_training_state",
    "load_weights",
    "save_model",
    "save_weights",
    "to_onnx",
    "training_graphs",
]
