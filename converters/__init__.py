"""Between files and models: HDF5 of Keras 2, and ONNX."""

from konnx.converters.errors import FileFormatError
from konnx.converters.keras_hdf5 import load_model, load_weights, save_model, save_weights
from konnx.converters.onnx_export import export_onnx, to_onnx

__all__ = [
    "FileFormatError",
    "export_onnx",
    "load_model",
    "load_weights",
    "save_model",
    "save_weights",
    "to_onnx",
]
