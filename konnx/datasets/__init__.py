"""Small data sets that come with konnx; nothing is downloaded."""

from __future__ import annotations

from konnx.datasets import digits

__all__ = ["digits"]
