"""Bringing the operators of a file to opset 18."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import onnx
from onnx import defs

from konnx.converters.onnx_import.calls import Call, first_output
from konnx.converters.onnx_import.functions import expand
from konnx.converters.onnx_import.microsoft import MICROSOFT, RUNTIME_ONLY
from konnx.converters.onnx_import.new_forms import NEW_FORMS
from konnx.converters.onnx_import.old_forms import OLD_FORMS
from konnx.converters.onnx_import.sizes import Sizes
from konnx.graph import OPSET, Node, Tensor, name_scope, op
from konnx.graph.load import is_standard
from konnx.graph.operators import infer_types
from konnx.graph.protos import (
    ONNX_DOMAINS,
    constant_array,
    constant_of,
    read_attribute,
    read_attributes,
)
from konnx.graph.types import OMITTED


class Operators:
    """Translates nodes of one operator set version; given to `konnx.graph.load`.

    Args:
        version: of the operator set.
        keep_batch_normalization: leave it one operator, for a layer to take its place.
    """

    def __init__(self, version: int, *, keep_batch_normalization: bool = False) -> None:
        self._version = version
        self._keep = keep_batch_normalization
        self._sizes = Sizes()

    def __call__(
        self,
        node: onnx.NodeProto,
        inputs: Sequence[Tensor | None],
        attributes: Mapping[str, Any],
    ) -> Sequence[Tensor]:
        """Return what stands for a node."""
        call = Call(node, inputs, dict(attributes), self._version)
        with name_scope(node.name.strip("/") or first_output(node)):
            outputs = self._sizes.simplify(call) or self._translate(call)
            return self._sizes.note(call, self._as_is(call) if outputs is None else outputs)

    def _translate(self, call: Call) -> Sequence[Tensor] | None:
        if call.node.domain not in ONNX_DOMAINS:
            translate = MICROSOFT.get(call.node.op_type)
            return None if translate is None else translate(call)
        if self._keep and call.node.op_type == "BatchNormalization":
            numbers = {key: call.get(key) for key in ("epsilon", "momentum")}
            return [op("BatchNormalization", *call.inputs, **numbers)]
        for table in (OLD_FORMS, NEW_FORMS, RUNTIME_ONLY):
            translate = table.get(call.node.op_type)
            outputs = None if translate is None else translate(call)
            if outputs is not None:
                return outputs
        if not is_standard(call.node):
            return expand(call, self._inner)
        return None

    def _as_is(self, call: Call) -> Sequence[Tensor]:
        """The operator with the attributes that opset 18 knows, and that say what is no default.

        Others have no effect, as `refusals` has seen to.
        """
        known = defs.get_schema(call.node.op_type, OPSET, "").attributes
        attributes = {
            key: value
            for key, value in call.attributes.items()
            if key in known and value != _default(known[key])
        }
        inputs = list(call.inputs)
        types = infer_types(call.node.op_type, inputs, attributes, call.outputs)
        named = zip(call.node.output, types, strict=False)
        types = [type_ if name else OMITTED for name, type_ in named]
        return Node(call.node.op_type, inputs, attributes, types).outputs

    def _inner(
        self, node: onnx.NodeProto, inputs: Sequence[Tensor | None], version: int
    ) -> Sequence[Tensor]:
        """Make a node of the function that stands for an operator."""
        if node.op_type == "Constant":
            return [constant_of(constant_array(node), node.output[0])]
        call = Call(node, inputs, read_attributes(node), version)
        outputs = self._sizes.simplify(call) or self._translate(call)
        return self._sizes.note(call, self._as_is(call) if outputs is None else outputs)


def _default(attribute: defs.OpSchema.Attribute) -> Any:
    value = attribute.default_value
    return _NOTHING if not value.name else read_attribute(value)


_NOTHING = object()
