"""`konnx doctor`: what ONNX Runtime is here, and what it lacks."""

from __future__ import annotations

import json
from importlib.metadata import version
from typing import TYPE_CHECKING

import typer

from konnx.cli.options import Debug, Json

if TYPE_CHECKING:
    from konnx.runtime import Diagnosis, Problem


def doctor(as_json: Json = False, debug: Debug = False) -> None:
    """Say which ONNX Runtime is installed, what it can use, and what CUDA lacks.

    The exit code is 0 if models can run here, on the CPU at least.
    """
    from konnx.runtime import diagnose

    found = diagnose()
    if as_json:
        typer.echo(json.dumps({"konnx": version("konnx"), **found.to_dict()}, indent=2))
    else:
        for line in _report(found):
            typer.echo(line)
    if found.onnxruntime is None:
        raise typer.Exit(1)


def _report(found: Diagnosis) -> list[str]:
    cores = f"{found.usable_cores} of {found.logical_cores} cores"
    lines = [
        f"konnx         {version('konnx')}, Python {found.python}, {found.platform}, {cores}",
        f"ONNX Runtime  {_runtime(found)}",
    ]
    if found.onnxruntime is not None:
        lines += [
            f"providers     {', '.join(found.providers)}",
            f"CUDA          {'works' if found.cuda_usable else 'cannot be used'}",
            *_listed(found.cuda_lacks),
            f"gradients     {_gradients(found)}",
        ]
    others = [problem for problem in found.problems if problem not in found.cuda_lacks]
    return lines + (["problems", *_listed(others)] if others else [])


def _runtime(found: Diagnosis) -> str:
    packages = ", ".join(f"{name} {number}" for name, number in found.distributions.items())
    if found.onnxruntime is None:
        return "none that works" + (f" (installed: {packages})" if packages else "")
    return f"{found.onnxruntime} (installed: {packages or 'no package of pip'})"


def _gradients(found: Diagnosis) -> str:
    own = "konnx' own, on every ONNX Runtime"
    return f"{own}, and ONNX Runtime's" if found.training else own


def _listed(problems: tuple[Problem, ...] | list[Problem]) -> list[str]:
    lines = []
    for problem in problems:
        lines += [f"  - {problem.what}", f"    {problem.remedy}"]
    return lines
