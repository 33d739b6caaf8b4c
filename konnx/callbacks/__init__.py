"""Callbacks of the fit loop."""

from konnx.callbacks.base import Callback, CallbackList
from konnx.callbacks.standard import BaseLogger, History, ProgbarLogger, TerminateOnNaN

__all__ = [
    "BaseLogger",
    "Callback",
    "CallbackList",
    "History",
    "ProgbarLogger",
    "TerminateOnNaN",
]
