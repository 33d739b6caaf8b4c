"""Texts: by operators of ONNX' domain for machine learning."""

from __future__ import annotations

from collections.abc import Sequence

from konnx.graph import Tensor
from konnx.graph.tensor import Node
from konnx.graph.types import TensorType

DOMAIN = "ai.onnx.ml"


def label_encoder(
    x: Tensor, classes: Sequence[str], default_int64: int = -1, default_string: str = "_Unused"
) -> Tensor:
    """The place of each text in a list of them; or, of whole numbers, the text at each place.

    Args:
        x: texts, or int64.
        classes: the texts.
        default_int64: the place of other texts.
        default_string: the text at other places.
    """
    attributes = {
        "classes_strings": list(classes),
        "default_int64": default_int64,
        "default_string": default_string,
    }
    type_ = TensorType("int64" if x.dtype == "string" else "string", x.dims)
    return Node("LabelEncoder", (x,), attributes, [type_], domain=DOMAIN).outputs[0]
