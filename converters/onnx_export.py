"""Models to ONNX files for inference."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from typing import TYPE_CHECKING

import onnx
from onnx import helper

from konnx.function import draws_random_numbers
from konnx.graph import OPSET, Tensor, emit_resolved
from konnx.graph.emit import IR_VERSION
from konnx.training.predictor import inference_graph
from konnx.utils.files import atomic_path

if TYPE_CHECKING:
    from konnx.models import Model

_OLDEST_OPSET = 13


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
    proto = _in_opset(proto, OPSET if opset is None else opset)
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


def _in_opset(proto: onnx.ModelProto, opset: int) -> onnx.ModelProto:
    """Return a model in an opset, having passed onnx' checker."""
    if opset == OPSET:
        onnx.checker.check_model(proto, full_check=True)
        return proto
    newest = onnx.defs.onnx_opset_version()
    if not _OLDEST_OPSET <= opset <= newest:
        raise ValueError(
            f"`opset` must lie between {_OLDEST_OPSET} and {newest}, the newest that the "
            f"installed onnx {onnx.__version__} knows. Received: opset={opset}"
        )
    from onnx import version_converter  # slow to import

    _check_bodies(proto, opset)
    try:
        converted = version_converter.convert_version(proto, opset)
        converted.ir_version = _ir_version_for(opset)
        onnx.checker.check_model(converted, full_check=True)
    except Exception as error:  # RuntimeError or ConvertError; the checker's own, if it is wrong
        reason = str(error).strip().splitlines()[-1].rpartition("failed: ")[2]
        raise ValueError(
            f"The model cannot be written in opset {opset}: {reason}. Use opset={OPSET}."
        ) from error
    return converted


def _check_bodies(proto: onnx.ModelProto, opset: int) -> None:
    """Refuse what onnx' version converter would leave as it is: the bodies of loops and branches.

    Raises:
        ValueError: an operator within one has another form in that opset.
    """
    for node in _nodes_in_bodies(proto.graph.node):
        if not node.domain and not _has_same_form(node, opset):
            raise ValueError(
                f"The model cannot be written in opset {opset}: {node.op_type} '{node.name}', in "
                f"the body of a loop or a branch, has another form there. Use opset={OPSET}."
            )


def _has_same_form(node: onnx.NodeProto, opset: int) -> bool:
    """Tell whether a node means in another opset what it means in konnx' own."""
    try:
        ours, other = (onnx.defs.get_schema(node.op_type, one, "") for one in (OPSET, opset))
    except onnx.defs.SchemaError:
        return False
    count = len(node.input)
    inputs = [[(one.name, one.option) for one in s.inputs[:count]] for s in (ours, other)]
    given = {attribute.name for attribute in node.attribute}
    defaults = [
        {name: one.default_value.SerializeToString() for name, one in s.attributes.items()}
        for s in (ours, other)
    ]
    left = [{k: v for k, v in one.items() if v and k not in given} for one in defaults]
    return inputs[0] == inputs[1] and given <= defaults[1].keys() and left[0] == left[1]


def _nodes_in_bodies(nodes: Iterable[onnx.NodeProto]) -> Iterator[onnx.NodeProto]:
    for node in nodes:
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                yield from attribute.g.node
                yield from _nodes_in_bodies(attribute.g.node)


def _ir_version_for(opset: int) -> int:
    """The oldest IR version that carries an opset, but no newer than onnx itself knows."""
    needed = helper.OP_SET_ID_VERSION_MAP.get(("ai.onnx", opset), IR_VERSION)
    return int(needed)
