"""From sequences and texts to arrays that models take."""

from __future__ import annotations

from konnx.preprocessing import sequence, text

__all__ = ["sequence", "text"]
