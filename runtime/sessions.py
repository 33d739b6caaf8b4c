"""Making ONNX Runtime sessions, and what a session says of its inputs and outputs."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from konnx.runtime.arrays import DTYPES
from konnx.runtime.cuda import PROVIDER
from konnx.runtime.devices import Device
from konnx.runtime.errors import DeviceError
from konnx.runtime.installation import onnxruntime_module
from konnx.runtime.messages import loading_error

if TYPE_CHECKING:
    from onnx import ModelProto

# onnxruntime ships no type information; this name says what is meant.
Session = Any

THREADS_VARIABLE = "KONNX_THREADS"

_FATAL = 4

# What ONNX Runtime 1.19 fuses in float64 or float16, too, where it has no kernel for the result;
# and the optimizer that does it.
_MISPLACED_FUSIONS = {"FusedMatMul": "MatmulTransposeFusion", "QuickGelu": "QuickGeluFusion"}


@dataclass(frozen=True)
class Port:
    """One input or output of a graph, as its session declares it.

    Arguments:
        name: the name in the graph.
        type: ONNX type, e.g. "tensor(float)".
        shape: sizes; a named or unknown one is a string or None. Empty for scalars and where
            nothing is declared.
    """

    name: str
    type: str
    shape: tuple[int | str | None, ...]

    @property
    def dtype(self) -> np.dtype[Any] | None:
        """The numpy dtype; None for what numpy cannot hold."""
        return DTYPES.get(self.type)

    def accepts(self, shape: tuple[int, ...]) -> bool:
        """Tell whether an array of `shape` agrees with what is declared."""
        if not self.shape:
            return True
        return len(shape) == len(self.shape) and all(
            not isinstance(declared, int) or declared == size
            for declared, size in zip(self.shape, shape, strict=True)
        )

    def __str__(self) -> str:
        return f"{self.dtype or self.type} ({', '.join(str(size) for size in self.shape)})"


def make_session(
    model: ModelProto | bytes | str | os.PathLike[str],
    device: Device,
    threads: int | None,
    *,
    profile: str | None = None,
) -> Session:
    """Load a model into a new session on `device`, with every optimization on.

    Arguments:
        model: the model, its serialized bytes, or the path of a file.
        device: where to compute.
        threads: threads within one op; None: the environment variable KONNX_THREADS says how many,
            or else ONNX Runtime, which takes one for each core.
        profile: how the name of a file begins into which times are written; None: none are taken.

    Raises:
        ExecutionError: ONNX Runtime refuses the model.
        DeviceError: ONNX Runtime did not start the device.
        ValueError: `threads`, or KONNX_THREADS in its place, is not a positive number.
    """
    runtime, source, options = onnxruntime_module(), _source(model), _options(threads)
    if profile is not None:
        options.enable_profiling, options.profile_file_prefix = True, profile
    try:
        session = _start(runtime, source, options, device)
    except Exception as error:  # ONNX Runtime's exceptions share no base class but this one
        raise loading_error(error, device) from error
    if device.kind == "cuda" and PROVIDER not in session.get_providers():
        raise DeviceError(
            f"device {str(device)!r}: ONNX Runtime started {session.get_providers()} instead. "
            "`konnx doctor` tells what CUDA lacks."
        )
    return session


def _start(runtime: Any, source: bytes | str, options: Any, device: Device) -> Session:
    start = partial(
        runtime.InferenceSession, source, options, providers=device.providers, enable_fallback=0
    )
    try:
        return start()
    except Exception as error:
        culprits = [name for op, name in _MISPLACED_FUSIONS.items() if op in str(error)]
        if not culprits:
            raise
        return start(disabled_optimizers=culprits)


def _source(model: ModelProto | bytes | str | os.PathLike[str]) -> bytes | str:
    if isinstance(model, bytes):
        return model
    if isinstance(model, str | os.PathLike):
        return os.fspath(model)
    serialized: bytes = model.SerializeToString()
    return serialized


def _options(threads: int | None) -> Any:
    count = _threads(threads)
    runtime = onnxruntime_module()
    options = runtime.SessionOptions()
    options.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_ENABLE_ALL
    # Every failure reaches the user as an exception; ONNX Runtime would also print it on stderr.
    options.log_severity_level = _FATAL
    if count is not None:
        options.intra_op_num_threads = count
    return options


def _threads(asked: int | None) -> int | None:
    """Return how many threads are asked for, by argument or environment; None: by nobody."""
    if asked is not None:
        if asked < 1:
            raise ValueError(f"`Program`: `threads` must be positive. Received: threads={asked}.")
        return asked
    text = os.environ.get(THREADS_VARIABLE)
    if not text:
        return None
    if not text.isdecimal() or int(text) < 1:
        raise ValueError(
            f"the environment variable {THREADS_VARIABLE}: expected a positive number of threads. "
            f"Received: {text!r}."
        )
    return int(text)


def input_ports(session: Session) -> dict[str, Port]:
    """Return the inputs that a run must be given, by name."""
    return _ports(session.get_inputs())


def optional_ports(session: Session) -> dict[str, Port]:
    """Return the inputs that have a default, an initializer of the same name, by name."""
    return _ports(session.get_overridable_initializers())


def output_ports(session: Session) -> dict[str, Port]:
    """Return the outputs by name."""
    return _ports(session.get_outputs())


def _ports(declared: Iterable[Any]) -> dict[str, Port]:
    return {port.name: Port(port.name, port.type, tuple(port.shape or ())) for port in declared}
