"""Choosing the device that computes."""

from __future__ import annotations

import functools
import itertools
import logging
import os
import re
from dataclasses import dataclass
from typing import Literal

from konnx.runtime import cuda
from konnx.runtime.errors import DeviceError

DEVICE_VARIABLE = "KONNX_DEVICE"

_logger = logging.getLogger("konnx")
_NAME = re.compile(r"(cpu|cuda)(?::(\d+))?")
_default_name = "auto"


@dataclass(frozen=True)
class Device:
    """A place to compute: the CPU, or one CUDA GPU.

    Arguments:
        kind: "cpu" or "cuda".
        index: number of the GPU; 0 for the CPU.

    Raises:
        ValueError: the kind is unknown, or the index cannot be.

    Example:
        >>> str(Device("cuda", 1))
        'cuda:1'
    """

    kind: Literal["cpu", "cuda"]
    index: int = 0

    def __post_init__(self) -> None:
        if self.kind not in ("cpu", "cuda"):
            raise ValueError(f"`Device`: kind must be 'cpu' or 'cuda'. Received: {self.kind!r}.")
        if self.index < 0 or (self.kind == "cpu" and self.index > 0):
            raise ValueError(
                f"`Device`: index must be 0 for the CPU, and 0 or more for a GPU. "
                f"Received: kind={self.kind!r}, index={self.index}."
            )

    @property
    def providers(self) -> list[str | tuple[str, dict[str, str]]]:
        """The execution providers to ask ONNX Runtime for, in order of preference."""
        cpu = "CPUExecutionProvider"
        if self.kind == "cpu":
            return [cpu]
        return [(cuda.PROVIDER, cuda.provider_options(self.index)), cpu]

    def __str__(self) -> str:
        return self.kind if self.kind == "cpu" else f"{self.kind}:{self.index}"


def set_default_device(name: str | Device) -> None:
    """Choose the device of every later program that names none.

    Arguments:
        name: "auto", "cpu", "cuda", "cuda:1", …, or a Device. It is checked when first used.

    Raises:
        ValueError: the name is unknown.

    Example:
        >>> set_default_device("cpu")
        >>> str(resolve_device(None))
        'cpu'
        >>> set_default_device("auto")
    """
    global _default_name
    if str(name) != "auto":
        _parse(str(name), "name")
    _default_name = str(name)


def resolve_device(name: str | Device | None = None) -> Device:
    """Return the device that a name stands for, after checking that it works.

    Arguments:
        name: "cpu"; "cuda" or "cuda:1", which must work; "auto", which takes CUDA where a test
            graph really ran on it and the CPU otherwise, and logs once which and why; or None, the
            default that `set_default_device` chose, "auto" at first. The environment variable
            KONNX_DEVICE, where set, stands in for "auto".

    Raises:
        DeviceError: CUDA was asked for and cannot be used; the message names what is missing.
        ValueError: the name is unknown.
        RuntimeMissingError: no ONNX Runtime is installed.

    Example:
        >>> resolve_device("cpu")
        Device(kind='cpu', index=0)
    """
    wanted, place = str(_default_name if name is None else name), "device"
    if wanted == "auto" and os.environ.get(DEVICE_VARIABLE):
        wanted, place = os.environ[DEVICE_VARIABLE], f"the environment variable {DEVICE_VARIABLE}"
    if wanted == "auto":
        return _best_device()
    device = _parse(wanted, place)
    if device.kind == "cuda":
        _require_cuda(device)
    return device


def count_gpus() -> int:
    """Return how many GPUs can be used, those from 0 on that a test graph ran on.

    Raises:
        RuntimeMissingError: no ONNX Runtime is installed.
    """
    return next(number for number in itertools.count() if cuda.find_cuda_problems(number))


def _parse(name: str, place: str) -> Device:
    match = _NAME.fullmatch(name)
    if match is None or (match[1] == "cpu" and match[2] not in (None, "0")):
        raise ValueError(
            f"{place}: expected 'auto', 'cpu', 'cuda' or 'cuda:N' with the number of a GPU. "
            f"Received: {name!r}."
        )
    return _device(match[1], int(match[2] or 0))


@functools.cache
def _device(kind: Literal["cpu", "cuda"], index: int) -> Device:
    # One object for each device makes the comparison in every step an identity check.
    return Device(kind, index)


def _require_cuda(device: Device) -> None:
    problems = cuda.find_cuda_problems(device.index)
    if problems:
        listed = " ".join(f"Missing: {problem}" for problem in problems)
        raise DeviceError(f"device {str(device)!r} cannot be used. {listed}")


@functools.cache
def _best_device() -> Device:
    problems = cuda.find_cuda_problems(0)
    if not problems:
        _logger.info("konnx computes on cuda:0: a test graph ran there.")
        return _device("cuda", 0)
    # A GPU that lies idle is worth a warning; a machine without one is not.
    level = logging.INFO if cuda.driver_problem(0) else logging.WARNING
    reasons = "; ".join(problem.what for problem in problems)
    _logger.log(level, "konnx computes on the CPU: %s.", reasons)
    return _device("cpu", 0)
