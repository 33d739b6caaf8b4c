"""konnx: the Keras API where every model is an ONNX graph.

Families are modules, as in Keras: `konnx.layers`, `konnx.models`, `konnx.optimizers`, … Each is
imported when it is first used, and ONNX Runtime only when something is computed.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from konnx import (
        activations,
        applications,
        autodiff,
        backend,
        callbacks,
        constraints,
        converters,
        datasets,
        distributed,
        graph,
        initializers,
        layers,
        losses,
        metrics,
        models,
        ops,
        optimizers,
        preprocessing,
        regularizers,
        runtime,
        utils,
        wrappers,
    )
    from konnx.layers import Input
    from konnx.models import Model, Sequential, load_model

_NAMES = {
    "Input": "konnx.layers",
    "Model": "konnx.models",
    "Sequential": "konnx.models",
    "load_model": "konnx.models",
}

__all__ = [
    "Input",
    "Model",
    "Sequential",
    "activations",
    "applications",
    "autodiff",
    "backend",
    "callbacks",
    "constraints",
    "converters",
    "datasets",
    "distributed",
    "graph",
    "initializers",
    "layers",
    "load_model",
    "losses",
    "metrics",
    "models",
    "ops",
    "optimizers",
    "preprocessing",
    "regularizers",
    "runtime",
    "utils",
    "wrappers",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return import_module("importlib.metadata").version("konnx")
    if name in _NAMES:
        return getattr(import_module(_NAMES[name]), name)
    if name in __all__:
        return import_module(f"konnx.{name}")
    raise AttributeError(f"module 'konnx' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
