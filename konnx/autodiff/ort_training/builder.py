"""The gradient builder of onnxruntime-training, used without torch."""

from __future__ import annotations

import re
from collections.abc import Sequence

import onnx
from onnx import helper

from konnx.autodiff.ort_training.segment import Segment
from konnx.autodiff.path import backward_scope
from konnx.graph import Node, Tensor, refine
from konnx.graph.load import load
from konnx.graph.types import TensorType
from konnx.runtime import RuntimeMissingError, training_module

_FATAL = 4


def build(segment: Segment, dy: Tensor) -> list[Tensor]:
    """Return the gradient of a segment's loss for each tensor that it reaches.

    Raises:
        RuntimeMissingError: the training build is not installed.
        BuilderError: the builder refuses the segment.
    """
    loss = segment.name_of(segment.loss)
    names = [segment.name_of(tensor) for tensor in segment.reached]
    try:
        model = _with_gradients(segment.model(), loss, names)
    except RuntimeMissingError:
        raise
    except Exception as error:  # its exceptions share no base class but this one
        raise BuilderError(_explain(error, segment.nodes)) from error
    _name_nodes(model, segment.nodes)
    _declare(model, names, segment)
    same = _bypass_identities(model.graph)
    given = {**segment.tensors, f"{loss}_grad": dy}
    wanted = [same.get(f"{name}_grad", f"{name}_grad") for name in names]
    try:
        values = load(model, given, outputs=wanted, infer=_infer).values
        pairs = zip(segment.reached, wanted, strict=True)
        return [refine(values[name], tensor.dims or ()) for tensor, name in pairs]
    except ValueError as error:
        raise BuilderError(f"this graph: its gradient cannot be read ({error})") from error


class BuilderError(Exception):
    """onnxruntime-training refused a graph that it was expected to differentiate."""


def _with_gradients(model: onnx.ModelProto, loss: str, names: list[str]) -> onnx.ModelProto:
    capi = training_module()
    options = capi.SessionOptions()
    options.log_severity_level = _FATAL  # otherwise a line on stderr for each transformation
    source = model.SerializeToString()
    builder = capi.GradientGraphBuilder(source, {loss}, set(names), "", options)
    builder.build()
    return onnx.load_model_from_string(builder.get_model())


def _explain(error: Exception, nodes: dict[str, Node]) -> str:
    """The end of a message, where its point is, with the nodes' own names."""
    text = " ".join(str(error).split())[-200:]
    return "this graph: " + re.sub(
        r"\bn\d+\b",
        lambda found: f"'{nodes[found[0]].name}'" if found[0] in nodes else found[0],
        text,
    )


def _name_nodes(model: onnx.ModelProto, nodes: dict[str, Node]) -> None:
    """Name gradient nodes after the layer whose gradient they are part of."""
    for proto in model.graph.node:
        node = nodes.get(proto.name.partition("_Grad/")[0])
        scope = "grad" if node is None else backward_scope(node)
        proto.name = f"{scope}/{proto.op_type}"


def _bypass_identities(graph: onnx.GraphProto) -> dict[str, str]:
    """Let users of an Identity take its input; return what to take for each such output.

    ONNX Runtime 1.19 fuses a quotient and a product, and then asks for an Identity between them
    that it has removed itself.
    """
    same: dict[str, str] = {}
    for node in graph.node:
        for place, name in enumerate(node.input):
            node.input[place] = same.get(name, name)
        if node.op_type in ("Identity", "Sum") and len(node.input) == 1:
            same[node.output[0]] = node.input[0]
    return same


def _declare(model: onnx.ModelProto, names: list[str], segment: Segment) -> None:
    """Say that gradients have the types of what they belong to; the seed is an input."""
    loss = segment.loss
    seed = helper.make_value_info(f"{segment.name_of(loss)}_grad", loss.type.proto)
    model.graph.input.append(seed)
    types = {f"{segment.name_of(t)}_grad": t.type.proto for t in segment.reached}
    for value in model.graph.output:
        if value.name in types:
            value.type.CopyFrom(types[value.name])


def _infer(proto: onnx.NodeProto, _: Sequence[Tensor | None]) -> list[TensorType]:
    """The types of what the builder left undeclared; only float32 is differentiated."""
    dtype = "int64" if proto.op_type == "BroadcastGradientArgs" else "float32"
    return [TensorType(dtype, None) for _ in proto.output]
