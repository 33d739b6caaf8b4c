"""The dtype in which a model computes: later Keras versions cast what comes into a layer."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

from konnx.converters.configs.walk import in_every_depth
from konnx.models.conversion import Conversion

Config = dict[str, Any]

_MIXED = {"mixed_float16": "float32", "mixed_bfloat16": "float32"}
_FLOATS = frozenset({"bfloat16", "float16", "float32", "float64", *_MIXED})
_INPUT = "InputLayer"
_KEPT = frozenset({"Operation", "TFOpLambda", "TensorFlowOpLayer"})

_WHY_MIXED = "the weights are of float32, and so are the results, which are more exact"
_WHY_FLOAT32 = "ONNX Runtime lacks kernels of it, and inputs would have to be cast"


def with_one_dtype(config: Mapping[str, Any], report: list[Conversion]) -> Any:
    """Return a config of which all layers compute in one dtype of floats, and inputs have it, too.

    It is float64 if all layers are of it, or else float32; where the file asks for another one,
    this is warned about. Mixed precision is float32 with a note: its weights are.

    Args:
        config: in the form of Keras 2; it is not changed.
        report: what was converted is added to it.
    """
    found: dict[str, str] = {}  # by layer

    def note(value: Config) -> Config:
        if value.get("class_name") != _INPUT and _policy(value) is not None:
            found[value["config"]["name"]] = str(_policy(value))
        return value

    in_every_depth(config, note)
    names = set(found.values())
    target = "float64" if names == {"float64"} else "float32"
    report += [
        Conversion(layer, f"dtype {name} to float32", _WHY_FLOAT32)
        for layer, name in found.items()
        if name not in (target, *_MIXED)
    ]
    report += [
        Conversion(_name(config), f"{name} to float32", _WHY_MIXED)
        for name in _MIXED
        if name in names
    ]
    _warn_of(names - {"float32", target, *_MIXED})
    return in_every_depth(config, lambda value: _in_dtype(value, target))


def _name(config: Mapping[str, Any]) -> str:
    arguments = config.get("config")
    return str(arguments.get("name")) if isinstance(arguments, Mapping) else "the model"


def _warn_of(names: set[str]) -> None:
    if names:
        warnings.warn(
            f"The model computes in {' and '.join(sorted(names))} in Keras; here its layers "
            "compute in float32.",
            UserWarning,
            stacklevel=2,
        )


def _in_dtype(value: Config, target: str) -> Config:
    if _policy(value) is None:
        return value
    return {**value, "config": {**value["config"], "dtype": target}}


def _policy(value: Mapping[str, Any]) -> str | None:
    """The dtype of floats, or the policy, of a layer's config; None: it is none, or has none."""
    config = value.get("config")
    if not isinstance(config, Mapping) or not isinstance(config.get("name"), str):
        return None
    if not isinstance(value.get("class_name"), str) or value["class_name"] in _KEPT:
        return None
    dtype = config.get("dtype")
    policy = dtype.get("config") if isinstance(dtype, Mapping) else None
    if isinstance(policy, Mapping):
        dtype = policy.get("name") or policy.get("source_name")
    return dtype if isinstance(dtype, str) and dtype in _FLOATS else None
