"""Writing a model of konnx' own opset in another one.

Between 13 and the newest opset most operators mean the same, and newer opsets only add types and
attributes with neutral defaults: such nodes stay as they are. What konnx emits and what older
opsets spell otherwise is rewritten by a rule for its operator; all else is refused by name.
Bodies of loops and branches are treated alike.
"""

from __future__ import annotations

from functools import lru_cache

import onnx
from onnx import defs, helper

from konnx.converters.onnx_export.checking import check_model
from konnx.converters.onnx_export.older_forms import RULES, Place, UnspellableError
from konnx.graph import OPSET
from konnx.graph.emit import IR_VERSION
from konnx.graph.inline import all_graphs, all_nodes
from konnx.graph.protos import read_graphs

OLDEST_OPSET = 13


def in_opset(model: onnx.ModelProto, opset: int) -> onnx.ModelProto:
    """Return a model in an opset, having passed onnx' checker; the given one is not changed.

    Args:
        model: in konnx' own opset, as `emit` writes it.
        opset: from 13 to the newest that the installed onnx knows.

    Raises:
        ValueError: there is no such opset, or an operator has no form in it.
    """
    newest = defs.onnx_opset_version()
    if not OLDEST_OPSET <= opset <= newest:
        raise ValueError(
            f"`opset` must lie between {OLDEST_OPSET} and {newest}, the newest that the "
            f"installed onnx {onnx.__version__} knows. Received: opset={opset}"
        )
    if opset != OPSET:
        model = _rewritten(model, opset)
    try:
        check_model(model)
    except Exception as error:  # ValidationError or InferenceError, which share no better base
        if opset == OPSET:
            raise
        reason = (str(error).strip().splitlines() or [""])[-1]
        raise _refusal(opset, reason) from error
    return model


def _refusal(opset: int, reason: str) -> ValueError:
    return ValueError(
        f"The model cannot be written in opset {opset}: {reason.rstrip('.')}. Use opset={OPSET}."
    )


def _rewritten(model: onnx.ModelProto, opset: int) -> onnx.ModelProto:
    result = onnx.ModelProto()
    result.CopyFrom(model)
    result.ir_version = _ir_version_for(opset)
    for entry in result.opset_import:
        if not entry.domain:
            entry.version = opset
    try:
        # Newer opsets have no rules, which are all that asks for ranks.
        ranks = _ranks(model) if opset < OPSET else {}
        _rewrite_graph(result.graph, Place(ranks), opset)
    except UnspellableError as error:
        raise _refusal(opset, str(error)) from error
    return result


def _ir_version_for(opset: int) -> int:
    """The oldest IR version that carries an opset, and no older than what konnx uses."""
    needed = helper.OP_SET_ID_VERSION_MAP.get(("ai.onnx", opset), IR_VERSION)
    return int(needed)


def _ranks(model: onnx.ModelProto) -> dict[str, int]:
    """The number of axes of every tensor that inference knows; names are unique throughout."""
    inferred = onnx.shape_inference.infer_shapes(model, data_prop=True).graph
    return {
        value.name: len(value.type.tensor_type.shape.dim)
        for graph in all_graphs(inferred)
        for value in (*graph.input, *graph.value_info, *graph.output)
        if value.type.tensor_type.HasField("shape")
    } | {tensor.name: len(tensor.dims) for g in all_graphs(inferred) for tensor in g.initializer}


def _rewrite_graph(graph: onnx.GraphProto, outer: Place, opset: int) -> None:
    place = outer.within(graph)
    nodes: list[onnx.NodeProto] = []
    for node in graph.node:
        for body in read_graphs(node).values():
            _rewrite_graph(body, place, opset)
        nodes += [node] if _keeps_form(node, opset) else _older(node, place, opset)
    del graph.node[:]
    graph.node.extend(nodes)
    graph.initializer.extend(place.made)
    _drop_unused(graph)


def _older(node: onnx.NodeProto, place: Place, opset: int) -> list[onnx.NodeProto]:
    """A node in the words of an older opset."""
    rule = RULES.get(node.op_type)
    where = f"{node.op_type} '{node.name}'"
    if rule is None or opset > OPSET:
        raise UnspellableError(f"{where} has another form there")
    try:
        return rule(node, place)
    except UnspellableError as error:
        raise UnspellableError(f"{where} {error}") from error


def _drop_unused(graph: onnx.GraphProto) -> None:
    """Remove the constants that only the newer forms read."""
    read = {name for node in all_nodes(graph.node) for name in node.input}
    read |= {value.name for one in all_graphs(graph) for value in one.output}
    kept = [tensor for tensor in graph.initializer if tensor.name in read]
    if len(kept) < len(graph.initializer):
        del graph.initializer[:]
        graph.initializer.extend(kept)


def _keeps_form(node: onnx.NodeProto, opset: int) -> bool:
    """Tell whether a node means in another opset what it means in konnx' own."""
    if node.domain:
        return True
    given = frozenset(attribute.name for attribute in node.attribute)
    return _has_same_form(node.op_type, opset, len(node.input), given)


@lru_cache(maxsize=2048)
def _has_same_form(op_type: str, opset: int, inputs: int, given: frozenset[str]) -> bool:
    """Tell whether inputs are the same, given attributes known, and other defaults kept.

    An attribute that only one of the two opsets has is neutral by default in the other.
    """
    try:
        ours, other = (defs.get_schema(op_type, one, "") for one in (OPSET, opset))
    except defs.SchemaError:
        return False
    names = [[one.name for one in schema.inputs[:inputs]] for schema in (ours, other)]
    if names[0] != names[1] or not given <= other.attributes.keys():
        return False
    common = ours.attributes.keys() & other.attributes.keys() - given
    return all(_default(ours, name) == _default(other, name) for name in common)


def _default(schema: defs.OpSchema, name: str) -> bytes:
    value: bytes = schema.attributes[name].default_value.SerializeToString()
    return value
