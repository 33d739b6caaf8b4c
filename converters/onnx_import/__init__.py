"""ONNX files as models that can be trained further."""

from konnx.converters.onnx_import.model import from_onnx

__all__ = ["from_onnx"]
