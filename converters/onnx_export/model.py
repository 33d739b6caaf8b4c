"""Models to ONNX files for inference."""

from __future__ import annotations

import os
from importlib.metadata import version
from typing import TYPE_CHECKING

import onnx
from onnx import helper

from konnx.converters.onnx_export.opsets import in_opset
from konnx.function import draws_random_numbers
from konnx.graph import OPSET, Tensor, emit_resolved
from konnx.training.predictor import inference_graph
from konnx.utils.files import atomic_path

if TYPE_CHECKING:
    from konnx.models import Model


def to_onnx(model: Model, *, opset: int | None = None, source: str = "") -> onnx.ModelProto:
    """Return a model as ONNX for inference, checked.

    Args:
        model: a built model.
        opset: of the ONNX operators; default 18.
        source: where the model comes from, for the metadata.

    Raises:
        ValueError: the model cannot be written in that opset.
    """
    model.check_built("be exported")
    inputs = dict(zip(model.input_names, model.inputs, strict=True))
    outputs = dict(zip(model.output_names, _inference_graph(model), strict=True))
    proto = emit_resolved(inputs, outputs, freeze=True, name=model.name).model
    proto = in_opset(proto, OPSET if opset is None else opset)
    proto.producer_version = version("konnx")
    metadata = {"source": source or f"konnx model '{model.name}'", "framework": "keras"}
    helper.set_model_props(proto, metadata)
    return proto


def export_onnx(
    model: Model,
    filepath: str | os.PathLike[str],
    *,
    opset: int | None = None,
    overwrite: bool = True,
    source: str = "",
) -> onnx.ModelProto:
    """Write a model to an ONNX file for inference, and return what was written.

    The file appears whole or not at all; see `Model.export`.
    """
    proto = to_onnx(model, opset=opset, source=source)
    with atomic_path(filepath, overwrite=overwrite) as temporary:
        temporary.write_bytes(proto.SerializeToString(deterministic=True))
    return proto


def _inference_graph(model: Model) -> list[Tensor]:
    outputs = inference_graph(model.outputs)
    if draws_random_numbers(outputs):
        raise ValueError(
            f"Model '{model.name}' draws random numbers in inference, which an exported graph "
            "cannot. Call layers such as Dropout without training=True."
        )
    return outputs
