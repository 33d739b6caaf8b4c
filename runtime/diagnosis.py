"""What ONNX Runtime this machine has, what it can do, and what would mend what it cannot."""

from __future__ import annotations

import dataclasses
import importlib
import os
import platform
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from konnx.runtime import cuda
from konnx.runtime.errors import RuntimeMissingError
from konnx.runtime.installation import INSTALL_COMMANDS, onnxruntime_module

_DISTRIBUTIONS = (
    "onnxruntime",
    "onnxruntime-gpu",
    "onnxruntime-training",
    "onnxruntime-training-cpu",
)
_OLDEST, _OLDEST_TRAINING = (1, 20), (1, 19)


@dataclass(frozen=True)
class Problem:
    """Something that is wrong, and what mends it."""

    what: str
    remedy: str


@dataclass(frozen=True)
class Diagnosis:
    """What `diagnose` found.

    Arguments:
        python: version of Python.
        platform: operating system and processor.
        logical_cores: cores of the machine.
        usable_cores: cores that this process may use.
        distributions: installed distributions of ONNX Runtime, name → version.
        onnxruntime: version of the module that loads; None where none does.
        providers: execution providers that it was built with; being listed proves nothing.
        cuda_usable: whether a test graph really ran on a GPU.
        cuda_lacks: what CUDA lacks, and the line that mends it; empty where it works.
        training: whether this ONNX Runtime can make gradient graphs.
        problems: what is wrong with this installation.
    """

    python: str
    platform: str
    logical_cores: int
    usable_cores: int
    distributions: dict[str, str]
    onnxruntime: str | None
    providers: tuple[str, ...]
    cuda_usable: bool
    cuda_lacks: tuple[Problem, ...]
    training: bool
    problems: tuple[Problem, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values that `json.dumps` takes."""
        return dataclasses.asdict(self)


def diagnose() -> Diagnosis:
    """Look at the installed ONNX Runtime, try CUDA where it may work, and list what is wrong.

    Example:
        >>> diagnose().onnxruntime is not None
        True
    """
    runtime, missing = _load()
    installed = _installed_distributions()
    lacks = _cuda_lacks() if runtime else ()
    problems = [*missing, *_installation_problems(installed, runtime)]
    if lacks and cuda.driver_problem(0) is None:
        problems.extend(lacks)  # a GPU lies idle
    return Diagnosis(
        python=platform.python_version(),
        platform=platform.platform(),
        logical_cores=os.cpu_count() or 1,
        usable_cores=_usable_cores(),
        distributions=installed,
        onnxruntime=runtime.__version__ if runtime else None,
        providers=tuple(runtime.get_available_providers()) if runtime else (),
        cuda_usable=runtime is not None and not lacks,
        cuda_lacks=lacks,
        training=runtime is not None and _has_training(),
        problems=tuple(problems),
    )


def _load() -> tuple[ModuleType | None, list[Problem]]:
    try:
        return onnxruntime_module(), []
    except RuntimeMissingError as error:
        return None, [Problem(str(error), f"Run one of: {'; '.join(INSTALL_COMMANDS)}")]


def _installed_distributions() -> dict[str, str]:
    from importlib import metadata  # here: it is slow to import, and rarely needed

    found = {}
    for name in _DISTRIBUTIONS:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def _installation_problems(installed: dict[str, str], runtime: ModuleType | None) -> list[Problem]:
    problems = []
    if len(installed) > 1:
        problems.append(
            Problem(
                f"{', '.join(installed)} are installed together and overwrite each other's files",
                f"pip uninstall {' '.join(installed)}, then install one: "
                f"{'; '.join(INSTALL_COMMANDS)}",
            )
        )
    if runtime is not None and _too_old(runtime.__version__, installed):
        problems.append(
            Problem(
                f"onnxruntime {runtime.__version__} is older than konnx supports",
                f"pip install -U {next(iter(installed), 'onnxruntime')}",
            )
        )
    return problems


def _too_old(version: str, installed: dict[str, str]) -> bool:
    trains = any("training" in name for name in installed)
    major, minor = version.split(".")[:2]
    return (int(major), int(minor)) < (_OLDEST_TRAINING if trains else _OLDEST)


def _cuda_lacks() -> tuple[Problem, ...]:
    return tuple(Problem(found.what, found.remedy) for found in cuda.find_cuda_problems(0))


def _has_training() -> bool:
    bindings = importlib.import_module("onnxruntime.capi._pybind_state")
    return hasattr(bindings, "GradientGraphBuilder")


def _usable_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
