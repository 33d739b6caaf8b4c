"""Finding ONNX Runtime, which konnx needs only where something is computed."""

from __future__ import annotations

import importlib
import warnings
from types import ModuleType

from konnx.runtime.errors import RuntimeMissingError

# The three distributions install the same module, so none can be a hard dependency of konnx.
INSTALL_COMMANDS = (
    'pip install "konnx[gpu]"',
    'pip install "konnx[cpu]"',
    'pip install "konnx[training]"',
)
TRAINING_COMMANDS = 'pip install "konnx[training]" (or, CPU only, "konnx[training-cpu]")'


def onnxruntime_module() -> ModuleType:
    """Return the installed `onnxruntime` module, importing it on the first call.

    Raises:
        RuntimeMissingError: no ONNX Runtime is installed, or the installed one cannot be loaded.
            The message names the commands that install one.

    Example:
        >>> onnxruntime_module().__name__
        'onnxruntime'
    """
    try:
        module = _import_quietly()
    except ModuleNotFoundError as error:
        if error.name != "onnxruntime":
            raise RuntimeMissingError(_broken(f"it needs the module {error.name!r}")) from error
        raise RuntimeMissingError(
            f"konnx found no ONNX Runtime to compute with. {_remedy()}"
        ) from (error)
    except ImportError as error:
        raise RuntimeMissingError(_broken(str(error))) from error
    if not hasattr(module, "InferenceSession"):
        # Removing one of two wheels that share the folder leaves an empty namespace package.
        raise RuntimeMissingError(_broken("its folder is there but most of its files are not"))
    return module


def is_available() -> bool:
    """Tell whether an ONNX Runtime is installed and loads.

    Example:
        >>> is_available()
        True
    """
    try:
        onnxruntime_module()
    except RuntimeMissingError:
        return False
    return True


def training_module() -> ModuleType:
    """Return the part of the training build that differentiates graphs.

    Raises:
        RuntimeMissingError: another build is installed, or none. The message names the commands
            that install it.
    """
    onnxruntime_module()
    module = importlib.import_module("onnxruntime.capi._pybind_state")
    if not hasattr(module, "GradientGraphBuilder"):
        raise RuntimeMissingError(
            "The installed ONNX Runtime is not its training build, which has gradients of its own. "
            f"Uninstall onnxruntime and onnxruntime-gpu, then run {TRAINING_COMMANDS}; it "
            "exists for Python up to 3.12."
        )
    return module


def can_differentiate() -> bool:
    """Tell whether the installed ONNX Runtime is the training build."""
    try:
        training_module()
    except RuntimeMissingError:
        return False
    return True


def _import_quietly() -> ModuleType:
    # A build whose CUDA libraries are absent may warn on import; the search for CUDA's problems
    # says the same with a remedy, and where warnings are errors no import would succeed.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return importlib.import_module("onnxruntime")


def _broken(reason: str) -> str:
    return (
        f"The installed ONNX Runtime cannot be loaded: {reason}. Uninstall onnxruntime, "
        f"onnxruntime-gpu and onnxruntime-training, then install one again. {_remedy()}"
    )


def _remedy() -> str:
    gpu, cpu, training = INSTALL_COMMANDS
    return (
        f"Install one of: {gpu} (CPU and NVIDIA GPUs), {cpu} (CPU only), "
        f"{training} (with ONNX Runtime's own gradients)."
    )
