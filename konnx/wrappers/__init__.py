"""Models as estimators of other libraries."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from konnx.wrappers import scikit_learn

__all__ = ["scikit_learn"]


def __getattr__(name: str) -> Any:
    if name in __all__:  # needs scikit-learn, so only when it is used
        return import_module(f"konnx.wrappers.{name}")
    raise AttributeError(f"module 'konnx.wrappers' has no attribute '{name}'")
