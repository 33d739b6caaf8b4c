"""Gradients by onnxruntime-training, as tensors of the same expression graph."""

from __future__ import annotations

from collections.abc import Sequence

from konnx import ops
from konnx.autodiff.ort_training.builder import BuilderError, build
from konnx.autodiff.ort_training.segment import Segment
from konnx.autodiff.ort_training.support import UnsupportedError
from konnx.graph import Tensor


def native_gradients(loss: Tensor, wrt: Sequence[Tensor], training: bool) -> list[Tensor | None]:
    """Return what `konnx.autodiff.gradients` does, differentiated by onnxruntime-training.

    Raises:
        RuntimeMissingError: the training build is not installed.
        UnsupportedError: it cannot differentiate the graph.
        BuilderError: it fails on a graph that was thought to be supported.
    """
    one = ops.expand_like(ops.scalar(1, loss), loss)
    found = {loss: one}
    segment = Segment(loss, [tensor for tensor in wrt if tensor is not loss], training)
    if segment.reached:
        found.update(zip(segment.reached, build(segment, one), strict=True))
    return [found.get(tensor) for tensor in wrt]


__all__ = ["BuilderError", "UnsupportedError", "native_gradients"]
