"""Models to ONNX files for inference, as deployment needs them."""

from konnx.converters.onnx_export.model import export_onnx, to_onnx
from konnx.converters.onnx_export.options import ExportOptions
from konnx.converters.onnx_export.triton import export_triton

__all__ = ["ExportOptions", "export_onnx", "export_triton", "to_onnx"]
