"""Words in configs that mean something else in Keras 3 than in Keras 2."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

from konnx.models.conversion import Conversion

OWN_ACTIVATIONS = {"hard_sigmoid": "hard_sigmoid_v3"}
"""Activations that are other functions in Keras 3 than in Keras 2, and what konnx calls them."""

_OTHER_DTYPES = frozenset({"bfloat16", "float16", "float64"})
"""Dtypes that Keras 3 casts the inputs of a layer to; ONNX Runtime lacks many kernels of them."""

_WHY_FLOAT32 = "ONNX Runtime lacks kernels of it, and inputs would have to be cast"
_KEEP_DTYPE = frozenset({"InputLayer", "Operation"})


def in_own_words(config: Any, report: list[Conversion]) -> Any:
    """Return a config of Keras 3 with what konnx has for words that only Keras 3 means so.

    Layers compute in float32 where the file asks for another dtype of floats; this is warned about.

    Args:
        config: otherwise in the form of Keras 2; it is not changed.
        report: what was converted is added to it.
    """
    made: list[Conversion] = []
    found = _converted(config, made)
    report += made
    dtypes = {one.what.split()[1] for one in made if one.what.startswith("dtype ")}
    if dtypes:
        warnings.warn(
            f"The model computes in {' and '.join(sorted(dtypes))} in Keras; here its layers "
            "compute in float32.",
            UserWarning,
            stacklevel=2,
        )
    return found


def _converted(value: Any, report: list[Conversion], class_name: Any = None) -> Any:
    if isinstance(value, list):
        return [_converted(item, report) for item in value]
    if not isinstance(value, Mapping):
        return value
    return {key: _item(value, key, report, class_name) for key in value}


def _item(value: Mapping[str, Any], key: str, report: list[Conversion], class_name: Any) -> Any:
    item, layer = value[key], str(value.get("name"))
    if key.endswith("activation") and isinstance(item, str) and item in OWN_ACTIVATIONS:
        own = OWN_ACTIVATIONS[item]
        report.append(Conversion(layer, f"{key} {item} to {own}", "Keras 3 means another function"))
        return own
    if key == "dtype" and class_name not in _KEEP_DTYPE:
        name = _policy(item)
        if name in _OTHER_DTYPES:
            report.append(Conversion(layer, f"dtype {name} to float32", _WHY_FLOAT32))
            return "float32"
    return _converted(item, report, value.get("class_name") if key == "config" else class_name)


def _policy(dtype: Any) -> Any:
    """The name of a dtype, of which a policy may be made."""
    config = dtype.get("config") if isinstance(dtype, Mapping) else None
    name = config.get("name") if isinstance(config, Mapping) else dtype
    return name if isinstance(name, str) else None
