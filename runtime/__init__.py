"""Executes ONNX models on ONNX Runtime, which is imported only when something is computed."""

from __future__ import annotations

from konnx.runtime.blocking import channel_block
from konnx.runtime.devices import Device, count_gpus, resolve_device, set_default_device
from konnx.runtime.diagnosis import Diagnosis, Problem, diagnose
from konnx.runtime.errors import DeviceError, ExecutionError, RuntimeMissingError
from konnx.runtime.installation import (
    INSTALL_COMMANDS,
    can_differentiate,
    is_available,
    onnxruntime_module,
    training_module,
)
from konnx.runtime.profiling import profile_nodes
from konnx.runtime.program import Program
from konnx.runtime.state import State

__all__ = [
    "INSTALL_COMMANDS",
    "Device",
    "DeviceError",
    "Diagnosis",
    "ExecutionError",
    "Problem",
    "Program",
    "RuntimeMissingError",
    "State",
    "can_differentiate",
    "channel_block",
    "count_gpus",
    "diagnose",
    "is_available",
    "onnxruntime_module",
    "profile_nodes",
    "resolve_device",
    "set_default_device",
    "training_module",
]
