"""Models to ONNX files for inference, as deployment needs them."""

from konnx.converters.onnx_export.model import export_onnx, to_onnx

__all__ = ["export_onnx", "to_onnx"]
