"""From images, sequences and texts to arrays that models take."""

from __future__ import annotations

from konnx.preprocessing import image, sequence, text

__all__ = ["image", "sequence", "text"]
