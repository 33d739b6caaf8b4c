"""Saying which operators of a file cannot be brought to opset 18, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import onnx
from onnx import defs, helper

from konnx.converters.errors import printable
from konnx.converters.onnx_import.calls import first_output
from konnx.converters.onnx_import.functions import function_of
from konnx.converters.onnx_import.microsoft import MICROSOFT, RUNTIME_ONLY
from konnx.converters.onnx_import.new_forms import NEW_FORMS
from konnx.converters.onnx_import.old_forms import OLD_FORMS
from konnx.graph import OPSET
from konnx.graph.inline import all_nodes
from konnx.graph.load import is_standard
from konnx.graph.protos import ONNX_DOMAINS


@dataclass
class _Refused:
    count: int = 0
    first: str = ""
    reasons: dict[str, None] = field(default_factory=dict)


def check_operators(graph: onnx.GraphProto, version: int) -> None:
    """Check that every operator can be brought to opset 18.

    Raises:
        ValueError: some cannot; all are listed, with how many there are, where, and why.
    """
    refused: dict[str, _Refused] = {}
    for node in all_nodes(graph.node):
        reason = refusal(node, version)
        if reason:
            domain = "" if node.domain in ONNX_DOMAINS else f"{node.domain}."
            entry = refused.setdefault(printable(domain + node.op_type, 60), _Refused())
            entry.first = entry.first or printable(node.name or first_output(node), 60)
            entry.count += 1
            entry.reasons[reason] = None
    if refused:
        lines = [
            f"{name} ({one.count}, first '{one.first}'): {'; '.join(one.reasons)}"
            for name, one in sorted(refused.items())
        ]
        raise ValueError(f"{len(refused)} operators cannot be read:\n- " + "\n- ".join(lines))


def refusal(node: onnx.NodeProto, version: int) -> str | None:
    """Return why a node cannot be brought to opset 18; None if it can."""
    if node.domain not in ONNX_DOMAINS:
        known = node.domain == "com.microsoft" and node.op_type in MICROSOFT
        return None if known else _why_foreign(node)
    if node.op_type in _REFUSED:
        return _REFUSED[node.op_type]
    if node.op_type in OLD_FORMS or node.op_type in NEW_FORMS:
        return _refused_form(node, version) or _refused_attributes(node, version)
    if node.op_type in RUNTIME_ONLY:
        return None
    if is_standard(node):
        return _refused_form(node, version) or _refused_attributes(node, version)
    if not defs.has(node.op_type):
        return "it is no operator of ONNX"
    if function_of(node.op_type, version) is not None:
        return None
    return f"it came after opset {OPSET}, and ONNX does not define it by older operators"


def _why_foreign(node: onnx.NodeProto) -> str:
    if node.domain == "com.microsoft":
        return (
            "ONNX Runtime's optimizer fused it; take the file from before that, or fuse less "
            "(session option graph_optimization_level = ORT_ENABLE_BASIC)"
        )
    return "its domain is not ONNX' own"


_SEQUENCES = "sequences and optional values are not supported"
_TEXTS = "texts are not supported"
_CONTROL_FLOW = "ONNX defines it with control flow; export with an opset before it"
_REFUSED = {
    **dict.fromkeys(("ConcatFromSequence", "SequenceAt", "SequenceConstruct"), _SEQUENCES),
    **dict.fromkeys(("SequenceEmpty", "SequenceErase", "SequenceInsert"), _SEQUENCES),
    **dict.fromkeys(("SequenceLength", "SequenceMap", "SplitToSequence"), _SEQUENCES),
    **dict.fromkeys(("Optional", "OptionalGetElement", "OptionalHasElement"), _SEQUENCES),
    **dict.fromkeys(("AffineGrid", "LinearAttention"), _CONTROL_FLOW),
    **dict.fromkeys(("StringNormalizer", "TfIdfVectorizer"), _TEXTS),
}


def _refused_form(node: onnx.NodeProto, version: int) -> str | None:
    attributes = {one.name: helper.get_attribute_value(one) for one in node.attribute}
    rule = _FORMS.get(node.op_type)
    return None if rule is None else rule(node, attributes, version)


def _refused_batch_normalization(
    node: onnx.NodeProto, attributes: Mapping[str, Any], version: int
) -> str | None:
    if attributes.get("training_mode") or any(node.output[1:]):
        return "it is in training mode; export the model for inference (model.eval())"
    if version < 9 and not attributes.get("spatial", 1):
        return "statistics of single places (spatial=0) went out of ONNX with opset 9"
    return None


def _refused_resize(
    node: onnx.NodeProto, attributes: Mapping[str, Any], version: int
) -> str | None:
    mode = attributes.get("coordinate_transformation_mode", b"half_pixel")
    if mode in (b"tf_half_pixel_for_nn", b"half_pixel_symmetric"):
        return f"opset {OPSET} has no coordinate_transformation_mode {mode.decode()}"
    return None


def _refused_scan(node: onnx.NodeProto, attributes: Mapping[str, Any], version: int) -> str | None:
    return "Scan of opset 8 takes a batch; export with opset 9 or later" if version < 9 else None


def _refused_average_pool(
    node: onnx.NodeProto, attributes: Mapping[str, Any], version: int
) -> str | None:
    dilated = any(step != 1 for step in attributes.get("dilations", ()))
    return f"average pooling with dilations came after opset {OPSET}" if dilated else None


_FORMS = {
    "AveragePool": _refused_average_pool,
    "BatchNormalization": _refused_batch_normalization,
    "Resize": _refused_resize,
    "Scan": _refused_scan,
}

_TRANSLATED = frozenset({"dilations", "stash_type"})  # as far as they have an effect


def _refused_attributes(node: onnx.NodeProto, version: int) -> str | None:
    """An attribute that came after opset 18, unless it says what had been the rule before."""
    if version <= OPSET or not is_standard(node):
        return None
    known = defs.get_schema(node.op_type, OPSET, "").attributes
    now = defs.get_schema(node.op_type, version, "").attributes
    for attribute in node.attribute:
        if attribute.name in known or attribute.name in _TRANSLATED:
            continue
        default = now[attribute.name].default_value if attribute.name in now else None
        if default is None or _value(attribute) != _value(default):
            return f"its attribute {attribute.name} came after opset {OPSET}"
    return None


def _value(attribute: onnx.AttributeProto) -> Any:
    return helper.get_attribute_value(attribute) if attribute.type else None
