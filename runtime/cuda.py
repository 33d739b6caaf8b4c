"""Finding out whether CUDA really works here, and if not, what it lacks."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import io
import os
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from konnx.runtime.installation import onnxruntime_module
from konnx.runtime.messages import read_message

PROVIDER = "CUDAExecutionProvider"

_ON_WINDOWS = sys.platform == "win32"
_DRIVER = "nvcuda.dll" if _ON_WINDOWS else "libcuda.so.1"
_PROVIDER_LIBRARY = (
    "onnxruntime_providers_cuda.dll" if _ON_WINDOWS else "libonnxruntime_providers_cuda.so"
)
_NO_DEVICE = 100  # CUDA_ERROR_NO_DEVICE of the driver's interface
_WARNING, _FATAL = 2, 4  # ONNX Runtime's log severities; WARNING is its default


@dataclass(frozen=True)
class CudaProblem:
    """One thing that keeps CUDA from working, and what mends it."""

    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.what}. {self.remedy}."


def provider_options(index: int) -> dict[str, str]:
    """Return the CUDA provider's options for GPU `index`.

    TF32 is off: it keeps 10 bits of a float32's mantissa, so that a GPU would not agree with a CPU
    to the accuracy that a float32 model promises.

    Example:
        >>> provider_options(0)
        {'device_id': '0', 'use_tf32': '0'}
    """
    return {"device_id": str(index), "use_tf32": "0"}


@functools.cache
def find_cuda_problems(index: int) -> tuple[CudaProblem, ...]:
    """Return what keeps GPU `index` from computing; nothing where a test graph really ran on it.

    The answer is found once in a process.
    """
    absent = [found for found in (_provider_problem(), driver_problem(index)) if found]
    if absent:
        return tuple(absent)
    preload_messages = _preload_libraries()
    failure = _trial_problem(index, preload_messages)
    return (failure,) if failure else ()


def _provider_problem() -> CudaProblem | None:
    runtime = onnxruntime_module()
    if PROVIDER in runtime.get_available_providers():
        return None
    return CudaProblem(
        f"the installed ONNX Runtime {runtime.__version__} is built without CUDA",
        'Uninstall it, then: pip install "konnx[gpu]", or "konnx[cuda]" with the CUDA libraries',
    )


@functools.cache
def driver_problem(index: int = 0) -> CudaProblem | None:
    """Return what the NVIDIA driver lacks for GPU `index`, or None where it reports that GPU."""
    try:
        driver = ctypes.CDLL(_DRIVER)
    except OSError as error:
        return CudaProblem(
            f"no NVIDIA driver was found ({error})",
            "Install the NVIDIA driver of your system, or compute on device='cpu'",
        )
    count = _count_gpus(driver)
    if index < count:
        return None
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    limit = "" if visible is None else f" (CUDA_VISIBLE_DEVICES={visible!r})"
    return CudaProblem(
        f"GPU {index} was asked for, and the NVIDIA driver offers {count}{limit}",
        f"Choose a GPU below {count}" if count else "Compute on device='cpu'",
    )


def _count_gpus(driver: Any) -> int:
    count = ctypes.c_int(0)
    if driver.cuInit(0) or driver.cuDeviceGetCount(ctypes.byref(count)):
        return 0
    return count.value


def _preload_libraries() -> str:
    """Load CUDA's libraries from pip packages where this ONNX Runtime can; return what it said."""
    preload = getattr(onnxruntime_module(), "preload_dlls", None)
    said = io.StringIO()
    if preload is not None:
        with contextlib.redirect_stdout(said), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the trial that follows finds the same, in full
            preload()
    return " ".join(said.getvalue().split())


def _trial_problem(index: int, preload_messages: str) -> CudaProblem | None:
    runtime = onnxruntime_module()
    try:
        with _quiet(runtime):
            ran_on_gpu = _run_trial(runtime, index)
    except Exception as error:  # ONNX Runtime's exceptions share no base class but this one
        detail = read_message(str(error)).detail
        return CudaProblem(
            f"a test graph failed on GPU {index}: {detail}", _library_remedy(runtime)
        )
    if ran_on_gpu:
        return None
    reason = _loader_message(runtime) or preload_messages or "ONNX Runtime gave no reason"
    return CudaProblem(
        f"ONNX Runtime {runtime.__version__} could not start CUDA: {reason}",
        _library_remedy(runtime),
    )


@contextlib.contextmanager
def _quiet(runtime: ModuleType) -> Iterator[None]:
    # A provider that fails to load is logged on stderr, whatever a session's own severity is.
    runtime.set_default_logger_severity(_FATAL)
    try:
        yield
    finally:
        runtime.set_default_logger_severity(_WARNING)


def _run_trial(runtime: ModuleType, index: int) -> bool:
    options = runtime.SessionOptions()
    options.log_severity_level = _FATAL
    session = runtime.InferenceSession(
        _trial_model(),
        options,
        providers=[(PROVIDER, provider_options(index)), "CPUExecutionProvider"],
        enable_fallback=0,
    )
    if PROVIDER not in session.get_providers():
        return False
    (result,) = session.run(None, {"x": np.ones((1, 1, 4, 4), np.float32)})
    if not np.allclose(result, 4.0):
        raise ValueError(f"it computed {result.ravel()[:4]} where 4 was right")
    return True


def _trial_model() -> bytes:
    """A convolution and a product, which need cuDNN and cuBLAS: ones give 4 everywhere."""
    from onnx import TensorProto, helper

    shape = [1, 1, 4, 4]
    graph = helper.make_graph(
        [
            helper.make_node("Conv", ["x", "kernel"], ["same"], "conv"),
            helper.make_node("MatMul", ["same", "x"], ["y"], "product"),
        ],
        "trial",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, shape)],
        [helper.make_tensor("kernel", TensorProto.FLOAT, [1, 1, 1, 1], [1.0])],
    )
    opset = [helper.make_opsetid("", 18)]
    model: bytes = helper.make_model(graph, opset_imports=opset, ir_version=8).SerializeToString()
    return model


def _loader_message(runtime: ModuleType) -> str:
    """Ask the system's loader why the provider's library does not load."""
    if runtime.__file__ is None:
        return ""
    library = Path(runtime.__file__).parent / "capi" / _PROVIDER_LIBRARY
    try:
        ctypes.CDLL(str(library))
    except OSError as error:
        return str(error)
    return ""


def _library_remedy(runtime: ModuleType) -> str:
    if not hasattr(runtime, "preload_dlls"):
        # The last training build predates preloading and was made for CUDA 11.8.
        return (
            "Put the CUDA 11.8 and cuDNN libraries that this build needs on the loader's path, "
            'or use another ONNX Runtime: pip install "konnx[cuda]"'
        )
    needed = getattr(runtime, "cuda_version", "")
    built = f"This build needs CUDA {needed}; install" if needed else "Install"
    return f'{built} its libraries: pip install "konnx[cuda]"'
