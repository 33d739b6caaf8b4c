"""`konnx applications`: the networks that can be made by name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from konnx.cli.options import Debug, Json

if TYPE_CHECKING:
    from konnx.models import Model


def applications(as_json: Json = False, debug: Debug = False) -> None:
    """List the applications: parameters with the top, size of float32 weights, images."""
    from konnx.applications.catalogue import APPLICATIONS

    if as_json:
        typer.echo(json.dumps([found._asdict() for found in APPLICATIONS], indent=2))
        return
    for name, parameters, _, size in APPLICATIONS:
        megabytes = parameters * 4 / 1e6
        typer.echo(f"{name:18}{parameters:>12,}  {megabytes:5.0f} MB  ({size}, {size}, 3)")


def make_application(name: str, weights: Path, include_top: bool) -> Model:
    """Return an application with the weights of a file.

    Args:
        name: as in the list; case, hyphens and underscores do not count.
        weights: the file.
        include_top: whether the file is of the network with its top.

    Raises:
        ValueError: there is no such application, or the file holds other weights.
        FileNotFoundError: there is no such file.
    """
    import konnx.applications
    from konnx.applications.catalogue import find_application

    make = getattr(konnx.applications, find_application(name).name)
    model: Model = make(weights=weights, include_top=include_top)
    return model
