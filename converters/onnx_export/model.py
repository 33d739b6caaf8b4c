"""Models to ONNX for inference: in memory, and as files that appear whole or not at all."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import onnx

from konnx.converters.onnx_export.external import write_model
from konnx.converters.onnx_export.half import in_float16
from konnx.converters.onnx_export.interface import Interface, inference_interface
from konnx.converters.onnx_export.metadata import add_metadata
from konnx.converters.onnx_export.opsets import in_opset
from konnx.converters.onnx_export.options import ExportOptions
from konnx.graph import OPSET, emit_resolved
from konnx.graph.passes import optimize

if TYPE_CHECKING:
    from konnx.models import Model

# From here on, memory is worth a walk over all objects of the process, which takes 0.05 s and more.
_MANY_WEIGHTS = 5_000_000


def to_onnx(model: Model, *, source: str = "", **options: Any) -> onnx.ModelProto:
    """Return a model as ONNX for inference, checked.

    Args:
        model: a built model.
        source: where the model comes from, for the metadata.
        options: those of `ExportOptions`, which says what they mean.

    Raises:
        ValueError: an option does not fit the model, or the model cannot be written in the opset.

    Example:
        >>> from konnx.layers import Dense
        >>> from konnx.models import Sequential
        >>> model = Sequential([Dense(2, input_shape=(3,), name="dense")])
        >>> to_onnx(model, opset=13, batch=1).graph.output[0].name
        'dense'
    """
    return _made(model, ExportOptions(**options), source)


def _made(model: Model, options: ExportOptions, source: str) -> onnx.ModelProto:
    model.check_built("be exported")
    found = inference_interface(model, options)
    if options.float16:
        found = _simplified(in_float16(found))
    if model.count_params() >= _MANY_WEIGHTS:
        gc.collect()  # nodes and tensors hold each other, those of before the passes all weights
    proto = emit_resolved(found.inputs, found.outputs, freeze=True, name=model.name).model
    proto = in_opset(proto, OPSET if options.opset is None else options.opset)
    if options.quantize is not None:
        from konnx.converters.onnx_export.quantization import quantized

        proto = quantized(proto, options.quantize, options.calibration)
    add_metadata(proto, options, source or f"konnx model '{model.name}'")
    return proto


def _simplified(found: Interface) -> Interface:
    outputs = optimize(list(found.outputs.values()))
    return Interface(found.inputs, dict(zip(found.outputs, outputs, strict=True)))


def export_onnx(
    model: Model,
    filepath: str | os.PathLike[str],
    *,
    overwrite: bool = True,
    source: str = "",
    check: Callable[[onnx.ModelProto], None] | None = None,
    **options: Any,
) -> onnx.ModelProto:
    """Write a model to an ONNX file for inference, and return what was written.

    The file appears whole or not at all; see `Model.export` and `ExportOptions`. Weights that go
    into a second file are not part of what is returned. `check` is given the finished model; what
    it raises ends the export before anything is written.
    """
    asked = ExportOptions(**options)
    proto = _made(model, asked, source)
    if check is not None:
        check(proto)
    write_model(proto, filepath, external_data=asked.external_data, overwrite=overwrite)
    return proto
